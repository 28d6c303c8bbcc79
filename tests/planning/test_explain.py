"""Why one shot would be made again, input by input; and the words for what differs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_batch.errors import ProblemsFound, UsageError
from sora_batch.planning.changes import change_words, changed_inputs
from sora_batch.planning.explain import explain_shot
from sora_batch.planning.plan import Action
from sora_batch.records import AttemptState, FailureKind, History
from sora_batch.shots import FrameReference, Json, ShotId, fingerprint_of
from tests.planning.values import (
    NOW,
    at,
    attempt_of,
    clip_of,
    failed,
    history_of,
    manifest,
    plan,
    shot,
)

PLACES = {"prompt": at(12), "seconds": at(13), "takes": at(14)}
A: dict[str, Json] = {"provider": "p", "base_url": "u", "model": "m", "prompt": "x"}


def test_every_input_old_and_new_with_its_place() -> None:
    old = manifest(shot("hero", seconds=Decimal(4)))
    new = manifest(shot("hero", places=PLACES, prompt="new", take=2))
    history = history_of(clip_of(plan(old).steps[0]))
    explained = explain_shot(plan(new, history), history, "hero")
    assert explained.compared == "clip"
    assert explained.since == NOW
    assert [(c.name, c.before, c.now, c.where.line, c.words) for c in explained.changed] == [
        ("prompt", "prompt of hero", "new", 12, "prompt"),
        ("seconds", "4", "8", 13, "seconds"),
        ("take", None, 2, 14, "take"),
    ]
    assert [c.name for c in explained.inputs if not c.changed] == [
        "provider",
        "base_url",
        "model",
        "size",
    ]
    assert explained.step.reason == "prompt, seconds and take changed since the last clip"


def test_an_input_that_is_no_longer_there_is_shown_too() -> None:
    before = plan(manifest(shot("hero", seed=7)))
    history = history_of(clip_of(before.steps[0]))
    (gone,) = explain_shot(plan(manifest(shot("hero")), history), history, "hero").changed
    assert (gone.name, gone.before, gone.now) == ("seed", 7, None)


def test_a_shot_that_is_reused_is_compared_with_the_clip_that_is_used() -> None:
    before = plan(manifest(shot("other", prompt="p")))
    history = history_of(clip_of(before.steps[0]))
    made = plan(manifest(shot("hero", prompt="p")), history)
    explained = explain_shot(made, history, "hero")
    assert explained.step.action is Action.REUSE
    assert explained.changed == ()
    assert explained.clip is not None
    assert explained.clip.shot_id == "other"


def test_without_a_clip_the_latest_attempt_counts_and_without_any_nothing() -> None:
    step = plan(manifest(shot("hero"))).steps[0]
    attempt = attempt_of(step, AttemptState.FAILED, kind=FailureKind.INVALID)
    history = History(failed=failed(attempt))
    made = plan(manifest(shot("hero", prompt="new")), history)
    explained = explain_shot(made, history, "hero")
    assert (explained.compared, explained.attempts) == ("attempt", (attempt,))
    assert [change.name for change in explained.changed] == ["prompt"]
    never = explain_shot(plan(manifest(shot("hero"))), History(), "hero")
    assert (never.compared, never.since, never.changed) == ("", None, ())


def test_an_input_that_is_another_shots_clip_names_that_shot() -> None:
    frame = FrameReference(ShotId("hero"))
    made = plan(manifest(shot("hero"), shot("kid", remix_of="hero"), shot("next", reference=frame)))
    for name, field in [("kid", "remix_of"), ("next", "reference")]:
        inputs = explain_shot(made, History(), name).inputs
        assert {c.name: c.parent for c in inputs if c.parent} == {field: "hero"}


def test_a_shot_nobody_knows_is_refused_with_a_guess() -> None:
    with pytest.raises(UsageError) as refusal:
        explain_shot(plan(manifest(shot("hero"))), History(), "herro")
    assert refusal.value.fix == "did you mean `hero`?"


def test_where_there_is_no_plan_its_problems_are_said_instead() -> None:
    made = plan(manifest(shot("a", remix_of="a")))
    with pytest.raises(ProblemsFound, match="needs itself"):
        explain_shot(made, History(), "a")


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (A, A, ""),
        ({**A, "provider": "q", "base_url": "v"}, A, "provider"),
        ({**A, "base_url": "v"}, A, "server address"),
        ({**A, "provider": "q", "base_url": "v", "model": "n"}, A, "provider and model"),
        ({**A, "seed": None}, A, "seed"),
        ({**A, "options": {"a": 1, "b": 2}}, A, "options"),
        ({**A, "options": {"a": 1, "b": 2}}, {**A, "options": {"a": 1}}, "option b"),
        ({**A, "reference": {"fit": "x"}}, {**A, "reference": {"fit": "y"}}, "reference fit"),
        (
            {**A, "reference": {"fit": "x", "focus": "left"}},
            {**A, "reference": {"fit": "y", "focus": "right"}},
            "reference",
        ),
        ({**A, "edit_of": "f1:a"}, {**A, "edit_of": "f1:b"}, "the shot it edits"),
        ({**A, "news": 1}, A, "news"),
    ],
)
def test_what_differs_in_words(now: dict[str, Json], before: dict[str, Json], words: str) -> None:
    assert change_words(now, before) == words


inputs = st.dictionaries(
    st.sampled_from(["prompt", "model", "seed", "options", "take"]),
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["a", 1.0, [1], [True]]),
)


@given(inputs, inputs)
def test_the_words_and_the_fingerprint_never_disagree(
    now: dict[str, Json], before: dict[str, Json]
) -> None:
    same = fingerprint_of(now) == fingerprint_of(before)
    assert bool(changed_inputs(now, before)) is not same
    assert bool(change_words(now, before)) is not same
