"""The table of what follows from a failure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sora_batch.planning.retry import counts_as_try, decide
from sora_batch.records import AttemptState, FailureKind, Money
from sora_batch.shots import JobId
from tests.planning.values import attempt_of, manifest, plan, shot, step_of

K = FailureKind
ACCEPTED = [
    # kind, stage, again, money, stops the run
    (K.REFUSED, "prompt", False, Money.UNCERTAIN, False),
    (K.REFUSED, "", False, Money.UNCERTAIN, False),
    (K.REFUSED, "output", True, Money.UNCERTAIN, False),
    (K.INVALID, "", False, Money.UNCERTAIN, False),
    (K.THROTTLED, "", True, Money.UNCERTAIN, False),
    (K.TRANSIENT, "", True, Money.UNCERTAIN, False),
    (K.TIMED_OUT, "", False, Money.HELD, False),
    (K.BROKEN_CLIP, "", False, Money.SPENT, False),
    (K.EXPIRED, "", False, Money.SPENT, False),
    (K.GONE, "", False, Money.UNCERTAIN, False),
    (K.UNAUTHORISED, "", False, Money.UNCERTAIN, True),
    (K.OUT_OF_CREDIT, "", False, Money.UNCERTAIN, True),
    (K.CANCELLED, "", False, Money.UNCERTAIN, False),
]


def test_the_table_has_every_kind() -> None:
    assert {row[0] for row in ACCEPTED} == set(FailureKind)


@pytest.mark.parametrize(("kind", "stage", "again", "money", "stops"), ACCEPTED)
def test_what_follows_from_the_first_failure_of_a_job(
    kind: FailureKind, stage: str, again: bool, money: Money, stops: bool
) -> None:
    decision = decide(kind, number=1, limit=3, stage=stage)
    assert (decision.again, decision.money, decision.stops_run) == (again, money, stops)
    assert decision.reason


@pytest.mark.parametrize("kind", list(FailureKind))
def test_what_was_never_accepted_costs_nothing(kind: FailureKind) -> None:
    assert decide(kind, number=1, limit=3, accepted=False).money is Money.RELEASED


@pytest.mark.parametrize(
    ("kind", "money"),
    [
        (K.GONE, Money.RELEASED),
        (K.EXPIRED, Money.RELEASED),
        (K.BROKEN_CLIP, Money.SPENT),
    ],
)
def test_a_server_of_ones_own_may_render_again_what_it_lost(
    kind: FailureKind, money: Money
) -> None:
    decision = decide(kind, number=1, limit=3, self_hosted=True)
    assert (decision.again, decision.money) == (True, money)
    assert not decide(kind, number=3, limit=3, self_hosted=True).again


@pytest.mark.parametrize("kind", [K.REFUSED, K.TRANSIENT])
def test_no_more_tries_than_the_limit_once_a_job_was_accepted(kind: FailureKind) -> None:
    tries = [decide(kind, number=n, limit=3, stage="output").again for n in (1, 2, 3, 4)]
    assert tries == [True, True, False, False]
    assert "3 times" in decide(kind, number=3, limit=3, stage="output").reason


def test_what_is_proven_not_to_have_been_accepted_is_tried_longer_but_not_for_ever() -> None:
    for kind in (K.TRANSIENT, K.THROTTLED):
        assert decide(kind, number=7, limit=3, accepted=False).again
        assert not decide(kind, number=8, limit=3, accepted=False).again
        assert decide(kind, number=19, limit=20, accepted=False).again


def test_waits_double_up_to_a_minute_and_are_always_the_same() -> None:
    waits = [decide(K.TRANSIENT, number=n, limit=9, accepted=False).wait_s for n in range(1, 8)]
    assert waits == [2, 4, 8, 16, 32, 60, 60]
    assert decide(K.TRANSIENT, number=5000, limit=9999).wait_s == 60
    assert decide(K.REFUSED, number=1, limit=3, stage="output").wait_s == 0


def test_a_failure_outside_the_shot_that_nobody_accepted_is_no_try() -> None:
    step = step_of(plan(manifest(shot("a"))), "a")
    for kind in FailureKind:
        job = attempt_of(step, AttemptState.FAILED, kind=kind, job_id=JobId("v"))
        bare = attempt_of(step, AttemptState.FAILED, kind=kind, job_id=None)
        assert counts_as_try(job)
        outside = {K.THROTTLED, K.TRANSIENT, K.UNAUTHORISED, K.OUT_OF_CREDIT}
        assert counts_as_try(bare) is (kind not in outside)


def test_a_model_or_an_address_that_is_not_there_is_no_try_of_the_shot() -> None:
    step = step_of(plan(manifest(shot("a"))), "a")
    failed = attempt_of(step, AttemptState.FAILED, kind=K.INVALID, job_id=None)
    assert failed.failure is not None
    assert counts_as_try(failed)
    assert not counts_as_try(replace(failed, failure=replace(failed.failure, stage="target")))
