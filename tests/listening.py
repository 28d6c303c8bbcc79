"""An application on an address of this machine, in a thread of the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from sora_batch.simulator import Simulator, SimulatorSettings, create_app


class _Server(uvicorn.Server):
    """A server that says when it is there."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@contextmanager
def listening(app: Starlette) -> Iterator[str]:
    """Where it is, while it is there."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="none")
    server = _Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.ready.wait(20), "the server did not begin to listen"
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


@contextmanager
def dialect_listening(folder: Path, **settings: Any) -> Iterator[tuple[str, Simulator]]:
    """The simulator in a dialect: its base URL, and itself."""
    told = SimulatorSettings(**{"speed": "instant", **settings})
    app = create_app(folder, settings=told)
    with listening(app) as address:
        yield address + told.speaks.prefix, app.state.simulator
