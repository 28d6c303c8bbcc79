"""What a run works with: the parts it was given, in one value."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sora_batch.clock import Clock
from sora_batch.engines.engine import Engine
from sora_batch.events import Event, Observer
from sora_batch.manifest.settings import Manifest
from sora_batch.outputs import Outputs
from sora_batch.providers.provider import Provider
from sora_batch.records import RunId
from sora_batch.running.limits import Limits
from sora_batch.shots import JobId
from sora_batch.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """One run's parts. `stop` is set when nothing new may be submitted any more; `expiries` has
    until when rendered clips can be fetched, where the server says so."""

    run_id: RunId
    manifest: Manifest
    store: Store
    outputs: Outputs
    provider: Provider
    engine: Engine
    clock: Clock
    limits: Limits
    observers: Sequence[Observer] = ()
    expiries: dict[JobId, datetime] = field(default_factory=dict)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, event: Event) -> None:
        """Tells everybody who watches, in order."""
        for observer in self.observers:
            observer(event)

    async def pause(self, seconds: float) -> bool:
        """Waits so long, or until the run is told to stop; whether it was."""
        if self.stop.is_set():
            return True
        sleeping = asyncio.ensure_future(self.clock.sleep(seconds))
        stopping = asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait({sleeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiting in (sleeping, stopping):
                waiting.cancel()
        return self.stop.is_set()
