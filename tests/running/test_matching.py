"""Which jobs of a list are taken for the answers that were lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_batch.providers.provider import JobReport, JobStatus
from sora_batch.records import Attempt, AttemptId, AttemptState, Money, RunId
from sora_batch.running.matching import Fit, Lost, fit, match, shown_fields
from sora_batch.shots import Fingerprint, JobId, Json, ShotId

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SURE = dict.fromkeys(("prompt", "model", "size", "seconds"), True)


def lost(name: str = "a", after_s: float = 0.0, **inputs: Json) -> Lost:
    ordered: dict[str, Json] = {
        "prompt": "dawn  over\nthe harbour",
        "model": "m",
        "size": "1280x720",
        "seconds": "4",
        **inputs,
    }
    sources = {JobId(str(v)) for k, v in inputs.items() if k.endswith("_of")}
    attempt = Attempt(
        id=AttemptId(name),
        run_id=RunId("r"),
        shot_id=ShotId(name),
        fingerprint=Fingerprint(name),
        number=1,
        state=AttemptState.HELD,
        provider="p",
        model=str(ordered["model"]),
        money=Money.HELD,
        price_usd=None,
        inputs=ordered,
        created_at=NOW,
    )
    return Lost(attempt=attempt, since=NOW + timedelta(seconds=after_s), sources=frozenset(sources))


def job(name: str = "j", after_s: float = 1.0, **values: Any) -> JobReport:
    known: dict[str, Any] = {
        "id": JobId(name),
        "status": JobStatus.RENDERING,
        "raw_status": "in_progress",
        "created_at": NOW + timedelta(seconds=after_s),
        "prompt": "dawn over the harbour",
        "model": "m",
        "size": "1280x720",
        "seconds": "4",
    }
    return JobReport(**{**known, **values})


@pytest.mark.parametrize(
    ("order", "found", "shown", "expected"),
    [
        (lost(), job(), {}, Fit.EQUAL),
        (lost(), job(after_s=-1), SURE, Fit.OTHER),
        (lost(), job(prompt="dusk"), {}, Fit.OTHER),
        (lost(), job(prompt=None), SURE, Fit.NEAR),
        (lost(), job(created_at=None), SURE, Fit.NEAR),
        (lost(), job(size=None), {}, Fit.EQUAL),
        (lost(), job(seconds="4.04"), {}, Fit.EQUAL),
        (lost(), job(seconds="8"), {}, Fit.NEAR),
        (lost(), job(seconds="8"), SURE, Fit.OTHER),
        (lost(), job(model="m-2025"), {}, Fit.NEAR),
        (lost(), job(model="m-2025"), {"model": False}, Fit.EQUAL),
        (lost(), job(model="m-2025"), SURE, Fit.OTHER),
        (lost(), job(source_job=JobId("x")), SURE, Fit.OTHER),
        (lost(remix_of="x"), job(source_job=JobId("x"), size="9x9"), SURE, Fit.EQUAL),
        (lost(remix_of="x"), job(source_job=JobId("y")), SURE, Fit.OTHER),
        (lost(remix_of="x"), job(), SURE, Fit.NEAR),
        (lost(extend_of="x"), job(seconds="12"), SURE, Fit.EQUAL),
    ],
)
def test_a_job_is_compared_by_what_a_list_shows(
    order: Lost, found: JobReport, shown: dict[str, bool], expected: Fit
) -> None:
    assert fit(order, found, shown) is expected


def test_what_a_list_shows_is_learned_from_jobs_we_know() -> None:
    known = [(lost().attempt, job()), (lost().attempt, job(model="m-2025", size=None))]
    assert shown_fields(known) == {"prompt": True, "model": False, "size": True, "seconds": True}
    assert shown_fields([], lists_models=False) == {"model": False}


def test_one_job_for_one_order() -> None:
    found = match([lost("a")], [job("j")], shown={})
    assert {name: one.id for name, one in found.adopted.items()} == {"a": "j"}


def test_equal_orders_get_one_each_and_the_rest_none() -> None:
    orders = [lost("a"), lost("b", after_s=5), lost("c", after_s=9)]
    found = match(orders, [job("k", after_s=7), job("j")], shown={})
    assert {name: one.id for name, one in found.adopted.items()} == {"a": "j", "b": "k"}
    assert found.absent == {"c"}


def test_different_takes_are_equal_and_different_seeds_are_not() -> None:
    takes = match([lost("a"), lost("b", take=2)], [job("j"), job("k")], shown={})
    assert len(takes.adopted) == 2
    seeds = match([lost("a", seed=1), lost("b", seed=2)], [job("j"), job("k")], shown={})
    assert (seeds.adopted, set(seeds.candidates)) == ({}, {"a", "b"})


def test_more_jobs_than_orders_are_candidates() -> None:
    found = match([lost("a")], [job("k", after_s=2), job("j")], shown={})
    assert [one.id for one in found.candidates[AttemptId("a")]] == ["j", "k"]


def test_an_equal_order_on_its_way_makes_it_unclear() -> None:
    found = match([lost("a")], [job("j")], on_their_way=[lost("b")], shown={})
    assert (found.unclear, found.adopted) == ({"a"}, {})
    nothing = match([lost("a")], [], on_their_way=[lost("b")], shown={})
    assert nothing.absent == {"a"}


def test_an_order_is_not_absent_while_a_job_might_be_its() -> None:
    found = match([lost("a")], [job("j", seconds="8")], shown={})
    assert (found.absent, len(found.candidates[AttemptId("a")])) == (set(), 1)
    four = lost("a")
    eight = lost("b", seconds="8")
    both = match([four, eight], [job("j"), job("k", seconds="8")], shown={})
    assert {name: one.id for name, one in both.adopted.items()} == {"a": "j", "b": "k"}


@given(
    st.lists(st.tuples(st.sampled_from("pq"), st.floats(0, 50), st.sampled_from("12"))),
    st.lists(st.tuples(st.sampled_from("pq"), st.floats(-10, 60)), max_size=12),
)
def test_no_job_is_given_twice_and_none_to_an_order_that_began_later(
    orders: list[tuple[str, float, str]], jobs: list[tuple[str, float]]
) -> None:
    known = [
        lost(f"a{n}", after_s, prompt=prompt, seed=seed)
        for n, (prompt, after_s, seed) in enumerate(orders)
    ]
    listed = [job(f"j{n}", after_s, prompt=prompt) for n, (prompt, after_s) in enumerate(jobs)]
    found = match(known, listed, shown=SURE)
    given_out = [one.id for one in found.adopted.values()]
    assert len(given_out) == len(set(given_out))
    began = {one.attempt.id: one for one in known}
    for name, one in found.adopted.items():
        assert one.created_at is not None
        assert one.created_at >= began[name].since
        assert one.prompt == began[name].attempt.inputs["prompt"]
    settled = [set(found.adopted), set(found.candidates), found.absent, found.unclear]
    assert sum(map(len, settled)) == len(known)


def test_a_job_of_an_order_that_is_absent_is_nobodys() -> None:
    late = replace(lost("a"), since=NOW + timedelta(seconds=30))
    assert match([late], [job("j")], shown=SURE).absent == {"a"}
