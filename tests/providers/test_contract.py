"""Every provider of the registry does what a run needs, against a real server of the protocol."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from sora_batch.clock import SystemClock
from sora_batch.errors import UsageError
from sora_batch.manifest.settings import ProviderSettings
from sora_batch.providers import kinds
from sora_batch.providers.dialects import DIALECTS
from sora_batch.providers.opening import open_provider
from sora_batch.providers.provider import JobMissing, JobStatus, Provider, RenderRequest
from sora_batch.providers.transport import in_process_client
from sora_batch.providers.videos_api import VideosApi
from sora_batch.shots import JobId, Size
from sora_batch.simulator import SimulatorSettings, create_app

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


@pytest.mark.parametrize("kind", [k for k in kinds() if DIALECTS[k].protocol == "videos"])
def test_an_order_becomes_a_clip(kind: str, tmp_path: Path) -> None:
    async def use() -> None:
        app = create_app(tmp_path / "server", settings=SimulatorSettings(speed="instant"))
        await app.state.simulator.start()
        provider: Provider = VideosApi(
            DIALECTS[kind], in_process_client(app), SystemClock(), base_url="http://server/v1"
        )
        try:
            report = await provider.submit(order("k1"))
            seen = await provider.poll(report.id)
            assert (seen.id, seen.status) == (report.id, JobStatus.COMPLETED)
            target = tmp_path / "clip.part"
            size = await provider.download(report.id, target, limit_bytes=10**9)
            assert size == target.stat().st_size > 500
            with pytest.raises(JobMissing):
                await provider.poll(JobId("video_nobody"))
            if provider.capabilities.remix:
                remix = await provider.submit(
                    order("k2", source_kind="remix", source_job=report.id)
                )
                assert remix.source_job == report.id
            bill = app.state.simulator.bill()
            assert bill.repeated_keys == {}
        finally:
            await provider.close()
            await app.state.simulator.close()

    asyncio.run(use())


def test_the_embedded_provider_is_told_the_shot_and_offers_a_thumbnail(tmp_path: Path) -> None:
    async def use() -> None:
        provider = await open_provider(
            ProviderSettings(name="local", kind="local"),
            environment={},
            local_folder=tmp_path / "local",
            clock=SystemClock(),
            simulator=SimulatorSettings(speed="instant"),
        )
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
