"""What a run does with what a server says: states, money and words, with a clock of its own."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sora_batch.events import (
    RunNotice,
    ShotBlocked,
    ShotDone,
    ShotFailed,
    ShotHeld,
    ShotProgress,
    ShotRetrying,
)
from sora_batch.manifest.settings import Limits
from sora_batch.planning.plan import Action
from sora_batch.providers.provider import (
    JobMissing,
    JobStatus,
    JobUnreachable,
    NotAccepted,
    OutcomeUnknown,
)
from sora_batch.records import AttemptState, Failure, FailureKind, Money
from sora_batch.running import RunReport
from sora_batch.shots import ShotId
from tests.running.parts import Bench, shot

BUSY = Failure(FailureKind.THROTTLED, "the server is busy (429)")
AWAY = Failure(FailureKind.TRANSIENT, "cannot reach the server")
BAD = Failure(FailureKind.INVALID, "the server does not accept this request (400)")
NO_KEY = Failure(FailureKind.UNAUTHORISED, "the server does not accept the key (401)", "no key")
NO_CREDIT = Failure(FailureKind.OUT_OF_CREDIT, "the account is out of credit", "no credit")
NO_MODEL = Failure(FailureKind.INVALID, "the server has no such model (404)", "no model", "target")


def run(bench: Bench, *, keep_going: bool = True) -> RunReport:
    return asyncio.run(bench.run(keep_going=keep_going))


def actions(bench: Bench) -> list[Action]:
    return [step.action for step in bench.plan.steps]


def test_every_shot_becomes_a_clip_with_sidecar_and_thumbnail(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a"), shot("b", remix_of="a"), shot("c")])
    report = run(bench)
    assert (report.exit_code, report.finished.done) == (0, 3)
    made = {
        path.name
        for path in bench.outputs.folder.glob("*.*")
        if path.suffix in {".mp4", ".json", ".webp"}
    }
    assert made == {f"{name}.{kind}" for name in "abc" for kind in ("mp4", "json", "webp")}
    remix = next(order for order in bench.provider.orders if order.label == "b")
    parent = next(e for e in bench.events if isinstance(e, ShotDone) and e.shot_id == "a")
    assert remix.source_job == parent.clip.job_id
    assert report.finished.ledger.spent == Decimal("0.30")


def test_a_second_run_orders_nothing_and_spends_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a"), shot("b", remix_of="a")])
    run(bench)
    report = run(bench)
    assert actions(bench) == [Action.REUSE, Action.REUSE]
    assert len(bench.provider.orders) == 2
    assert (report.finished.reused, report.finished.ledger.spent) == (2, Decimal("0.20"))


def test_a_lost_reply_puts_the_shot_on_hold_and_is_never_sent_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a"), shot("b", remix_of="a"), shot("c")])
    bench.provider.on_submit["a"] = [OutcomeUnknown("the server answered 502")]
    report = run(bench)
    assert (report.exit_code, report.finished.held, report.finished.blocked) == (1, 1, 1)
    assert report.finished.ledger.held == Decimal("0.10")
    held = next(event for event in bench.events if isinstance(event, ShotHeld))
    assert "502" in held.note
    again = run(bench)
    assert actions(bench) == [Action.HOLD, Action.BLOCKED, Action.REUSE]
    assert len(bench.provider.orders) == 2
    assert again.finished.held == 1


def test_an_order_that_never_left_is_sent_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    bench.provider.on_submit["a"] = [NotAccepted(AWAY), NotAccepted(AWAY)]
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 3)
    assert report.finished.ledger.released == Decimal("0.20")
    assert [event.wait_s for event in bench.events if isinstance(event, ShotRetrying)] == [2, 4]


def test_being_told_to_wait_uses_up_no_tries(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    bench.provider.on_submit["a"] = [NotAccepted(BUSY, retry_after_s=30.0) for _ in range(12)]
    report = run(bench)
    assert report.finished.done == 1
    assert bench.clock.passed_s >= 12 * 30


def test_a_request_the_server_will_never_take_fails_its_shot_only(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a"), shot("b", remix_of="a"), shot("c", needs=["b"]), shot("d")])
    bench.provider.on_submit["a"] = [NotAccepted(BAD)]
    report = run(bench)
    assert (report.finished.failed, report.finished.blocked, report.finished.done) == (1, 2, 1)
    assert report.failures == {"a": BAD}
    blocked = {
        event.shot_id: event.reason for event in bench.events if isinstance(event, ShotBlocked)
    }
    assert "a" in blocked[ShotId("b")]
    assert "b" in blocked[ShotId("c")]


def test_a_bad_key_stops_the_run_before_it_asks_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot(f"s{n}") for n in range(20)])
    bench.manifest = replace(bench.manifest, limits=Limits(concurrency=1))
    bench.provider.on_submit["s0"] = [NotAccepted(NO_KEY, stops_run=True)]
    report = run(bench)
    assert len(bench.provider.orders) == 1
    assert (report.finished.failed, report.finished.blocked) == (0, 20)
    assert "key" in report.finished.stopped
    assert report.finished.stopped_by == NO_KEY


@pytest.mark.parametrize("told", [NO_KEY, NO_CREDIT, NO_MODEL])
def test_what_no_shot_is_at_fault_for_leaves_them_all_to_the_next_run(
    told: Failure, tmp_path: Path
) -> None:
    """Those in flight with the first one are refused as well."""
    bench = Bench(tmp_path, [shot(f"s{n}") for n in range(6)])
    bench.manifest = replace(bench.manifest, limits=Limits(concurrency=4))
    for number in range(4):
        bench.provider.on_submit[f"s{number}"] = [NotAccepted(told, stops_run=True)]
    report = run(bench)
    assert (report.finished.failed, report.finished.blocked, report.failures) == (0, 6, {})
    reasons = [event.reason for event in bench.events if isinstance(event, ShotBlocked)]
    assert [f"{told.message}: no" in reason for reason in reasons].count(True) == 4
    assert actions(bench) == [Action.MAKE] * 6
    report = run(bench)
    assert (report.exit_code, report.finished.done) == (0, 6)


def test_fail_fast_starts_nothing_after_the_first_failure(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot(f"s{n}") for n in range(5)])
    bench.manifest = replace(bench.manifest, limits=Limits(concurrency=1))
    bench.provider.on_submit["s1"] = [NotAccepted(BAD)]
    report = run(bench, keep_going=False)
    assert (report.finished.done, report.finished.failed, report.finished.blocked) == (1, 1, 3)


def test_a_failed_render_is_tried_again_up_to_the_limit_and_stays_uncertain(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    bench.provider.on_poll["a"] = [JobStatus.FAILED] * 3
    report = run(bench)
    assert (report.finished.failed, len(bench.provider.orders)) == (1, 3)
    assert report.finished.ledger.uncertain == Decimal("0.30")
    assert sum(isinstance(event, ShotFailed) for event in bench.events) == 1
    run(bench)
    assert actions(bench) == [Action.BLOCKED]
    assert len(bench.provider.orders) == 3


def test_bad_weather_while_polling_changes_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    bench.provider.on_poll["a"] = [
        JobUnreachable("502"),
        JobMissing("404"),
        JobStatus.RENDERING,
        JobUnreachable("reset", retry_after_s=9.0),
    ]
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 1)


def test_a_job_that_never_ends_is_held_at_its_deadline_not_ordered_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    bench.manifest = replace(
        bench.manifest, limits=Limits(concurrency=1, render_timeout=timedelta(seconds=60))
    )
    bench.provider.on_poll["a"] = [JobStatus.RENDERING] * 1000
    report = run(bench)
    assert (report.finished.held, len(bench.provider.orders)) == (1, 1)
    assert report.finished.ledger.held == Decimal("0.10")


def test_a_forgotten_job_of_ones_own_server_is_rendered_again_for_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")], self_hosted=True)
    bench.provider.on_poll["a"] = [JobStatus.RENDERING] * 60 + [JobMissing("404")] * 3
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 2)
    assert report.finished.ledger.released == Decimal("0.10")
    assert report.finished.ledger.spent == Decimal("0.10")


@pytest.mark.parametrize("last", [b"<html>oops</html>", JobMissing("404")])
def test_a_download_that_breaks_off_is_fetched_again_and_never_ordered_again(
    tmp_path: Path, last: Exception | bytes
) -> None:
    """However often the network failed before: that says nothing about the clip."""
    bench = Bench(tmp_path, [shot("a")])
    bench.provider.on_download["a"] = [JobUnreachable("reset")] * 3 + [last] * 2
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 1)


def test_a_clip_that_cannot_be_fetched_now_waits_for_the_next_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a"), shot("b", remix_of="a")])
    bench.provider.on_download["a"] = [JobUnreachable("reset")] * 6
    report = run(bench)
    assert (report.exit_code, report.finished.in_flight, report.finished.blocked) == (1, 1, 1)
    assert report.finished.ledger.reserved == Decimal("0.10")
    report = run(bench)
    assert actions(bench) == [Action.RESUME, Action.MAKE]
    assert (report.exit_code, report.finished.done, len(bench.provider.orders)) == (0, 2, 2)


def test_a_clip_that_is_broken_for_good_is_paid_and_not_bought_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    bench.provider.on_download["a"] = [b"not a clip"] * 6
    report = run(bench)
    assert (report.finished.failed, len(bench.provider.orders)) == (1, 1)
    assert report.finished.ledger.spent == Decimal("0.10")
    assert report.failures[ShotId("a")].kind is FailureKind.BROKEN_CLIP


def test_an_expired_clip_is_said_and_not_bought_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    bench.provider.on_download["a"] = [JobMissing("410 Gone", expired=True)]
    report = run(bench)
    assert report.failures[ShotId("a")].kind is FailureKind.EXPIRED
    assert len(bench.provider.orders) == 1


def test_the_servers_own_figure_is_what_was_spent(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    bench.provider.report["a"] = {"cost_usd": Decimal("0.07")}
    report = run(bench)
    assert report.finished.ledger.spent == Decimal("0.07")


def test_what_is_delivered_differently_is_kept_and_marked(tmp_path: Path) -> None:
    longer = replace(shot("a"), seconds=Decimal(2))
    bench = Bench(tmp_path, [longer])
    run(bench)
    done = next(event for event in bench.events if isinstance(event, ShotDone))
    assert done.clip.differs == "1.00 s instead of 2 s"
    assert bench.outputs.intact(done.clip)


def test_no_more_renders_at_once_than_the_limit_also_after_a_stop(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot(f"s{n}") for n in range(12)])
    for name in ("s0", "s1", "s2", "s3"):
        bench.provider.on_poll[name] = [JobStatus.RENDERING] * 30

    async def stop_early() -> RunReport:
        stop = asyncio.Event()
        bench.observe = lambda event: stop.set() if isinstance(event, ShotProgress) else None
        return await bench.run(stop=stop)

    report = asyncio.run(stop_early())
    assert (report.exit_code, report.finished.in_flight, report.finished.done) == (130, 4, 0)
    report = run(bench)
    assert actions(bench)[:4] == [Action.RESUME] * 4
    assert (report.finished.done, len(bench.provider.orders)) == (12, 12)
    assert bench.provider.most_at_once <= 4


def test_the_budget_holds_across_shots_that_run_at_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot(f"s{n}") for n in range(6)])
    bench.manifest = replace(bench.manifest, budget=Decimal("0.35"))
    report = run(bench)
    assert (report.finished.done, report.finished.blocked) == (3, 3)
    assert report.finished.ledger.committed == Decimal("0.30")


def test_a_paid_clip_that_nobody_asks_for_any_more_is_fetched_all_the_same(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    bench.provider.on_download["a"] = [JobUnreachable("reset")] * 6
    run(bench)
    bench.manifest = replace(bench.manifest, shots=(replace(shot("a"), prompt="something else"),))
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 2)
    assert len(list((bench.outputs.folder / "earlier").glob("a.*.mp4"))) == 1
    attempts, ledger = asyncio.run(bench.recorded())
    assert [attempt.state for attempt in attempts] == [AttemptState.DONE] * 2
    assert ledger.spent == Decimal("0.20")


def test_going_back_to_earlier_words_brings_the_earlier_clip_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    run(bench)
    bench.manifest = replace(bench.manifest, shots=(replace(shot("a"), prompt="other"),))
    run(bench)
    bench.manifest = replace(bench.manifest, shots=(shot("a"),))
    report = run(bench)
    assert (report.finished.reused, len(bench.provider.orders)) == (1, 2)
    thumbnail = bench.outputs.thumbnail_path(ShotId("a"))
    assert (
        thumbnail.stat().st_mtime_ns >= bench.outputs.sidecar_path(ShotId("a")).stat().st_mtime_ns
    )
    report = run(bench)
    assert report.finished.reused == 1


def test_the_longest_chain_starts_first(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        [shot("x"), shot("y"), shot("c1"), shot("c2", remix_of="c1"), shot("c3", remix_of="c2")],
    )
    bench.manifest = replace(bench.manifest, limits=Limits(concurrency=1))
    run(bench)
    assert [order.label for order in bench.provider.orders][:2] == ["c1", "c2"]


@pytest.mark.parametrize("state", [AttemptState.SUBMITTING])
def test_an_intent_without_an_answer_is_on_hold_after_a_crash(
    tmp_path: Path, state: AttemptState
) -> None:
    bench = Bench(tmp_path, [shot("a")])

    class Killed(BaseException):
        pass

    bench.provider.on_submit["a"] = [Killed()]  # type: ignore[list-item]
    with pytest.raises(Killed):
        run(bench)
    attempts, ledger = asyncio.run(bench.recorded())
    assert (attempts[0].state, attempts[0].money) == (state, Money.RESERVED)
    report = run(bench)
    assert (report.finished.held, len(bench.provider.orders)) == (1, 1)
    assert ledger.reserved == Decimal("0.10")


def test_two_shots_of_the_same_inputs_are_paid_for_once(tmp_path: Path) -> None:
    twin = replace(shot("a"), id=ShotId("b"))
    bench = Bench(tmp_path, [shot("a"), twin, shot("c", remix_of="b")])
    report = run(bench)
    assert (report.finished.done, report.finished.reused) == (2, 1)
    assert [order.label for order in bench.provider.orders] == ["a", "c"]
    assert bench.outputs.clip_path(ShotId("b")).exists()
    before = bench.outputs.sidecar_path(ShotId("a")).read_bytes()
    report = run(bench)
    assert (report.finished.reused, len(bench.provider.orders)) == (3, 2)
    assert bench.outputs.sidecar_path(ShotId("a")).read_bytes() == before


def test_a_twin_of_a_failed_shot_is_blocked(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a"), replace(shot("a"), id=ShotId("b"))])
    bench.provider.on_submit["a"] = [NotAccepted(BAD)]
    report = run(bench)
    assert (report.finished.failed, report.finished.blocked) == (1, 1)


def test_a_shot_waits_for_all_it_needs_also_when_some_is_there_already(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    run(bench)
    both = shot("c", remix_of="a", needs=["b"])
    bench.manifest = replace(bench.manifest, shots=(shot("a"), shot("b"), both))
    run(bench)
    assert [order.label for order in bench.provider.orders] == ["a", "b", "c"]
    assert bench.provider.orders[2].source_job == "job-1"


def test_what_may_render_unseen_counts_against_the_limit_on_resume(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a"), shot("b")])
    bench.manifest = replace(
        bench.manifest, limits=Limits(concurrency=2, render_timeout=timedelta(minutes=30))
    )
    bench.provider.on_submit["a"] = [OutcomeUnknown("the server answered 502")]
    bench.provider.on_submit["b"] = [OutcomeUnknown("the server answered 502")]
    began = bench.clock.passed_s
    run(bench)
    bench.manifest = replace(bench.manifest, shots=(*bench.manifest.shots, shot("c")))
    report = run(bench)
    assert (report.finished.held, report.finished.done) == (2, 1)
    assert bench.clock.passed_s - began >= 30 * 60
    notices = [event.message for event in bench.events if isinstance(event, RunNotice)]
    assert sum("all are kept for orders" in message for message in notices) == 1


def test_held_shots_keep_a_finished_run_from_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a"), shot("b")])
    bench.manifest = replace(bench.manifest, limits=Limits(concurrency=2))
    bench.provider.on_submit["a"] = [OutcomeUnknown("the server answered 502")]
    run(bench)
    bench.manifest = replace(bench.manifest, shots=(*bench.manifest.shots, shot("c")))
    before = bench.clock.passed_s
    report = run(bench)
    assert (report.finished.done, report.finished.held) == (1, 1)
    assert bench.clock.passed_s - before < 60


def test_a_job_of_another_address_is_left_alone(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    bench.provider.on_download["a"] = [JobUnreachable("reset")] * 6
    run(bench)
    bench.provider.base_url = "http://elsewhere/v1"
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 2)
    attempts, ledger = asyncio.run(bench.recorded())
    assert [attempt.state for attempt in attempts] == [AttemptState.RENDERED, AttemptState.DONE]
    assert ledger.reserved == Decimal("0.10")
    notices = [event.message for event in bench.events if isinstance(event, RunNotice)]
    assert any("http://scripted/v1 is left alone" in message for message in notices)


@pytest.mark.parametrize(("said", "column"), [("0", "released"), ("0.04", "spent")])
def test_a_server_that_says_what_a_failure_came_to_is_believed(
    said: str, column: str, tmp_path: Path
) -> None:
    bench = Bench(tmp_path, [shot("a")])
    bench.manifest = replace(bench.manifest, limits=Limits(attempts=1))
    bench.provider.on_poll["a"] = [JobStatus.FAILED]
    bench.provider.report["a"] = {"cost_usd": Decimal(said)}
    ledger = run(bench).finished.ledger
    assert ledger.uncertain == 0
    assert getattr(ledger, column) == (Decimal(said) or Decimal("0.10"))
    failed = next(event for event in bench.events if isinstance(event, ShotFailed))
    assert failed.spent_usd == Decimal(said)


@pytest.mark.parametrize("weather", [JobUnreachable("502"), JobMissing("404")])
def test_one_bad_answer_after_days_away_puts_no_finished_job_on_hold(
    weather: Exception, tmp_path: Path
) -> None:
    bench = Bench(tmp_path, [shot("a")])
    bench.provider.on_poll["a"] = [weather, JobStatus.COMPLETED]

    async def stop_early() -> RunReport:
        stop = asyncio.Event()
        bench.observe = lambda event: stop.set() if isinstance(event, ShotProgress) else None
        return await bench.run(stop=stop)

    assert asyncio.run(stop_early()).finished.in_flight == 1
    bench.clock.advance(3 * 86_400)
    bench.observe = lambda _: None
    report = run(bench)
    assert (report.finished.done, report.finished.held) == (1, 0)
    assert len(bench.provider.orders) == 1


def test_a_server_that_is_silent_for_long_has_an_old_job_put_on_hold(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    bench.manifest = replace(bench.manifest, limits=Limits(render_timeout=timedelta(seconds=60)))
    bench.provider.on_poll["a"] = [JobUnreachable("502")] * 1000
    report = run(bench)
    assert report.finished.held == 1
    assert 300 < bench.clock.passed_s < 400


def on_hold_with_a_job(folder: Path) -> Bench:
    """A run has waited for shot `a` as long as it may, and put its job on hold."""
    bench = Bench(folder, [shot("a"), shot("b", remix_of="a")])
    bench.manifest = replace(bench.manifest, limits=Limits(render_timeout=timedelta(seconds=60)))
    bench.provider.on_poll["a"] = [JobStatus.RENDERING] * 200
    report = run(bench)
    assert (report.finished.held, report.finished.blocked) == (1, 1)
    assert report.finished.ledger.held == Decimal("0.10")
    bench.events.clear()
    return bench


def test_a_job_on_hold_that_has_ended_is_fetched_by_the_next_run(tmp_path: Path) -> None:
    bench = on_hold_with_a_job(tmp_path)
    bench.provider.on_poll["a"] = []
    report = run(bench)
    assert actions(bench) == [Action.RESUME, Action.MAKE]
    assert (report.finished.done, report.finished.held) == (2, 0)
    assert [order.label for order in bench.provider.orders] == ["a", "b"]
    assert report.finished.ledger.spent == Decimal("0.20")


def test_a_job_on_hold_that_still_renders_is_asked_about_once_and_named(tmp_path: Path) -> None:
    bench = on_hold_with_a_job(tmp_path)
    bench.provider.on_poll["a"] = [JobStatus.RENDERING] * 200
    report = run(bench)
    assert len(bench.provider.on_poll["a"]) == 199
    assert (report.finished.held, report.finished.blocked) == (1, 1)
    assert len(bench.provider.orders) == 1
    assert report.finished.ledger.held == Decimal("0.10")
    held = next(event for event in bench.events if isinstance(event, ShotHeld))
    assert held.note == "not finished after 60 s (job job-1)"


def test_a_job_on_hold_that_has_failed_is_not_ordered_again_in_the_same_run(
    tmp_path: Path,
) -> None:
    bench = on_hold_with_a_job(tmp_path)
    bench.provider.on_poll["a"] = [JobStatus.FAILED]
    report = run(bench)
    assert (report.finished.failed, len(bench.provider.orders)) == (1, 1)
    assert report.finished.ledger.uncertain == Decimal("0.10")
    again = run(bench)
    assert actions(bench)[0] is Action.MAKE
    assert again.finished.done == 2


def test_a_job_on_hold_is_waited_for_again_where_the_time_was_raised(tmp_path: Path) -> None:
    bench = on_hold_with_a_job(tmp_path)
    bench.provider.on_poll["a"] = [JobStatus.RENDERING] * 10
    bench.manifest = replace(bench.manifest, limits=Limits(render_timeout=timedelta(hours=1)))
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (2, 2)


def test_a_clip_that_was_on_hold_is_reserved_until_it_is_here(tmp_path: Path) -> None:
    bench = on_hold_with_a_job(tmp_path)
    bench.provider.on_poll["a"] = []
    bench.provider.on_download["a"] = [JobUnreachable("reset")] * 6
    ledger = run(bench).finished.ledger
    assert (ledger.held, ledger.reserved) == (Decimal(0), Decimal("0.10"))


def test_a_run_that_waits_for_its_rate_does_not_blame_lost_orders(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a"), shot("b", needs=["a"])])
    bench.manifest = replace(bench.manifest, limits=Limits(requests_per_minute=0.1))
    assert run(bench).finished.done == 2
    notices = [event.message for event in bench.events if isinstance(event, RunNotice)]
    assert notices == ["the next order may be sent in 10 min"]
