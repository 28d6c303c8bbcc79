from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_batch.records import Attempt, AttemptState, Clip, Failure, FailureKind, Money, RunRow
from sora_batch.store import rows
from tests.store.making import NOW, done, failed, make_attempt, make_clip, make_run

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
MONEY = st.none() | st.decimals(0, 10**9, allow_nan=False, places=6) | st.just(Decimal("1E+3"))
TIMES = st.none() | st.datetimes(timezones=st.just(UTC))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FAILURES = st.none() | st.builds(
    Failure, st.sampled_from(FailureKind), st.text(), st.text(), st.sampled_from(["", "prompt"])
)


@given(
    st.builds(
        make_attempt,
        name=TEXT,
        number=st.integers(1, 99),
        state=st.sampled_from(AttemptState),
        money=st.sampled_from(Money),
        price_usd=MONEY,
        spent_usd=MONEY,
        job_id=st.none() | TEXT,
        failure=FAILURES,
        note=TEXT,
        forgiven=st.booleans(),
        inputs=st.dictionaries(TEXT, JSON, max_size=4),
        submitted_at=TIMES,
        rendered_at=TIMES,
        ended_at=TIMES,
    )
)
def test_an_attempt_is_read_as_it_was_written(attempt: Attempt) -> None:
    row = rows.attempt_row(attempt)
    assert len(row) == len(rows.ATTEMPT_COLUMNS) + len(rows.DERIVED_COLUMNS)
    assert rows.attempt_from(row) == attempt


@pytest.mark.parametrize(
    "clip",
    [
        make_clip(done(make_attempt())),
        make_clip(make_attempt(), attempt_id=None, job_id=None, spent_usd=None, differs=""),
        make_clip(done(make_attempt()), has_audio=False, origin="adopted", bytes=2**40),
    ],
)
def test_a_clip_is_read_as_it_was_written(clip: Clip) -> None:
    assert rows.clip_from(rows.clip_row(clip)) == clip


@pytest.mark.parametrize(
    "run", [make_run(), make_run(budget_usd=None, ended_at=NOW, outcome="x", file="../a.yaml")]
)
def test_a_run_is_read_as_it_was_written(run: RunRow) -> None:
    assert rows.run_from(rows.run_row(run)) == run


def test_every_field_of_a_record_has_a_column() -> None:
    assert tuple(f.name for f in fields(RunRow)) == rows.RUN_COLUMNS
    assert {f.name for f in fields(Attempt)} == set(rows.ATTEMPT_COLUMNS)
    assert {f.name for f in fields(Clip)} - {"size"} == set(rows.CLIP_COLUMNS) - {"width", "height"}


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-0.01"])
def test_what_is_no_amount_of_money_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="no amount of money"):
        rows.attempt_row(make_attempt(price_usd=Decimal(amount)))


def test_a_time_without_a_zone_is_refused_and_any_zone_is_kept_as_utc() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        rows.attempt_row(make_attempt(created_at=datetime(2026, 1, 1)))  # noqa: DTZ001
    there = datetime(2026, 1, 1, 5, tzinfo=timezone(timedelta(hours=5)))
    read = rows.attempt_from(rows.attempt_row(make_attempt(created_at=there)))
    assert read.created_at == there
    assert read.created_at.tzinfo is UTC


def test_times_sort_as_text() -> None:
    moments = [NOW + timedelta(microseconds=n) for n in (0, 1, 999_999, 1_000_000, 86_400_000_000)]
    assert sorted(map(rows.time_text, moments)) == [rows.time_text(m) for m in moments]


def test_half_a_surrogate_from_a_server_does_not_hinder_the_record() -> None:
    words = "bad \ud800 words"
    failure = Failure(FailureKind.REFUSED, "refused", words)
    attempt = failed(make_attempt(note=words, job_id=words))
    row = rows.attempt_row(make_attempt(note=words, job_id=words, failure=failure))
    read = rows.attempt_from(row)
    assert read.failure == failure
    assert read.note == read.job_id == "bad ? words"
    assert attempt.note == words
