"""How long things should take."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sora_batch.manifest.settings import Limits, ModelLimit
from sora_batch.planning.times import Stopwatch, at_least, chains, critical_path, makespan
from sora_batch.records import AttemptState, History
from sora_batch.shots import Target
from tests.planning.values import attempt_of, clip_of, history_of, manifest, plan, shot

OWN = Target("vllm-omni", "http://x/v1", "wan")


@pytest.mark.parametrize(
    ("known", "seconds", "expected_s", "guessed"),
    [
        ({("wan", "8"): 50.0}, "8", 50.0, False),
        ({("wan", "8"): 48.0}, "4", 24.0, False),
        ({("other", "8"): 48.0}, "4", 48.0, True),
        ({}, "10", 120.0, True),
    ],
)
def test_how_long_a_render_should_take(
    known: dict[tuple[str, str], float], seconds: str, expected_s: float, guessed: bool
) -> None:
    watch = Stopwatch(known)
    assert watch.expected(OWN, Decimal(seconds)) == expected_s
    assert watch.guesses is guessed


def test_the_embedded_provider_is_guessed_to_be_quick() -> None:
    assert Stopwatch({}).expected(Target("local", "", "sora-2"), Decimal(10)) == 6.0


def test_a_chain_is_as_long_as_what_waits_for_it() -> None:
    needed_by = {0: (1, 2), 2: (3,)}
    length = chains([0, 1, 2, 3], [10.0, 50.0, 20.0, 5.0], needed_by)
    assert length == [60.0, 50.0, 25.0, 5.0]
    assert critical_path([0, 1, 2, 3], [10.0, 50.0, 20.0, 5.0], length, needed_by) == [0, 1]


def test_what_takes_no_time_is_on_no_path() -> None:
    length = chains([0, 1, 2], [0.0, 0.0, 7.0], {0: (1,), 1: (2,)})
    assert critical_path([0, 1, 2], [0.0, 0.0, 7.0], length, {0: (1,), 1: (2,)}) == [2]
    assert critical_path([], [], [], {}) == []


@pytest.mark.parametrize(("at_once", "expected_s"), [(1, 85.0), (2, 60.0), (3, 60.0)])
def test_the_longest_chain_goes_first(at_once: int, expected_s: float) -> None:
    own, needs, needed_by = [10.0, 50.0, 20.0, 5.0], {1: (0,), 3: (2,)}, {0: (1,), 2: (3,)}
    length = chains(range(4), own, needed_by)
    took = makespan(range(4), own, length, needs=needs, needed_by=needed_by, concurrency=at_once)
    assert took == expected_s


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=15),
    st.integers(1, 5),
    st.data(),
)
def test_no_schedule_beats_its_bounds_and_none_is_twice_as_long(
    own: list[float], at_once: int, data: st.DataObject
) -> None:
    needs = {}
    for n in range(1, len(own)):
        needed = data.draw(st.sets(st.integers(0, n - 1), max_size=2))
        if needed:
            needs[n] = tuple(needed)
    needed_by: dict[int, list[int]] = {}
    for n, needed_ones in needs.items():
        for one in needed_ones:
            needed_by.setdefault(one, []).append(n)
    order = range(len(own))
    length = chains(order, own, needed_by)
    took = makespan(order, own, length, needs=needs, needed_by=needed_by, concurrency=at_once)
    bound = max(*length, sum(own) / at_once)
    assert bound - 1e-6 <= took <= 2 * bound + 1e-6


@pytest.mark.parametrize(
    ("limits", "bound_s"),
    [
        (Limits(), 0.0),
        (Limits(requests_per_minute=6), 40.0),
        (Limits(models={"a": ModelLimit(concurrency=1)}), 30.0),
        (Limits(models={"a": ModelLimit(requests_per_minute=1)}), 120.0),
        (Limits(models={"b": ModelLimit()}), 10.0),
    ],
)
def test_limits_ask_for_time_of_their_own(limits: Limits, bound_s: float) -> None:
    assert at_least(limits, {"a": [10.0, 10.0, 10.0], "b": [10.0, 10.0]}) == bound_s


def test_a_plan_expects_only_what_is_still_to_be_rendered() -> None:
    shots = [shot("a"), shot("b"), shot("c"), shot("d", remix_of="c")]
    known = {("sora-2", "8"): 60.0}
    before = plan(manifest(*shots))
    rendered = attempt_of(before.steps[1], AttemptState.RENDERED)
    history = history_of(clip_of(before.steps[0]), open=(rendered,), render_seconds=known)
    made = plan(manifest(*shots, limits=Limits(concurrency=1)), history)
    assert (made.expected_s, made.critical_path_s) == (120.0, 120.0)
    assert made.critical_path == ("c", "d")
    assert [step.chain_s for step in made.steps] == [0.0, 0.0, 120.0, 60.0]


def test_a_plan_with_nothing_to_do_takes_no_time_and_guesses_nothing() -> None:
    before = plan(manifest(shot("a")))
    made = plan(manifest(shot("a")), history_of(clip_of(before.steps[0])))
    assert (made.expected_s, made.expected_is_guess, made.critical_path) == (0.0, False, ())


def test_a_plan_that_knows_nothing_of_a_model_says_that_it_guesses() -> None:
    assert plan(manifest(shot("a")), History()).expected_is_guess
