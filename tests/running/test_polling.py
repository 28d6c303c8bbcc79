"""When a job is asked about."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_batch.running.polling import LONGEST_S, next_poll_s


def polls(render_s: float, expected_s: float | None, floor_s: float = 1.0) -> tuple[int, float]:
    """How often a job that takes so long is asked about, and how late its end is seen."""
    now = 0.0
    for count in itertools.count(1):
        now += next_poll_s(now, expected_s=expected_s, hint_s=None, floor_s=floor_s)
        if now >= render_s:
            return count, now - render_s
    raise AssertionError


@pytest.mark.parametrize("render_s", [60.0, 120.0, 300.0])
def test_a_known_render_takes_few_polls_and_is_seen_soon(render_s: float) -> None:
    count, late_s = polls(render_s, expected_s=render_s)
    assert count <= max(15, render_s / 5)
    assert late_s <= 0.035 * render_s + 1


def test_an_unknown_render_is_asked_about_ever_more_seldom() -> None:
    count, late_s = polls(600.0, expected_s=None)
    assert count < 90
    assert late_s <= LONGEST_S


def test_a_servers_hint_is_honoured() -> None:
    assert next_poll_s(0, expected_s=None, hint_s=20.0, floor_s=1.0) == 20.0


@given(
    st.floats(0, 1e6),
    st.none() | st.floats(0, 1e5),
    st.none() | st.floats(0, 60),
    st.floats(0.01, 5),
)
def test_the_wait_is_never_shorter_than_is_polite_nor_longer_than_is_useful(
    elapsed_s: float, expected_s: float | None, hint_s: float | None, floor_s: float
) -> None:
    wait_s = next_poll_s(elapsed_s, expected_s=expected_s, hint_s=hint_s, floor_s=floor_s)
    assert max(floor_s, hint_s or 0) <= wait_s <= max(LONGEST_S, floor_s, hint_s or 0)
