"""Serves the simulator on an address of this machine, until somebody says stop.

The one place that knows uvicorn. Below it the connection is in reach, so that the simulator can
drop one in the middle of an answer, as networks do.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from email.utils import format_datetime
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sora_batch.clock import Clock, SystemClock
from sora_batch.errors import OutputUnusable, UsageError
from sora_batch.simulator.app import create_app
from sora_batch.simulator.broken_answers import HANG_UP
from sora_batch.simulator.settings import SimulatorSettings
from sora_batch.simulator.simulator import Simulator

_LAST_WORDS_S = 2


def serve(
    folder: Path,
    settings: SimulatorSettings,
    *,
    host: str,
    port: int,
    ready: Callable[[int], None],
) -> Simulator:
    """Serves until SIGINT or SIGTERM; `ready` is told the port once orders are taken. The
    simulator, closed. Raises UsageError, OutputUnusable."""
    clock = SystemClock()
    app = create_app(folder, settings=settings, clock=clock)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnusable.because(error, folder) from error
    listening = _listen(host, port)
    simulator: Simulator = app.state.simulator
    told = uvicorn.Config(
        app,
        http=_Protocol,
        log_level="warning",
        access_log=False,
        lifespan="on",
        date_header=False,
        timeout_graceful_shutdown=_LAST_WORDS_S,
    )
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        _Server(told, clock, lambda: ready(listening.getsockname()[1])).run(sockets=[listening])
    except KeyboardInterrupt:
        # uvicorn raises the signal once more when it has ended.
        return simulator
    finally:
        signal.signal(signal.SIGTERM, before)
        listening.close()
    return simulator


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        fix = "stop what listens there, or choose another --port (0: any that is free)"
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror or error}", fix=fix
        ) from error


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class _Server(uvicorn.Server):
    """A server that says when it is there, and dates its answers by the simulator's clock."""

    def __init__(self, told: uvicorn.Config, clock: Clock, ready: Callable[[], None]) -> None:
        super().__init__(told)
        self._clock = clock
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        is_over = await super().on_tick(counter)
        date = format_datetime(self._clock.now(), usegmt=True).encode()
        self.server_state.default_headers = [(b"date", date), *self.config.encoded_headers]
        return is_over


class _Protocol(H11Protocol):
    """HTTP that lets the application drop its connection."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        inner = self.app

        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope[HANG_UP] = self._hang_up
            await inner(scope, receive, send)

        self.app = app

    def _hang_up(self, at_once: bool) -> None:
        if at_once:
            self.transport.abort()
        else:
            # What was written goes out first.
            self.transport.close()
