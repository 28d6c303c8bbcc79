"""When a job is asked about."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.polling import RENDERS, asked
from sora_batch.running.polling import LONGEST_S, Pace, next_poll_s


def polls(render_s: float, took_s: list[float]) -> tuple[int, float]:
    """How often a job that takes so long is asked about, and how late its end is seen."""
    now = 0.0
    for count in itertools.count(1):
        now += next_poll_s(now, took_s=took_s, hint_s=None, floor_s=1.0)
        if now >= render_s:
            return count, now - render_s
    raise AssertionError


@pytest.mark.parametrize("render_s", [60.0, 120.0, 300.0, 900.0])
def test_a_known_render_takes_a_tenth_of_the_polls_and_is_seen_soon(render_s: float) -> None:
    count, late_s = polls(render_s, [render_s])
    assert count <= render_s / 10
    assert late_s <= 0.03 * render_s


def test_a_job_is_asked_about_when_an_earlier_one_would_just_have_been_over() -> None:
    took_s = [40.0, 60.0, 61.0, 90.0]
    assert next_poll_s(25.0, took_s=took_s, hint_s=None, floor_s=1.0) == pytest.approx(13.8)
    assert next_poll_s(57.0, took_s=took_s, hint_s=None, floor_s=1.0) == pytest.approx(1.71)
    # Between two that lie far apart, no end is seen much too late either.
    assert next_poll_s(60.0, took_s=took_s, hint_s=None, floor_s=1.0) == pytest.approx(4.8)


def test_what_fails_at_once_is_seen_long_before_its_time() -> None:
    assert next_poll_s(0.0, took_s=[600.0], hint_s=None, floor_s=1.0) < 0.35 * 600
    assert next_poll_s(0.0, took_s=[20.0], hint_s=None, floor_s=1.0) <= 0.97 * 20


def test_an_unknown_render_is_asked_about_ever_more_seldom() -> None:
    count, late_s = polls(600.0, [])
    assert count < 90
    assert late_s <= LONGEST_S


def test_the_usual_time_is_gone_by_until_this_run_has_seen_some() -> None:
    pace, key = Pace(), ("m", "8")
    assert pace.took_s(key, usual_s=None) == ()
    assert pace.took_s(key, usual_s=50.0) == (40.0, 50.0)
    for seconds in (70.0, 60.0):
        pace.took(key, seconds)
    assert pace.took_s(key, usual_s=50.0) == [60.0, 70.0]


@pytest.mark.parametrize("what", ["60 s", "300 s, give or take 20 %", "600 s"])
def test_most_servers_are_asked_a_tenth_as_often_as_once_a_second(what: str) -> None:
    found = asked(RENDERS[what], jobs=400)
    assert found.share <= 0.1
    assert found.late <= 0.03


def test_a_servers_hint_is_honoured() -> None:
    assert next_poll_s(0, took_s=(), hint_s=20.0, floor_s=1.0) == 20.0


@given(
    st.floats(0, 1e6),
    st.lists(st.floats(0.1, 1e5), max_size=5).map(sorted),
    st.none() | st.floats(0, 60),
    st.floats(0.01, 5),
)
def test_the_wait_is_never_shorter_than_is_polite_nor_longer_than_is_useful(
    elapsed_s: float, took_s: list[float], hint_s: float | None, floor_s: float
) -> None:
    wait_s = next_poll_s(elapsed_s, took_s=took_s, hint_s=hint_s, floor_s=floor_s)
    most_s = max([LONGEST_S, 0.34 * took_s[0]] if took_s else [LONGEST_S])
    most_s = max(most_s, 0.08 * elapsed_s) if took_s and elapsed_s < took_s[-1] else most_s
    assert max(floor_s, hint_s or 0) <= wait_s <= max(most_s, floor_s, hint_s or 0)
