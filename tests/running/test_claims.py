"""Ids that come again and clocks that are set: what a list then proves of a lost order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sora_batch.providers.provider import JobList, OutcomeUnknown
from sora_batch.running import RunReport
from sora_batch.shots import JobId
from tests.running.parts import AcceptedAllTheSame, FastClock, ListingBench, shot

LOST = OutcomeUnknown("the server answered 502")


class Killed(BaseException):
    """The process is gone."""


class SetClock(FastClock):
    """A clock that somebody sets while it counts on."""

    def __init__(self) -> None:
        super().__init__()
        self.set_by_s = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.set_by_s)


def run(bench: ListingBench) -> RunReport:
    return asyncio.run(bench.run())


def test_a_server_that_counts_from_1_again_gives_a_lost_order_its_job(tmp_path: Path) -> None:
    bench = ListingBench(tmp_path, [shot("a")])
    run(bench)
    bench.clock.advance(3600)
    bench.provider.orders.clear()
    bench.manifest = replace(bench.manifest, shots=(shot("a"), shot("b")))
    bench.provider.on_submit["b"] = [AcceptedAllTheSame(LOST)]
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 1)
    attempts, _ = asyncio.run(bench.recorded())
    assert [attempt.job_id for attempt in attempts] == ["job-1", "job-1"]


def test_an_id_of_another_server_claims_nothing_here(tmp_path: Path) -> None:
    bench = ListingBench(tmp_path, [shot("a")])
    bench.provider.base_url = "http://old/v1"
    run(bench)
    bench.provider.orders.clear()
    bench.provider.base_url = "http://new/v1"
    bench.manifest = replace(bench.manifest, shots=(shot("b"),))
    bench.provider.on_submit["b"] = [AcceptedAllTheSame(LOST)]
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 1)


def test_a_clock_that_was_set_back_since_the_order_proves_nothing(tmp_path: Path) -> None:
    """Killed with a clock an hour ahead; by the right one, the job is older than its order."""
    bench = ListingBench(tmp_path, [shot("a"), shot("b", remix_of="a")])
    bench.provider.ahead_s = -3600.0
    bench.provider.on_submit["b"] = [AcceptedAllTheSame(Killed())]
    with pytest.raises(Killed):
        run(bench)
    bench.provider.ahead_s = 0.0
    bench.clock.advance(3600)
    report = run(bench)
    assert (report.finished.held, len(bench.provider.orders)) == (1, 2)
    attempts, _ = asyncio.run(bench.recorded())
    assert "clock was set back" in attempts[1].note


def test_a_clock_that_was_set_forward_since_frees_no_job(tmp_path: Path) -> None:
    """Two takes: the second was lost, and the first one's job looks younger than its end."""
    first, second = shot("a"), replace(shot("b"), prompt="prompt of a", take=2)
    bench = ListingBench(tmp_path, [first])
    run(bench)
    bench.clock.advance(3600)
    bench.provider.ahead_s = -3600.0
    bench.manifest = replace(bench.manifest, shots=(first, second))
    bench.provider.on_submit["b"] = [AcceptedAllTheSame(LOST)]
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 2)
    attempts, _ = asyncio.run(bench.recorded())
    assert [attempt.job_id for attempt in attempts] == ["job-1", "job-2"]


def test_a_clock_that_is_set_forward_does_not_cut_the_search_short(tmp_path: Path) -> None:
    bench = ListingBench(tmp_path, [shot("a")])
    clock = SetClock()
    bench.clock = bench.provider.clock = clock
    bench.provider.on_submit["a"] = [AcceptedAllTheSame(LOST)]
    bench.provider.hidden = {JobId("job-1")}
    look = bench.provider.list_jobs

    async def looking(limit: int, **more: Any) -> JobList:
        clock.set_by_s, bench.provider.ahead_s = 3600.0, -3600.0
        if clock.monotonic() > 20:
            bench.provider.hidden.clear()
        return await look(limit, **more)

    bench.provider.list_jobs = looking  # type: ignore[method-assign]
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 1)
