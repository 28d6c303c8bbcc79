"""A key is sent to its server and appears nowhere else, whatever the server does with it."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeAlias

import pytest

from benchmarks.serving import serving
from sora_batch.api.secrets import environment_for, read_env
from tests.commands.conftest import SORA_BATCH, environment

Called: TypeAlias = "subprocess.CompletedProcess[str]"

KEY = "sk-never-to-be-seen-7f3a"
MANIFEST = """\
version: 1
name: m
provider: box
defaults: {{model: sketch, size: 64x64, seconds: 1}}
providers: {{box: {{kind: openai, base_url: "{url}", api_key: "${{BOX_KEY}}"}}}}
shots:
  a: A harbour.
  b: {{remix_of: a, prompt: Rain.}}
"""


def called(folder: Path, *words: str, more: Mapping[str, str] | None = None) -> Called:
    """The real program in a process of its own."""
    return subprocess.run(
        [*SORA_BATCH, *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(folder, more),
        cwd=folder,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def write(folder: Path, url: str) -> None:
    (folder / "m.yaml").write_text(MANIFEST.format(url=url), encoding="utf-8")
    (folder / ".env").write_text(f"# ours\nexport BOX_KEY='{KEY}'\n", encoding="utf-8")


def everything_left(folder: Path, *calls: Called) -> bytes:
    """All that was said and all that is on disk, but for the file the key is from."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".env"]
    said = "".join(done.stdout + done.stderr for done in calls)
    return b"".join(path.read_bytes() for path in files) + said.encode()


class Quoting(BaseHTTPRequestHandler):
    """Quotes the key in everything it says; `code` is how."""

    code = 401
    seen: list[str] = []  # noqa: RUF012 - one server a test

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        given = self.headers.get("Authorization", "")
        type(self).seen.append(given)
        error = {"message": f"Incorrect key provided: {given}", "code": "bad"}
        job = {"id": "j1", "status": "failed", "object": "video", "error": error}
        is_job = self.code == 200
        body = json.dumps(job if is_job else {"error": error}).encode()
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def quoting(code: int) -> Iterator[tuple[str, list[str]]]:
    seen: list[str] = []
    handler = type("Handler", (Quoting,), {"code": code, "seen": seen})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", seen
    finally:
        server.shutdown()
        server.server_close()


def test_a_whole_run_leaves_no_trace_of_the_key(tmp_path: Path) -> None:
    with serving(tmp_path / "server", speed="instant") as url:
        folder = tmp_path / "client"
        folder.mkdir()
        write(folder, url)
        words = ("plan", "run", "status", "resolve", "cancel", "doctor")
        debug = {"SORA_BATCH_DEBUG": "1"}
        done = [
            called(folder, word, "m.yaml", *more, "--json", more=debug)
            for word in words
            for more in [("--yes",) if word == "run" else ()]
        ]
        done += [called(folder, "jobs", "list", "m.yaml"), called(folder, "run", "m.yaml", "--yes")]
    assert [one.returncode for one in done] == [0] * len(done)
    assert KEY.encode() not in everything_left(tmp_path / "client", *done)
    assert KEY.encode() not in everything_left(tmp_path / "server")


@pytest.mark.parametrize("code", [200, 400, 401, 500, 503])
def test_what_a_server_quotes_is_not_repeated(code: int, tmp_path: Path) -> None:
    with quoting(code) as (url, seen):
        write(tmp_path, url)
        done = (
            [
                called(tmp_path, "run", "m.yaml", "--yes", "--json"),
                called(tmp_path, "status", "m.yaml"),
                called(tmp_path, "doctor", "m.yaml"),
            ]
            if code not in {500, 503}
            else [called(tmp_path, "doctor", "m.yaml")]
        )
    assert f"Bearer {KEY}" in seen
    assert KEY.encode() not in everything_left(tmp_path, *done)


def test_the_process_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("A=file\nB='quoted # value' # words\nC=plain # words\n\n!x\n")
    monkeypatch.setenv("A", "process")
    found = environment_for(tmp_path / "m.yaml")
    assert (found["A"], found["B"], found["C"]) == ("process", "quoted # value", "plain")
    assert read_env(tmp_path / "nowhere") == {}
