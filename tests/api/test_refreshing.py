"""A listing is fetched once, on request, and plans go by it from then on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sora_batch import api
from sora_batch.catalog.cached import listing_path
from sora_batch.errors import OutputUnusable, UsageError

ROWS = [{"id": "maker/new", "pricing_skus": {"duration_seconds": "0.1"}}]


class Listing(BaseHTTPRequestHandler):
    """Answers every request with what the test wrote on the class."""

    answer: tuple[int, bytes] = (200, b"")
    asked: list[tuple[str, bool]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.asked.append((self.path, "authorization" in self.headers))
        code, body = self.answer
        self.send_response(code)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-secret")
    Listing.answer, Listing.asked = (200, json.dumps({"data": ROWS}).encode()), []
    with ThreadingHTTPServer(("127.0.0.1", 0), Listing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api/v1"
        server.shutdown()


def test_the_listing_is_fetched_once_without_a_key_and_kept(address: str) -> None:
    assert len(api.models("openrouter")) > 1
    assert [entry.name for entry in api.refresh_models(base_url=address)] == ["maker/new"]
    assert Listing.asked == [("/api/v1/videos/models", False)]
    assert [entry.name for entry in api.models("openrouter")] == ["maker/new"]
    assert len(Listing.asked) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((503, b'{"error": {"message": "busy", "code": 503}}'), "answered 503: busy"),
        ((200, b"<html>"), "no listing"),
        ((200, b'{"data": []}'), "no listing"),
    ],
)
def test_an_answer_of_no_use_replaces_nothing(
    answer: tuple[int, bytes], words: str, address: str
) -> None:
    api.refresh_models(base_url=address)
    Listing.answer = answer
    with pytest.raises(UsageError, match=words):
        api.refresh_models(base_url=address)
    assert [entry.name for entry in api.models("openrouter")] == ["maker/new"]


@pytest.mark.usefixtures("address")
def test_offline_it_says_what_is_used_instead() -> None:
    with pytest.raises(UsageError, match="cannot reach") as raised:
        api.refresh_models(base_url="http://127.0.0.1:1/api/v1")
    assert "the catalog of this version" in raised.value.fix
    assert not listing_path().exists()


def test_a_folder_that_cannot_be_written_is_said(address: str) -> None:
    listing_path().parent.parent.mkdir(parents=True)
    listing_path().parent.write_bytes(b"in the way")
    with pytest.raises(OutputUnusable, match="openrouter-models"):
        api.refresh_models(base_url=address)


def test_only_openrouter_has_a_listing() -> None:
    with pytest.raises(UsageError, match="`openai` has no listing"):
        api.refresh_models("openai")
