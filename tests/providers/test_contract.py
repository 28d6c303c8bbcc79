"""Every provider of the registry does what a run needs, against a real server of the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sora_batch.clock import SystemClock
from sora_batch.errors import UsageError
from sora_batch.manifest.settings import ProviderSettings
from sora_batch.planning.capabilities import Listing
from sora_batch.providers import kinds
from sora_batch.providers.connection import Connection
from sora_batch.providers.dialects import DIALECTS
from sora_batch.providers.in_process import InProcessTransport
from sora_batch.providers.local import open_local
from sora_batch.providers.opening import open_provider
from sora_batch.providers.probing import probe
from sora_batch.providers.provider import (
    JobMissing,
    JobStatus,
    JobUnreachable,
    NotAccepted,
    OutcomeUnknown,
    Provider,
    RenderRequest,
)
from sora_batch.providers.transport import Client
from sora_batch.providers.videos_api import VideosApi
from sora_batch.records import FailureKind
from sora_batch.shots import JobId, Size
from sora_batch.simulator import Fault, FaultScript, Simulator, SimulatorSettings, create_app
from sora_batch.simulator.dialects import DIALECTS as SIMULATED

SIZE = Size(128, 72)


def order(key: str, **changes: object) -> RenderRequest:
    fields: dict[str, object] = {
        "key": key,
        "prompt": "a lighthouse",
        "model": "sora-2",
        "size": SIZE,
        "seconds": Decimal(1),
        "label": "light/house ☀",
        **changes,
    }
    return RenderRequest(**fields)  # type: ignore[arg-type]


VIDEOS = [kind for kind in kinds() if DIALECTS[kind].protocol == "videos"]
SOLD = {"size": Size(1280, 720), "seconds": Decimal(4)}
"""What every host of the sora models takes."""


def test_every_dialect_of_the_simulator_is_a_kind_of_provider() -> None:
    assert set(VIDEOS) == set(SIMULATED)


@asynccontextmanager
async def served(
    kind: str, folder: Path, *faults: Fault, **settings: Any
) -> AsyncIterator[tuple[Provider, Simulator, Callable[..., RenderRequest]]]:
    """A provider, its own dialect of the simulator behind it, and orders that it takes."""
    settings = {"speed": "instant", "faults": FaultScript(faults), **settings}
    told = SimulatorSettings(dialect=kind, **settings)
    app = create_app(folder / "server", settings=told)
    simulator: Simulator = app.state.simulator
    await simulator.start()
    base_url = f"http://server{told.speaks.prefix}"
    client = Client(InProcessTransport(app))
    provider = VideosApi(DIALECTS[kind], client, SystemClock(), base_url=base_url)
    usual: dict[str, object] = {}
    if told.speaks.orders.models == "served":
        usual["model"] = told.model
    if told.speaks.orders.sizes is not None:
        usual |= SOLD
    try:
        yield provider, simulator, lambda key, **more: order(key, **(usual | more))
    finally:
        await provider.close()
        await simulator.close()


@pytest.mark.parametrize("kind", VIDEOS)
def test_an_order_becomes_a_clip(kind: str, tmp_path: Path) -> None:
    async def use() -> None:
        async with served(kind, tmp_path) as (provider, simulator, order):
            report = await provider.submit(order("k1"))
            seen = await provider.poll(report.id)
            assert seen.status is JobStatus.COMPLETED
            target = tmp_path / "clip.part"
            size = await provider.download(report.id, target, limit_bytes=10**9)
            assert size == target.stat().st_size > 500
            with pytest.raises(JobMissing):
                await provider.poll(JobId("video_nobody"))
            for derived in ("remix", "edit", "extend"):
                if getattr(provider.capabilities, derived):
                    made = await provider.submit(
                        order(derived, source_kind=derived, source_job=report.id)
                    )
                    assert (await provider.poll(made.id)).status is JobStatus.COMPLETED
            assert simulator.bill().repeated_keys == {}

    asyncio.run(use())


@pytest.mark.parametrize("kind", VIDEOS)
def test_its_list_proves_what_the_record_says(kind: str, tmp_path: Path) -> None:
    async def use() -> None:
        async with served(kind, tmp_path) as (provider, _, order):
            ids = [(await provider.submit(order(f"k{n}", prompt=f"p{n}"))).id for n in range(3)]
            listed = await provider.list_jobs(10)
            if provider.capabilities.listing is Listing.NONE:
                assert (listed.jobs, listed.whole) == ((), False)
                return
            assert {job.id for job in listed.jobs} == set(ids)
            assert listed.whole
            shows = provider.capabilities.listing is Listing.PROMPTS
            assert {job.prompt for job in listed.jobs} == ({"p0", "p1", "p2"} if shows else {None})
            names = {job.model == order("k").model for job in listed.jobs}
            assert names == {provider.capabilities.lists_models}

    asyncio.run(use())


@pytest.mark.parametrize("kind", VIDEOS)
def test_the_doctor_knows_it_by_its_answers(kind: str, tmp_path: Path) -> None:
    async def use() -> None:
        app = create_app(tmp_path, settings=SimulatorSettings(dialect=kind))
        await app.state.simulator.start()
        base_url = f"http://server{app.state.simulator.dialect.prefix}"
        server = Connection(
            Client(InProcessTransport(app)), SystemClock(), base_url=base_url, key=None
        )
        found = await probe(server)
        await server.close()
        await app.state.simulator.close()
        assert kind in found.guess

    asyncio.run(use())


@pytest.mark.parametrize("kind", VIDEOS)
def test_a_lost_answer_is_unknown_and_a_refusal_is_none(kind: str, tmp_path: Path) -> None:
    async def use() -> None:
        lost = [
            Fault(do="reset", at="create", when="after", prompt="lost"),
            Fault(do="error", at="create", when="after", body="html", prompt="proxy"),
            Fault(do="no-id", prompt="nameless"),
            Fault(do="garbage", at="create", prompt="broken"),
            Fault(do="reset", at="create", prompt="never"),
        ]
        certain = [
            Fault(do="throttle", at="create", prompt="slow"),
            Fault(do="refuse", prompt="vile"),
        ]
        async with served(kind, tmp_path, *lost, *certain) as (provider, simulator, order):
            for prompt in ("lost", "proxy", "nameless", "broken", "never"):
                with pytest.raises(OutcomeUnknown):
                    await provider.submit(order("k", prompt=prompt))
            assert simulator.bill().accepted == 4
            with pytest.raises(NotAccepted) as slow:
                await provider.submit(order("k", prompt="slow"))
            assert slow.value.retry_after_s == 1.0
            with pytest.raises(NotAccepted) as refused:
                await provider.submit(order("k", prompt="vile"))
            assert refused.value.failure.kind is FailureKind.REFUSED
            assert simulator.bill().accepted == 4

    asyncio.run(use())


@pytest.mark.parametrize("kind", VIDEOS)
def test_a_failed_job_is_a_failure_and_weather_is_weather(kind: str, tmp_path: Path) -> None:
    async def use() -> None:
        faults = [
            Fault(do="moderate", stage="output", prompt="dragon"),
            Fault(do="error", at="poll", status=502, body="html", first=1, prompt="dragon"),
        ]
        async with served(kind, tmp_path, *faults) as (provider, _, order):
            job = (await provider.submit(order("k", prompt="a dragon"))).id
            with pytest.raises(JobUnreachable):
                await provider.poll(job)
            report = await provider.poll(job)
            assert report.status is JobStatus.FAILED
            assert report.failure is not None
            assert (report.failure.kind, report.failure.stage) == (FailureKind.REFUSED, "output")

    asyncio.run(use())


@pytest.mark.parametrize("kind", VIDEOS)
def test_a_torn_download_can_be_had_again(kind: str, tmp_path: Path) -> None:
    async def use() -> None:
        faults = [
            Fault(do="truncate", at="content", times=1),
            Fault(do="expired", at="content", after=2),
        ]
        async with served(kind, tmp_path, *faults) as (provider, simulator, order):
            job = (await provider.submit(order("k"))).id
            part = tmp_path / "clip.part"
            with pytest.raises(JobUnreachable):
                await provider.download(job, part, limit_bytes=10**9)
            size = await provider.download(job, part, limit_bytes=10**9)
            assert size == part.stat().st_size > 500
            assert part.read_bytes()[4:8] == b"ftyp"
            with pytest.raises(JobMissing) as gone:
                await provider.download(job, part, limit_bytes=10**9)
            assert gone.value.expired
            assert simulator.bill().lines[0].served == 1

    asyncio.run(use())


def test_the_embedded_provider_is_told_the_shot_and_offers_a_thumbnail(tmp_path: Path) -> None:
    async def use() -> None:
        settings = SimulatorSettings(speed="instant")
        provider = await open_local(tmp_path / "local", SystemClock(), settings)
        try:
            report = await provider.submit(order("k1"))
            thumbnail = tmp_path / "t.webp"
            assert await provider.thumbnail(report.id, thumbnail)
            assert thumbnail.read_bytes()[8:12] == b"WEBP"
            found = await provider.list_jobs(10)
            (listed,) = found.jobs
            assert (found.whole, found.ahead_s) == (True, 0.0)
            assert (listed.id, listed.prompt) == (report.id, "a lighthouse")
        finally:
            await provider.close()

    asyncio.run(use())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (ProviderSettings(name="x", kind="veo"), "does not speak to `veo`"),
        (ProviderSettings(name="openrouter", kind="openrouter"), "OPENROUTER_API_KEY"),
        (ProviderSettings(name="box", kind="vllm-omni"), "no address"),
        (
            ProviderSettings(
                name="box", kind="sglang", base_url="http://h/v1", api_key_variable="BOX_KEY"
            ),
            "BOX_KEY",
        ),
    ],
)
def test_what_is_missing_is_said_before_anything_is_sent(
    settings: ProviderSettings, words: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=words):
        asyncio.run(
            open_provider(settings, environment={}, local_folder=tmp_path, clock=SystemClock())
        )
