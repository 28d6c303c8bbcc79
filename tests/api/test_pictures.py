"""Reference pictures of a manifest: bad ones have a place, a URL stands for the bytes it had."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from zlib import crc32

import pytest
from PIL import Image

import sora_batch
from sora_batch.errors import ProblemsFound
from sora_batch.media.urls import ALLOW_PRIVATE
from sora_batch.outputs import Outputs
from sora_batch.planning.plan import Action

MANIFEST = """\
version: 1
name: m
defaults: {{model: sketch, size: 64x36, seconds: 1}}
shots:
  hero:
    reference: {image}
    prompt: She looks up.
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path


def manifest(folder: Path, image: str) -> Path:
    path = folder / "m.yaml"
    path.write_text(MANIFEST.format(image=image), encoding="utf-8")
    return path


def planned(folder: Path, image: str) -> sora_batch.Plan:
    return sora_batch.plan(sora_batch.load(manifest(folder, image)))


def problem_of(folder: Path, image: str) -> tuple[str, str]:
    """The one problem of a plan: its place and its words."""
    with pytest.raises(ProblemsFound) as caught:
        planned(folder, image)
    (problem,) = caught.value.problems
    assert problem.fix
    return f"{problem.where.line}:{problem.where.column}", problem.message


def cut_short(data: bytes) -> bytes:
    return data[: len(data) // 2]


def saved(kind: str, colour: str = "teal") -> bytes:
    image = Image.new("RGB", (64, 36), colour)
    image.paste(Image.effect_noise((40, 20), 50), (12, 8))
    written = BytesIO()
    image.save(written, kind)
    return written.getvalue()


def wide() -> bytes:
    written = BytesIO()
    Image.new("1", (30_000, 4)).save(written, "PNG")
    return written.getvalue()


def bomb() -> bytes:
    """A PNG of a few kilobytes whose header says 16,000 x 16,000."""
    data = bytearray(saved("PNG"))
    data[16:24] = (16_000).to_bytes(4, "big") * 2
    data[29:33] = crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: b"dawn over the harbour\n", "a.png is a text, not a picture"),
        (lambda: b"", "a.png is empty"),
        (wide, "a.png is too big for a reference: 30,000 x 4 pixels"),
        (bomb, "a.png is too big for a reference"),
        (lambda: cut_short(saved("JPEG")), "a.png is damaged or cut short"),
        (lambda: cut_short(saved("PNG")), "a.png is damaged or cut short"),
        (lambda: b"\0\0\0\x18ftypisom" + bytes(99), "a.png is a clip, not a picture"),
    ],
)
def test_a_bad_picture_is_a_problem_with_a_place(
    make: Callable[[], bytes], words: str, folder: Path
) -> None:
    (folder / "a.png").write_bytes(make())
    place, message = problem_of(folder, "a.png")
    assert place == "6:16"
    assert words in message
    assert not (folder / "outputs").exists()


def test_an_animation_is_a_picture(folder: Path) -> None:
    frames = [Image.new("RGB", (64, 36), colour) for colour in ("red", "blue")]
    frames[0].save(folder / "a.gif", save_all=True, append_images=frames[1:])
    assert planned(folder, "a.gif").problems == ()


@dataclass
class Site:
    """A site with one page, and how often it was asked for."""

    url: str = ""
    body: bytes = b""
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = Site(body=saved("PNG"))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            self.send_response(200)
            self.send_header("content-length", str(len(made.body)))
            self.end_headers()
            self.wfile.write(made.body)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}/hero.png?signature=secret"
    monkeypatch.setenv(ALLOW_PRIVATE, "1")
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def fetched(folder: Path, url: str) -> Path:
    return Outputs(folder / "outputs/m").fetched_path(url)


def test_a_private_address_is_refused_unless_a_person_allows_it(
    folder: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ALLOW_PRIVATE)
    place, message = problem_of(folder, site.url)
    assert (place, site.asked) == ("6:16", [])
    assert "points into a private network" in message


def test_a_url_is_fetched_once_and_its_secrets_are_kept_nowhere(folder: Path, site: Site) -> None:
    planned(folder, site.url)
    report = sora_batch.run_sync(planned(folder, site.url))
    assert report.exit_code == 0
    assert len(site.asked) == 1
    assert {step.action for step in planned(folder, site.url).steps} == {Action.REUSE}
    for path in (folder / "outputs/m").rglob("*"):
        assert path.is_dir() or b"signature" not in path.read_bytes(), path


def test_the_store_remembers_the_picture_when_the_cache_is_lost(folder: Path, site: Site) -> None:
    sora_batch.run_sync(planned(folder, site.url))
    fetched(folder, site.url).unlink()
    site.body = b"gone"
    assert {step.action for step in planned(folder, site.url).steps} == {Action.REUSE}
    assert len(site.asked) == 1


def test_another_picture_at_the_same_url_is_never_taken_silently(folder: Path, site: Site) -> None:
    sora_batch.run_sync(planned(folder, site.url))
    fetched(folder, site.url).unlink()
    site.body = saved("PNG", colour="red")
    path = manifest(folder, site.url)
    path.write_text(path.read_text().replace("looks up", "looks down"), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(ProblemsFound) as caught:
            sora_batch.plan(sora_batch.load(path))
        (problem,) = caught.value.problems
        assert "answers with another picture than the one" in problem.message
        assert "secret" not in problem.message


def test_what_is_wrong_with_a_fetched_picture_names_its_url(folder: Path, site: Site) -> None:
    site.body = b"<html>not found</html>"
    place, message = problem_of(folder, site.url)
    assert place == "6:16"
    assert message == f"{site.url.partition('?')[0]} is a web page, not a picture"
