from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from sora_batch.errors import BudgetExceeded, ChangeRefused
from sora_batch.records import Attempt, AttemptId, AttemptState, Ledger, Money
from sora_batch.shots import JobId, ShotId
from sora_batch.store import changes
from sora_batch.store.changes import FOLLOWERS, Page
from sora_batch.store.migrations import upgrade
from tests.store.making import (
    NOW,
    done,
    failed,
    fingerprint,
    held,
    make_attempt,
    make_clip,
    make_run,
    opened,
    rendered,
    submitted,
    whole,
)

S = AttemptState


@pytest.fixture
def page() -> Iterator[Page]:
    db = sqlite3.connect(":memory:", isolation_level=None)
    upgrade(db)
    yield Page(db, Ledger())
    db.close()


def put(page: Page, *attempts: Attempt) -> None:
    for attempt in attempts:
        changes.put_attempt(page, attempt, None)


def in_state(state: AttemptState) -> Attempt:
    attempt = make_attempt()
    return {
        S.SUBMITTING: attempt,
        S.SUBMITTED: submitted(attempt),
        S.RENDERED: rendered(attempt),
        S.HELD: held(submitted(attempt)),
        S.DONE: done(attempt),
        S.FAILED: failed(submitted(attempt)),
        S.CANCELLED: replace(failed(submitted(attempt)), state=S.CANCELLED, failure=None),
    }[state]


@pytest.mark.parametrize("old", S)
@pytest.mark.parametrize("new", S)
def test_an_attempt_only_becomes_what_it_may(
    page: Page, old: AttemptState, new: AttemptState
) -> None:
    put(page, in_state(old))
    if new is old or new in FOLLOWERS[old]:
        put(page, in_state(new))
        return
    with pytest.raises(ChangeRefused, match=f"is {old}|is job vid_a1"):
        put(page, in_state(new))


@pytest.mark.parametrize("old", S)
@pytest.mark.parametrize("new", S)
def test_the_schema_itself_keeps_what_money_hangs_on(
    page: Page, old: AttemptState, new: AttemptState
) -> None:
    """A program that forgets the rules of this one still cannot pay twice."""
    put(page, in_state(old))
    values = (new, in_state(new).money, "vid_a1", '{"kind": "gone"}', "a1")
    statement = "UPDATE attempts SET state = ?, money = ?, job_id = ?, failure = ? WHERE id = ?"
    reopens = old.final and new is not old
    resubmits = new is S.SUBMITTING and old is not S.SUBMITTING
    if reopens or resubmits:
        with pytest.raises(sqlite3.IntegrityError, match=r"final state|is one order"):
            page.db.execute(statement, values)
    else:
        assert page.db.execute(statement, values).rowcount == 1


def test_a_shot_has_one_open_attempt_for_the_same_inputs(page: Page) -> None:
    first = make_attempt("a1")
    second = make_attempt("a2", shot_id=first.shot_id, fingerprint=first.fingerprint, number=2)
    for state in (first, submitted(first), held(submitted(first))):
        put(page, state)
        with pytest.raises(sqlite3.IntegrityError, match=r"attempts\.shot_id"):
            put(page, second)
    put(page, failed(submitted(first), Money.UNCERTAIN), second)
    assert page.db.execute("SELECT count(*) FROM attempts").fetchone() == (2,)


def test_other_inputs_or_another_shot_may_be_ordered_meanwhile(page: Page) -> None:
    first = make_attempt("a1")
    put(
        page,
        first,
        make_attempt("a2", shot_id=first.shot_id),
        make_attempt("a3", fingerprint=first.fingerprint),
    )
    assert page.ledger.reserved == Decimal("2.40")


def test_two_open_attempts_cannot_claim_one_job(page: Page) -> None:
    put(page, submitted(make_attempt("a1"), "vid_7"), make_attempt("a2"))
    with pytest.raises(sqlite3.IntegrityError, match=r"attempts\.job_id"):
        put(page, submitted(make_attempt("a2"), "vid_7"))
    elsewhere = make_attempt("a3", inputs={"base_url": "http://other"})
    put(page, elsewhere, submitted(elsewhere, "vid_7"))
    put(page, failed(submitted(make_attempt("a1"), "vid_7")))
    put(page, submitted(make_attempt("a2"), "vid_7"))


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (make_attempt(money=Money.RELEASED), "an_open_attempt_keeps_its_money"),
        (replace(held(make_attempt()), money=Money.RELEASED), "an_open_attempt_keeps_its_money"),
        (failed(make_attempt(), Money.RESERVED), "a_final_attempt_has_settled_its_money"),
        (failed(make_attempt(), Money.HELD), "a_final_attempt_has_settled_its_money"),
        (replace(done(make_attempt()), money=Money.RELEASED), "a_clip_that_is_there_was_paid"),
        (make_attempt(state=S.SUBMITTED), "a_submitted_attempt_has_its_job_id"),
        (replace(done(make_attempt()), job_id=None), "a_submitted_attempt_has_its_job_id"),
        (replace(failed(make_attempt()), failure=None), "a_failed_attempt_says_why"),
        (make_attempt(number=0), "number >= 1"),
    ],
)
def test_an_attempt_that_makes_no_sense_is_refused(
    page: Page, attempt: Attempt, words: str
) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=words):
        put(page, attempt)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM attempts",
        "UPDATE attempts SET job_id = 'vid_other'",
        "UPDATE attempts SET job_id = NULL",
        "UPDATE attempts SET shot_id = 'another'",
        "UPDATE attempts SET fingerprint = 'f1:0'",
    ],
)
def test_the_schema_forgets_no_order(page: Page, statement: str) -> None:
    put(page, submitted(make_attempt()))
    with pytest.raises(sqlite3.IntegrityError, match=r"never|belongs"):
        page.db.execute(statement)


def test_a_job_id_is_never_replaced_and_an_attempt_stays_with_its_shot(page: Page) -> None:
    first = submitted(make_attempt())
    put(page, first)
    for other in (
        replace(first, job_id=JobId("vid_other")),
        replace(first, job_id=None),
        replace(first, shot_id=ShotId("x")),
        replace(first, fingerprint=fingerprint("x")),
    ):
        with pytest.raises(ChangeRefused, match="cannot"):
            put(page, other)


def test_a_final_attempt_can_be_settled_and_noted_but_not_changed(page: Page) -> None:
    uncertain = failed(submitted(make_attempt()), Money.UNCERTAIN)
    put(page, uncertain, uncertain, replace(uncertain, note="asked them"))
    settled = replace(uncertain, money=Money.SPENT, spent_usd=Decimal("0.40"))
    put(page, settled)
    assert page.ledger == Ledger(spent=Decimal("0.40"))
    for other in (
        replace(settled, money=Money.RELEASED),
        replace(settled, spent_usd=Decimal("0.10")),
        replace(settled, price_usd=Decimal(9)),
        replace(settled, failure=replace(settled.failure, message="x")),  # type: ignore[type-var]
    ):
        with pytest.raises(ChangeRefused, match="final"):
            put(page, other)


def test_the_first_to_say_that_nothing_was_accepted_wins(page: Page) -> None:
    """Two that look into one unknown attempt: only one of them may order again."""
    put(page, make_attempt(), failed(make_attempt()))
    with pytest.raises(ChangeRefused, match="final"):
        put(page, replace(failed(make_attempt()), ended_at=NOW.replace(hour=13)))


def test_the_ledger_counts_what_was_spent_else_what_was_reserved(page: Page) -> None:
    put(
        page,
        make_attempt("a1"),
        make_attempt("a2", price_usd=None),
        held(make_attempt("a3", price_usd=Decimal("1.1"))),
        done(make_attempt("a4"), spent="0.75"),
        done(make_attempt("a5"), spent=None),
        failed(make_attempt("a6"), Money.RELEASED),
        failed(make_attempt("a7"), Money.UNCERTAIN),
    )
    assert page.ledger == Ledger(
        reserved=Decimal("0.80"),
        held=Decimal("1.1"),
        spent=Decimal("1.55"),
        released=Decimal("0.80"),
        uncertain=Decimal("0.80"),
    )


def test_an_order_over_the_budget_is_not_reserved(page: Page) -> None:
    changes.put_attempt(page, make_attempt("a1"), Decimal("1.60"))
    changes.put_attempt(page, make_attempt("a2"), Decimal("1.60"))
    with pytest.raises(BudgetExceeded, match=r"\$2\.40, over the budget of \$1\.60"):
        changes.put_attempt(page, make_attempt("a3"), Decimal("1.60"))
    changes.put_attempt(page, submitted(make_attempt("a1")), Decimal("0.10"))
    changes.put_attempt(page, make_attempt("a4", price_usd=None), Decimal("1.60"))
    assert page.ledger.reserved == Decimal("1.60")


@pytest.mark.parametrize(
    ("attempt", "changed"),
    [
        (submitted(make_attempt()), {}),
        (done(make_attempt()), {"fingerprint": fingerprint("x")}),
        (done(make_attempt()), {"shot_id": ShotId("x")}),
    ],
)
def test_a_clip_is_kept_with_the_attempt_that_made_it(
    page: Page, attempt: Attempt, changed: dict[str, object]
) -> None:
    with pytest.raises(ChangeRefused, match="clip"):
        changes.put_clip(page, attempt, make_clip(attempt, **changed))


def test_forgiving_puts_failures_aside_and_cannot_be_undone_by_a_late_record(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            first, other = failed(make_attempt("a1")), failed(make_attempt("a2"))
            second = replace(first, id=AttemptId("a3"), number=2)
            for attempt in (first, second, other):
                await store.record(attempt)
            assert await store.forgive([first.shot_id, first.shot_id, ShotId("none")], NOW) == 1
            await store.record(first)
            history = store.history(intact=whole)
            assert history.failed == {other.fingerprint: (other,)}
            assert [a.forgiven for a in store.attempts(first.shot_id)] == [True, True]
            assert await store.forgive([first.shot_id], NOW) == 0

    asyncio.run(scenario())


def test_a_run_begins_once_and_ends(page: Page) -> None:
    changes.begin_run(page, make_run())
    with pytest.raises(sqlite3.IntegrityError):
        changes.begin_run(page, make_run())
    with pytest.raises(ChangeRefused, match="no run"):
        changes.end_run(page, make_run("other").id, NOW, "done")
    changes.end_run(page, make_run().id, NOW, "done")
    assert page.db.execute("SELECT outcome FROM runs").fetchall() == [("done",)]
