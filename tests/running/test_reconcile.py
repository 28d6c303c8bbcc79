"""What becomes of orders whose answer was lost, on servers that list their jobs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sora_batch.events import Event, RunNotice, ShotHeld, ShotSubmitted
from sora_batch.manifest.settings import Limits
from sora_batch.outputs import Outputs
from sora_batch.planning.plan import Action
from sora_batch.providers.provider import (
    JobList,
    JobReport,
    JobStatus,
    JobUnreachable,
    OutcomeUnknown,
    RenderRequest,
)
from sora_batch.records import AttemptState, FailureKind, Money
from sora_batch.running import RunReport
from sora_batch.shots import JobId, ShotId
from tests.running.parts import AcceptedAllTheSame, ListingBench, order_of, shot

LOST = OutcomeUnknown("the server answered 502")


class Killed(BaseException):
    """The process is gone."""


def run(bench: ListingBench) -> RunReport:
    return asyncio.run(bench.run())


def crash(bench: ListingBench) -> None:
    with pytest.raises(Killed):
        run(bench)


def accepted(error: BaseException) -> Exception:
    return AcceptedAllTheSame(error)


def actions(bench: ListingBench) -> list[Action]:
    return [step.action for step in bench.plan.steps]


def notices(bench: ListingBench) -> str:
    return "\n".join(event.message for event in bench.events if isinstance(event, RunNotice))


def looks_once_written(bench: ListingBench, orders: int) -> None:
    """Nobody gets to see the list before what became of so many orders is on the disk.

    A commit takes real time, the clock of these tests takes none: on a slow disk the patience for
    an order on its way would be over first.
    """
    written, seen, look = asyncio.Event(), [], bench.provider.list_jobs

    def observe(event: Event) -> None:
        is_lost = isinstance(event, RunNotice) and "looking for its job" in event.message
        seen.extend([event] if is_lost or isinstance(event, ShotSubmitted) else [])
        if len(seen) >= orders:
            written.set()

    async def looking(limit: int, **more: Any) -> JobList:
        await written.wait()
        return await look(limit, **more)

    bench.observe = observe
    bench.provider.list_jobs = looking  # type: ignore[method-assign]


def test_a_lost_reply_is_looked_for_while_others_go_on_and_paid_once(tmp_path: Path) -> None:
    bench = ListingBench(tmp_path, [shot("a"), shot("b", remix_of="a"), shot("c")])
    bench.provider.on_submit["a"] = [accepted(LOST)]
    report = run(bench)
    assert (report.exit_code, report.finished.done, len(bench.provider.orders)) == (0, 3, 3)
    assert report.finished.ledger.spent == Decimal("0.30")
    assert "a: its job was found on the server: job-1" in notices(bench)


def test_a_lost_order_is_on_disk_as_held_while_it_is_looked_for(tmp_path: Path) -> None:
    bench = ListingBench(tmp_path, [shot("a")])
    bench.provider.on_submit["a"] = [LOST]
    bench.provider.on_list = [Killed()]  # type: ignore[list-item]
    crash(bench)
    attempts, ledger = asyncio.run(bench.recorded())
    assert (attempts[0].state, attempts[0].note) == (AttemptState.HELD, "the server answered 502")
    assert ledger.held == Decimal("0.10")


def test_an_order_that_was_never_accepted_is_sent_again_after_two_looks_agree(
    tmp_path: Path,
) -> None:
    bench = ListingBench(tmp_path, [shot("a")])
    bench.provider.on_submit["a"] = [LOST]
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 2)
    assert report.finished.ledger.released == Decimal("0.10")
    assert report.finished.ledger.spent == Decimal("0.10")
    attempts, _ = asyncio.run(bench.recorded())
    first, second = attempts
    assert first.failure is not None
    assert (first.failure.kind, first.money) == (FailureKind.TRANSIENT, Money.RELEASED)
    assert second.created_at - first.created_at >= timedelta(seconds=60 + 180 + 30 + 10)


def test_a_job_that_shows_late_is_found_before_that(tmp_path: Path) -> None:
    bench = ListingBench(tmp_path, [shot("a")])
    bench.provider.on_submit["a"] = [accepted(LOST)]
    bench.provider.hidden = {JobId("job-1")}
    start = bench.clock.now()

    def show_late(_: object) -> None:
        if bench.clock.now() - start > timedelta(seconds=200):
            bench.provider.hidden.clear()

    bench.observe = show_late
    bench.provider.on_list = []
    look = bench.provider.list_jobs

    async def looking(limit: int, **since: object) -> object:
        show_late(None)
        return await look(limit, **since)  # type: ignore[arg-type]

    bench.provider.list_jobs = looking  # type: ignore[assignment,method-assign]
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 1)


def test_after_a_crash_the_next_run_adopts_the_job(tmp_path: Path) -> None:
    bench = ListingBench(tmp_path, [shot("a"), shot("b", remix_of="a")])
    bench.provider.on_submit["a"] = [accepted(Killed())]
    crash(bench)
    report = run(bench)
    assert actions(bench) == [Action.RESUME, Action.MAKE]
    assert (report.exit_code, report.finished.done, len(bench.provider.orders)) == (0, 2, 2)
    assert report.finished.ledger.spent == Decimal("0.20")


def test_after_a_crash_before_the_order_left_the_shot_is_made(tmp_path: Path) -> None:
    bench = ListingBench(tmp_path, [shot("a")])
    bench.provider.on_submit["a"] = [Killed()]  # type: ignore[list-item]
    crash(bench)
    report = run(bench)
    assert (report.exit_code, len(bench.provider.listed)) == (0, 1)
    ledger = report.finished.ledger
    assert (ledger.released, ledger.spent) == (Decimal("0.10"), Decimal("0.10"))


def test_on_unknown_hold_forbids_another_order(tmp_path: Path) -> None:
    bench = ListingBench(tmp_path, [shot("a")])
    bench.manifest = replace(bench.manifest, on_unknown="hold")
    bench.provider.on_submit["a"] = [LOST]
    report = run(bench)
    assert (report.finished.held, len(bench.provider.orders)) == (1, 1)
    held = next(event for event in bench.events if isinstance(event, ShotHeld))
    assert "on_unknown: hold" in held.note
    assert "502" in held.note


def test_takes_are_interchangeable_and_each_gets_one_job(tmp_path: Path) -> None:
    takes = [replace(shot("a"), id=ShotId(f"a.take{n}"), take=n) for n in range(1, 5)]
    bench = ListingBench(tmp_path, takes)
    for name in ("a.take2", "a.take3"):
        bench.provider.on_submit[name] = [accepted(LOST)]
    looks_once_written(bench, 4)
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (4, 4)
    assert report.finished.ledger.spent == Decimal("0.40")


def test_of_equal_orders_only_those_without_a_job_are_sent_again(tmp_path: Path) -> None:
    takes = [replace(shot("a"), id=ShotId(f"a.take{n}"), take=n) for n in range(1, 4)]
    bench = ListingBench(tmp_path, takes)
    bench.provider.on_submit["a.take1"] = [LOST]
    bench.provider.on_submit["a.take2"] = [accepted(LOST)]
    looks_once_written(bench, 3)
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (3, 4)
    assert len(bench.provider.listed) == 3


def test_orders_that_differ_in_what_no_list_shows_are_not_mixed_up(tmp_path: Path) -> None:
    bench = ListingBench(
        tmp_path,
        [replace(shot("a"), id=ShotId(f"a.seed={n}"), seed=n) for n in range(1, 3)],
    )
    bench.provider.capabilities = replace(bench.provider.capabilities, seed=True)
    for n in (1, 2):
        bench.provider.on_submit[f"a.seed={n}"] = [accepted(LOST)]
    report = run(bench)
    assert (report.finished.held, len(bench.provider.orders)) == (2, 2)
    assert report.finished.ledger.held == Decimal("0.20")


def test_more_jobs_than_orders_are_a_persons_choice(tmp_path: Path) -> None:
    bench = ListingBench(tmp_path, [shot("a")])
    bench.provider.on_submit["a"] = [accepted(LOST)]
    run_once = bench.provider.job(JobId("theirs"), order_of("a"))
    bench.provider.extra = [run_once]
    report = run(bench)
    assert (report.finished.held, len(bench.provider.orders)) == (1, 1)
    held = next(event for event in bench.events if isinstance(event, ShotHeld))
    assert "job-1" in held.note
    assert "theirs" in held.note


@pytest.mark.parametrize(
    "trouble",
    [
        {"whole": False},
        {"on_list": [JobUnreachable("the server answered 503")] * 50},
    ],
)
def test_a_list_that_proves_nothing_leads_to_a_hold(
    tmp_path: Path, trouble: dict[str, object]
) -> None:
    bench = ListingBench(tmp_path, [shot("a")])
    bench.provider.on_submit["a"] = [LOST]
    for name, value in trouble.items():
        setattr(bench.provider, name, value)
    report = run(bench)
    assert (report.finished.held, len(bench.provider.orders)) == (1, 1)
    bench.provider.whole, bench.provider.on_list = True, []
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 2)


def test_a_list_that_leaves_out_a_job_we_know_is_not_believed(tmp_path: Path) -> None:
    bench = ListingBench(tmp_path, [shot("a"), shot("b")])
    bench.provider.on_submit["a"] = [LOST]
    bench.provider.on_poll["b"] = [JobStatus.RENDERING] * 10_000
    bench.provider.hidden = {JobId("job-2"), JobId("job-1")}
    looks_once_written(bench, 2)
    report = run(bench)
    assert (report.finished.held, len(bench.provider.orders)) == (2, 2)
    held = next(e for e in bench.events if isinstance(e, ShotHeld) and e.shot_id == "a")
    assert "leaves out job" in held.note


def test_what_is_ordered_while_a_list_is_read_need_not_be_in_it(tmp_path: Path) -> None:
    """A run that orders all the time, and a list that takes a minute to read."""
    names = [f"b{n}" for n in range(12)]
    bench = ListingBench(tmp_path, [shot("a"), *map(shot, names)])
    bench.manifest = replace(
        bench.manifest, limits=Limits(concurrency=20, render_timeout=timedelta(days=1))
    )
    bench.provider.on_submit["a"] = [LOST]
    for name in names:
        bench.provider.on_poll[name] = [JobStatus.RENDERING] * 60
    may_order = {name: asyncio.Event() for name in names}
    ordered = {name: asyncio.Event() for name in names}
    submit, look, waiting = bench.provider.submit, bench.provider.list_jobs, [*names]

    async def submitting(request: RenderRequest) -> JobReport:
        if request.label in may_order:
            await may_order[request.label].wait()
        return await submit(request)

    async def looking(limit: int, **more: Any) -> JobList:
        listed = await look(limit, **more)
        if waiting and more.get("since") is not None:
            name = waiting.pop(0)
            may_order[name].set()
            await ordered[name].wait()
            bench.clock.advance(60.0)
        return listed

    def observe(event: Event) -> None:
        if isinstance(event, ShotSubmitted) and event.shot_id in ordered:
            ordered[event.shot_id].set()
        is_over = isinstance(event, RunNotice) and "never accepted" in event.message
        for gate in may_order.values() if is_over or isinstance(event, ShotHeld) else ():
            gate.set()

    bench.provider.submit = submitting  # type: ignore[method-assign]
    bench.provider.list_jobs = looking  # type: ignore[method-assign]
    bench.observe = observe
    report = run(bench)
    assert (report.finished.done, report.finished.held) == (13, 0)
    assert len(bench.provider.orders) == 14


@pytest.mark.parametrize("ahead_s", [-7200.0, 7200.0, None])
def test_a_server_whose_clock_is_wrong_is_understood(tmp_path: Path, ahead_s: float | None) -> None:
    bench = ListingBench(tmp_path, [shot("a")])
    bench.provider.ahead_s = ahead_s
    bench.provider.on_submit["a"] = [accepted(LOST)]
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 1)


def test_an_equal_job_of_long_ago_is_not_taken_for_the_answer(tmp_path: Path) -> None:
    bench = ListingBench(tmp_path, [shot("a")])
    old = bench.provider.job(JobId("old"), order_of("a"))
    bench.provider.extra = [replace(old, created_at=bench.clock.now() - timedelta(hours=1))]
    bench.provider.on_submit["a"] = [accepted(LOST)]
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 1)
    attempts, _ = asyncio.run(bench.recorded())
    assert attempts[0].job_id == "job-1"


def test_a_lost_order_of_words_that_changed_since_is_settled_and_not_sent_again(
    tmp_path: Path,
) -> None:
    for is_accepted in (True, False):
        folder = tmp_path / str(is_accepted)
        folder.mkdir()
        bench = ListingBench(folder, [shot("a")])
        killed = Killed()
        bench.provider.on_submit["a"] = [accepted(killed) if is_accepted else killed]  # type: ignore[list-item]
        crash(bench)
        bench.manifest = replace(bench.manifest, shots=(replace(shot("a"), prompt="other"),))
        report = run(bench)
        assert (report.finished.done, len(bench.provider.orders)) == (1, 2)
        earlier = list((bench.outputs.folder / "earlier").glob("a.*.mp4"))
        assert len(earlier) == is_accepted
        ledger = report.finished.ledger
        assert ledger.spent == Decimal("0.20" if is_accepted else "0.10")


def test_many_lost_orders_take_a_few_looks(tmp_path: Path) -> None:
    bench = ListingBench(tmp_path, [shot(f"s{n}") for n in range(60)])
    bench.manifest = replace(bench.manifest, limits=Limits(concurrency=100))
    for n in range(60):
        bench.provider.on_submit[f"s{n}"] = [accepted(LOST)]
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (60, 60)
    assert len(bench.provider.looks) < 20


def test_jobs_of_our_prompts_that_nobody_has_are_named_at_the_end(tmp_path: Path) -> None:
    bench = ListingBench(tmp_path, [shot("a")])
    bench.provider.extra = [
        bench.provider.job(JobId("orphan"), order_of("a")),
        bench.provider.job(JobId("theirs"), order_of("another")),
    ]
    run(bench)
    said = notices(bench)
    assert "1 job on the server with prompts of this manifest and no shot, a lost order" in said
    assert "or another manifest's or person's" in said
    assert "takes one over (orphan)" in said
    assert "theirs" not in said
    looks = len(bench.provider.looks)
    run(bench)
    assert len(bench.provider.looks) == looks


def test_jobs_of_manifests_beside_this_one_are_not_named(tmp_path: Path) -> None:
    bench, beside = ListingBench(tmp_path, [shot("a")]), ListingBench(tmp_path, [shot("a")])
    beside.outputs = Outputs(tmp_path / "beside")
    beside.manifest = replace(beside.manifest, output=beside.outputs.folder)
    beside.provider = bench.provider
    assert run(beside).finished.done == 1
    run(bench)
    assert len(bench.provider.listed) == 2
    assert "on the server with prompts" not in notices(bench)
