"""The limits are never exceeded, wherever one starts counting."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_batch.events import ShotProgress
from sora_batch.manifest import settings
from sora_batch.providers.provider import JobStatus
from sora_batch.running.limits import Limits
from tests.running.parts import Bench, FastClock, shot


def limits(
    concurrency: int = 4, per_minute: float | None = None, **models: settings.ModelLimit
) -> tuple[Limits, FastClock]:
    clock = FastClock()
    given_ = settings.Limits(concurrency=concurrency, requests_per_minute=per_minute, models=models)
    return Limits(given_, clock), clock


def test_the_last_place_is_given_once() -> None:
    rendering, _ = limits(concurrency=2)
    for _ in range(2):
        assert rendering.wait_s("m") == 0
        rendering.take("m")
    assert rendering.wait_s("m") == math.inf
    rendering.give_back("m")
    assert rendering.wait_s("m") == 0


def test_jobs_of_an_earlier_run_take_their_places_without_asking() -> None:
    rendering, _ = limits(concurrency=2)
    for _ in range(3):
        rendering.occupy("m")
    rendering.give_back("m")
    assert rendering.wait_s("m") == math.inf
    rendering.give_back("m")
    assert rendering.wait_s("m") == 0


def test_a_model_has_its_own_limit_within_the_whole() -> None:
    rendering, _ = limits(concurrency=3, pro=settings.ModelLimit(concurrency=1))
    rendering.take("pro")
    assert rendering.wait_s("pro") == math.inf
    assert rendering.wait_s("other") == 0


def test_a_busy_server_slows_down_its_model_only_and_longer_each_time() -> None:
    rendering, clock = limits()
    assert rendering.slow_down("m", None) == 2
    assert rendering.wait_s("m") == pytest.approx(2)
    assert rendering.wait_s("other") == 0
    assert rendering.slow_down("m", None) == 4
    assert rendering.slow_down("m", 30.0) == 30
    clock.advance(30)
    assert rendering.wait_s("m") == 0
    rendering.accepted("m")
    assert rendering.slow_down("m", None) == 2


def test_a_busy_server_gets_orders_spaced_out_until_it_takes_them_again() -> None:
    submitting, clock = limits(concurrency=1000)

    def spacing() -> float:
        clock.advance(submitting.wait_s("m"))
        submitting.take("m")
        return submitting.wait_s("m")

    assert spacing() == 0
    for _ in range(16):
        submitting.slow_down("m", 1.0)
    assert spacing() == pytest.approx(0.5)
    clock.advance(1.0)
    submitting.slow_down("m", 1.0)
    assert spacing() == pytest.approx(1.0)
    seen = []
    for _ in range(20):
        submitting.accepted("m")
        seen.append(spacing())
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 0
    assert submitting.wait_s("other") == 0


def test_what_may_render_unseen_keeps_its_place_until_it_must_be_over() -> None:
    rendering, clock = limits(concurrency=2)
    rendering.occupy("m")
    rendering.give_back_in("m", 600.0)
    rendering.take("m")
    assert rendering.wait_s("m") == pytest.approx(600)
    clock.advance(600)
    assert rendering.wait_s("m") == 0
    rendering.take("m")
    assert rendering.wait_s("m") == math.inf


@given(
    st.floats(0.2, 90),
    st.lists(st.floats(0, 20), min_size=1, max_size=120),
)
def test_no_minute_has_more_submissions_than_it_may(per_minute: float, gaps: list[float]) -> None:
    submitting, clock = limits(concurrency=10_000, per_minute=per_minute)
    moments: list[float] = []
    for gap in gaps:
        clock.advance(gap)
        wait = submitting.wait_s("m")
        clock.advance(wait)
        assert submitting.wait_s("m") <= 1e-6
        submitting.take("m")
        moments.append(clock.monotonic())
    count = max(1, math.floor(per_minute))
    window = 60 * count / per_minute
    for first, beyond in zip(moments, moments[count:], strict=False):
        assert beyond - first >= window - 1e-3


def test_a_model_by_the_servers_name_counts_by_the_manifests(tmp_path: Path) -> None:
    """What renders for words that changed since is known by the server's name of its model."""
    bench = Bench(tmp_path, [shot("a")])
    at_once = settings.Limits(concurrency=4, models={"m": settings.ModelLimit(concurrency=1)})
    provider = replace(bench.manifest.provider, models={"m": "deployed"})
    bench.manifest = replace(bench.manifest, limits=at_once, provider=provider)
    bench.provider.on_poll["a"] = [JobStatus.RENDERING] * 20

    async def stop_early() -> None:
        stop = asyncio.Event()
        bench.observe = lambda event: stop.set() if isinstance(event, ShotProgress) else None
        await bench.run(stop=stop)

    asyncio.run(stop_early())
    bench.observe = lambda _: None
    changed = replace(shot("a"), prompt="other")
    bench.manifest = replace(bench.manifest, shots=(changed,))
    report = asyncio.run(bench.run())
    assert (report.finished.done, len(bench.provider.orders)) == (1, 2)
    assert bench.provider.most_at_once == 1
