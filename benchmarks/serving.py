"""A server of the videos protocol in a process of its own, on the loopback."""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from sora_batch.simulator import Latency, SimulatorSettings, create_app


@contextmanager
def serving(folder: Path, *, speed: str, slots: int = 64, render_s: float = 1.0) -> Iterator[str]:
    """Its base URL, while it runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [str(folder), speed, str(slots), str(render_s), str(port)]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.serving", *arguments])
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError("the server ended before it answered")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server did not answer within 15 s")


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("folder", "speed"):
        parser.add_argument(name)
    parser.add_argument("slots", type=int)
    parser.add_argument("render_s", type=float)
    parser.add_argument("port", type=int)
    given = parser.parse_args()
    settings = SimulatorSettings(
        speed=given.speed, slots=given.slots, latency=Latency.fixed(given.render_s)
    )
    app = create_app(Path(given.folder), settings=settings)
    uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
