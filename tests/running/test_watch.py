"""Many jobs are asked about with few requests, and each gets the answer that is its own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from sora_batch.events import ShotProgress, ShotRetrying
from sora_batch.manifest.settings import Limits
from sora_batch.planning.capabilities import Listing
from sora_batch.providers.provider import (
    JobList,
    JobMissing,
    JobReport,
    JobStatus,
    JobUnreachable,
)
from sora_batch.records import Failure, FailureKind
from sora_batch.running import RunReport
from sora_batch.running.tools import Tools
from sora_batch.running.watch import Watch
from sora_batch.shots import JobId, ShotId
from tests.running.parts import ListingBench, ListingProvider, order_of, shot


def bench_of(folder: Path, shots: int) -> ListingBench:
    bench = ListingBench(folder, [shot(f"s{n}") for n in range(shots)])
    bench.manifest = replace(bench.manifest, limits=Limits(concurrency=shots))
    return bench


def run(bench: ListingBench) -> RunReport:
    return asyncio.run(bench.run())


def polls_of(bench: ListingBench) -> list[JobId]:
    """What is asked for by itself; filled while the run goes on."""
    asked: list[JobId] = []
    poll = bench.provider.poll

    async def polling(job: JobId) -> object:
        asked.append(job)
        return await poll(job)

    bench.provider.poll = polling  # type: ignore[assignment,method-assign]
    return asked


def test_fifty_jobs_are_asked_about_together(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, 50)
    asked = polls_of(bench)
    report = run(bench)
    assert report.finished.done == 50
    assert len(asked) + len(bench.provider.looks) < 10


def test_one_or_two_jobs_are_polled(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, 2)
    asked = polls_of(bench)
    assert run(bench).finished.done == 2
    assert sorted(asked) == ["job-1", "job-2"]


def test_without_a_list_every_job_is_polled(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, 5)
    bench.provider.capabilities = replace(bench.provider.capabilities, listing=Listing.NONE)
    asked = polls_of(bench)
    assert run(bench).finished.done == 5
    assert len(asked) == 5


def test_what_the_list_leaves_out_is_asked_for_by_itself(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, 6)
    bench.provider.hidden = {JobId("job-2")}
    asked = polls_of(bench)
    assert run(bench).finished.done == 6
    assert "job-2" in asked
    assert len(asked) < 6


def test_a_failure_without_words_is_asked_about_by_itself(tmp_path: Path) -> None:
    """A list may leave the error out; taken for a bad day of the server, it is ordered again."""
    bench = bench_of(tmp_path, 12)
    refused = Failure(FailureKind.REFUSED, "refused by moderation (prompt)", "no", "prompt")
    bench.provider.on_poll["s3"] = [JobStatus.FAILED] * 9
    bench.provider.report["s3"] = {"failure": refused}
    report = run(bench)
    assert report.failures == {ShotId("s3"): refused}
    assert (report.finished.done, len(bench.provider.orders)) == (11, 12)


def test_what_the_list_leaves_out_is_polled_no_oftener_than_is_polite(tmp_path: Path) -> None:
    """Though the list itself is read ten times as often."""
    bench = bench_of(tmp_path, 100)
    bench.provider.hidden = {JobId(f"job-{n}") for n in range(2, 101)}
    for n in range(100):
        bench.provider.on_poll[f"s{n}"] = [JobStatus.RENDERING] * 12
    times: dict[JobId, list[float]] = defaultdict(list)
    poll = bench.provider.poll

    async def polling(job: JobId) -> object:
        times[job].append(bench.clock.monotonic())
        return await poll(job)

    bench.provider.poll = polling  # type: ignore[assignment,method-assign]
    assert run(bench).finished.done == 100
    gaps = [later - earlier for each in times.values() for earlier, later in pairwise(each)]
    assert len(gaps) > 100
    assert min(gaps) > 0.999 * bench.provider.poll_floor_s


def test_a_list_that_shows_nothing_of_ours_is_not_asked_again(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, 6)
    bench.provider.hidden = {JobId(f"job-{n}") for n in range(1, 7)}
    for n in range(6):
        bench.provider.on_poll[f"s{n}"] = [JobStatus.RENDERING] * 3
    assert run(bench).finished.done == 6
    # The look for orphans at the end is the second.
    assert len(bench.provider.looks) == 2


@pytest.mark.parametrize("error", [JobUnreachable("503", retry_after_s=7.0), JobUnreachable("?")])
def test_a_list_that_cannot_be_read_is_weather(tmp_path: Path, error: JobUnreachable) -> None:
    bench = bench_of(tmp_path, 6)
    bench.provider.on_list = [error] * 5
    assert run(bench).finished.done == 6


def test_a_job_that_is_gone_is_known_by_its_own_answer_only(tmp_path: Path) -> None:
    bench = ListingBench(tmp_path, [shot(f"s{n}") for n in range(4)], self_hosted=True)
    for n in range(4):
        bench.provider.on_poll[f"s{n}"] = [JobStatus.RENDERING] * 60
    bench.provider.hidden = {JobId("job-1")}
    bench.provider.on_poll["s0"] = [JobMissing("404")] * 90
    bench.observe = lambda event: (
        bench.provider.on_poll["s0"].clear() if isinstance(event, ShotRetrying) else None
    )
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (4, 5)


def test_the_page_begins_behind_the_young_ones(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, 8)
    cursors: list[JobId | None] = []
    look = ListingProvider.list_jobs

    async def looking(
        limit: int, *, since: datetime | None = None, after: JobId | None = None
    ) -> JobList:
        cursors.append(after)
        return await look(bench.provider, limit, since=since, after=after)

    bench.provider.list_jobs = looking  # type: ignore[method-assign]
    run(bench)
    ordered = list(bench.provider.listed)
    assert all(cursor is None or cursor in ordered for cursor in cursors)


@pytest.mark.parametrize("steps", range(12))
def test_who_comes_as_the_last_one_leaves_is_answered_too(tmp_path: Path, steps: int) -> None:
    """However soon after it: the loop that ends must not take the next one's waiters along."""
    bench = bench_of(tmp_path, 1)
    parts = SimpleNamespace(stop=asyncio.Event(), provider=bench.provider, clock=bench.clock)

    async def asked(watch: Watch, name: str) -> list[JobReport | None]:
        job, began = JobId(name), bench.clock.now()
        bench.provider.knows(job, name)
        bench.provider.listed[job] = bench.provider.job(job, order_of(name))
        first = await watch.ask(job, wait_s=0.0, ordered_at=began)
        for _ in range(steps):
            await asyncio.sleep(0)
        return [first, await watch.ask(job, wait_s=0.0, ordered_at=began)]

    async def all_asked() -> list[list[JobReport | None]]:
        watch = Watch(cast(Tools, parts))
        return await asyncio.gather(*(asked(watch, name) for name in ("a", "b", "c")))

    answers = [one for both in asyncio.run(all_asked()) for one in both]
    assert len(answers) == 6
    assert None not in answers


def test_a_stop_releases_everybody(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, 8)
    for n in range(8):
        bench.provider.on_poll[f"s{n}"] = [JobStatus.RENDERING] * 10_000

    async def stopped() -> RunReport:
        stop = asyncio.Event()
        bench.observe = lambda event: stop.set() if isinstance(event, ShotProgress) else None
        return await bench.run(stop=stop)

    report = asyncio.run(stopped())
    assert (report.exit_code, report.finished.in_flight) == (130, 8)
