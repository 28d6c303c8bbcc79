"""The embedded provider: the simulator in this process, reached as any other server is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sora_batch.clock import Clock
from sora_batch.providers import transport
from sora_batch.providers.dialects import DIALECTS
from sora_batch.providers.in_process import InProcessTransport
from sora_batch.providers.videos_api import VideosApi
from sora_batch.simulator import SimulatorSettings, create_app


class LocalProvider(VideosApi):
    """A server of one's own, started and stopped with the run."""

    def __init__(self, folder: Path, clock: Clock, settings: SimulatorSettings) -> None:
        self._app = create_app(folder, settings=settings, clock=clock)
        dialect = DIALECTS["local"]
        super().__init__(
            dialect,
            transport.Client(InProcessTransport(self._app)),
            clock,
            base_url=dialect.base_url or "",
        )
        self.capabilities = replace(dialect.capabilities, embedded=True, settle_s=0.0)
        self._server.ahead_s = 0.0

    async def start(self) -> None:
        """Takes up the jobs that an earlier process left unfinished."""
        await self._app.state.simulator.start()

    async def close(self) -> None:
        """Lets the jobs in hand go; they are taken up again by the next start."""
        await super().close()
        await self._app.state.simulator.close()


async def open_local(
    folder: Path, clock: Clock, settings: SimulatorSettings | None = None
) -> LocalProvider:
    """The embedded provider over a folder, at work."""
    provider = LocalProvider(folder, clock, settings or SimulatorSettings())
    await provider.start()
    return provider
