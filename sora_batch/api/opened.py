"""A manifest's store and server, opened for a change that a person asked for."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from sora_batch.api.secrets import environment_for
from sora_batch.clock import SystemClock
from sora_batch.engines import local_engine
from sora_batch.events import Observer
from sora_batch.manifest.settings import Manifest
from sora_batch.outputs import Outputs
from sora_batch.providers.opening import open_provider
from sora_batch.providers.provider import Provider
from sora_batch.records import RunId
from sora_batch.running.limits import Limits
from sora_batch.running.tools import Tools
from sora_batch.store import open_store


@asynccontextmanager
async def opened_server(manifest: Manifest) -> AsyncIterator[Provider]:
    """The manifest's server alone; its store may be in use. Raises UsageError."""
    outputs, clock = Outputs(manifest.output), SystemClock()
    provider = await open_provider(
        manifest.provider,
        environment=environment_for(manifest.file),
        local_folder=outputs.local_folder,
        clock=clock,
    )
    try:
        yield provider
    finally:
        await provider.close()


@asynccontextmanager
async def opened(manifest: Manifest, *, observers: Sequence[Observer] = ()) -> AsyncIterator[Tools]:
    """The parts of a run, without a run. Raises StoreBusy, StoreBroken, OutputUnusable,
    UsageError."""
    async with AsyncExitStack() as stack:
        clock = SystemClock()
        store = open_store(manifest.output, clock=clock)
        stack.push_async_callback(store.close)
        engine = local_engine()
        stack.push_async_callback(engine.close)
        provider = await stack.enter_async_context(opened_server(manifest))
        yield Tools(
            run_id=RunId(uuid.uuid4().hex),
            manifest=manifest,
            store=store,
            outputs=Outputs(manifest.output),
            provider=provider,
            engine=engine,
            clock=clock,
            limits=Limits(manifest.limits, clock),
            observers=observers,
        )
