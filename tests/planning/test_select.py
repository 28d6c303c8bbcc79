"""The grammar of `--select`, and what comes along."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sora_batch.errors import UsageError
from sora_batch.manifest.settings import Disabled
from sora_batch.planning.absent import no_shot
from sora_batch.planning.plan import Plan
from sora_batch.records import AttemptState, FailureKind, History
from sora_batch.shots import JobId, ShotId
from tests.planning.values import (
    BLIND,
    at,
    attempt_of,
    clip_of,
    failed,
    history_of,
    manifest,
    plan,
    shot,
    step_of,
)

SHOTS = [
    shot("hero", where=at(10), tags=("social", "key")),
    shot("hero-british", where=at(14), remix_of="hero"),
    shot("city.lisbon", where=at(20), tags=("social",)),
    shot("city.oslo", where=at(20), model="sora-2-pro"),
    shot("opener.calm.lens=24mm", where=at(30), places={"prompt": at(32)}),
    shot("opener.calm.lens=85mm", where=at(30), places={"prompt": at(32)}),
    shot("opener.bold.lens=24mm", where=at(30), places={"prompt": at(33)}),
    shot("late", where=at(40), needs=(ShotId("hero-british"),)),
]
EVERYTHING = manifest(*SHOTS)


def chosen(made: Plan) -> list[str]:
    return [step.shot.id for step in made.steps if not step.taken_along]


def along(made: Plan) -> list[str]:
    return [step.shot.id for step in made.steps if step.taken_along]


@pytest.mark.parametrize(
    ("selection", "ids"),
    [
        (["hero"], ["hero"]),
        (["city"], ["city.lisbon", "city.oslo"]),
        (["city.*"], ["city.lisbon", "city.oslo"]),
        (["opener.calm"], ["opener.calm.lens=24mm", "opener.calm.lens=85mm"]),
        (["*.lens=24mm"], ["opener.calm.lens=24mm", "opener.bold.lens=24mm"]),
        (["tag:social"], ["hero", "city.lisbon"]),
        (["tag:soc*"], ["hero", "city.lisbon"]),
        (["model:sora-2-pro"], ["city.oslo"]),
        (["model:*-pro", "late", "hero"], ["hero", "city.oslo", "late"]),
        (["line:10"], ["hero"]),
        (["line:12"], ["hero"]),
        (["line:25"], ["city.lisbon", "city.oslo"]),
        (["line:32"], ["opener.calm.lens=24mm", "opener.calm.lens=85mm"]),
        (["line:999"], ["late"]),
        (["hero+"], ["hero", "hero-british", "late"]),
        (["+late"], ["hero", "hero-british", "late"]),
        (["+hero-british+"], ["hero", "hero-british", "late"]),
        (["+city"], ["city.lisbon", "city.oslo"]),
        (["tag:key+"], ["hero", "hero-british", "late"]),
        (["state:make"], [s.id for s in SHOTS]),
        ([" hero "], ["hero"]),
    ],
)
def test_what_a_selection_means(selection: list[str], ids: list[str]) -> None:
    assert chosen(plan(EVERYTHING, select=selection)) == ids


@pytest.mark.parametrize(
    ("selection", "message", "fix"),
    [
        ("herro", "no shot is called `herro`", "did you mean `hero`?"),
        ("town.*", "no shot matches `town.*`", "there are `hero`"),
        ("zzzzzz", "no shot is called `zzzzzz`", "and others"),
        ("tag:sociel", "no shot has the tag `sociel`", "did you mean `social`?"),
        ("model:sora", "no shot is on the model `sora`", "did you mean `sora-2`?"),
        ("state:faild", "there is no state `faild`", "did you mean `failed`?"),
        ("state:failed", "no shot is in the state `failed`", ""),
        ("state:hold", "no shot is in the state `hold`", ""),
        ("line:3", "line 3 is above all shots", "the first is at line 10"),
        ("line:x", "`x` is not the number of a line", ""),
        ("tags:social", "nothing can be selected by `tags`", "did you mean `tag`?"),
        ("x:social", "nothing can be selected by `x`", "use `tag:`"),
        ("", "an empty selection", "name a shot"),
        ("+", "no shot is called ``", "there are"),
    ],
)
def test_a_selection_that_means_nothing_is_refused(selection: str, message: str, fix: str) -> None:
    with pytest.raises(UsageError) as refusal:
        plan(EVERYTHING, select=[selection])
    assert refusal.value.message == message
    assert fix in refusal.value.fix


OFF = (
    Disabled("Old Hero", "old-hero", at(24), at(25)),
    Disabled("teaser", "teaser", at(44), at(46)),
)


@pytest.mark.parametrize(
    ("selection", "spec", "line"),
    [
        ("teaser", "teaser", 46),
        ("teaser.take1", "teaser", 46),
        ("tea*", "teaser", 46),
        ("+teaser", "teaser", 46),
        ("line:47", "teaser", 46),
        ("Old Hero", "Old Hero", 25),
        ("line:26", "Old Hero", 25),
    ],
)
def test_a_shot_that_is_switched_off_is_said_to_be(selection: str, spec: str, line: int) -> None:
    with pytest.raises(UsageError) as refusal:
        plan(replace(EVERYTHING, disabled=OFF), select=[selection])
    said = f"manifests/harbour.yaml:{line}:5 says `enabled: false`"
    assert refusal.value.message == f"`{spec}` is switched off: {said}"
    assert refusal.value.fix == "delete that, or write `enabled: true`"


def test_a_pattern_still_means_the_shots_that_are_on() -> None:
    on = plan(replace(EVERYTHING, disabled=OFF), select=["?e*", "line:12"])
    assert chosen(on) == ["hero", "hero-british"]


def test_states_of_the_past() -> None:
    made = plan(EVERYTHING)
    refused = attempt_of(step_of(made, "city.oslo"), AttemptState.FAILED, kind=FailureKind.REFUSED)
    weather = attempt_of(step_of(made, "hero"), AttemptState.FAILED, kind=FailureKind.TRANSIENT)
    history = history_of(
        clip_of(step_of(made, "city.lisbon")),
        open=(
            attempt_of(step_of(made, "opener.calm.lens=24mm"), AttemptState.HELD),
            attempt_of(
                step_of(made, "opener.calm.lens=85mm"), AttemptState.HELD, job_id=JobId("v")
            ),
            attempt_of(step_of(made, "opener.bold.lens=24mm"), AttemptState.SUBMITTED),
        ),
        failed={**failed(refused), **failed(weather)},
    )
    expected = {
        "failed": ["hero", "city.oslo"],
        "blocked": ["city.oslo"],
        "done": ["city.lisbon"],
        "reuse": ["city.lisbon"],
        "held": ["opener.calm.lens=24mm", "opener.calm.lens=85mm"],
        "hold": ["opener.calm.lens=24mm"],
        "resume": ["opener.calm.lens=85mm", "opener.bold.lens=24mm"],
        "rendering": ["opener.bold.lens=24mm"],
        "make": ["hero", "hero-british", "late"],
    }
    for state, ids in expected.items():
        assert (
            chosen(plan(EVERYTHING, history, select=[f"state:{state}"], capabilities=BLIND)) == ids
        ), state


def test_what_is_needed_and_not_done_comes_along_through_all_steps() -> None:
    made = plan(EVERYTHING, select=["late"])
    assert (along(made), chosen(made)) == (["hero", "hero-british"], ["late"])


def test_what_is_done_needs_nothing_more() -> None:
    made = plan(EVERYTHING)
    british = history_of(clip_of(step_of(made, "hero-british")))
    assert along(plan(EVERYTHING, british, select=["late"])) == ["hero-british"]
    assert along(plan(EVERYTHING, british, select=["hero-british"])) == []


def test_what_is_rendering_needs_nothing_more() -> None:
    step = step_of(plan(EVERYTHING), "hero-british")
    history = History(open=(attempt_of(step, AttemptState.SUBMITTED),))
    assert along(plan(EVERYTHING, history, select=["hero-british"])) == []


def test_the_shot_whose_render_is_shared_comes_along() -> None:
    both = manifest(shot("a", prompt="p"), shot("b", prompt="p"))
    assert along(plan(both, select=["b"])) == ["a"]


def test_an_id_that_looks_like_a_step_up_is_an_id() -> None:
    odd = manifest(shot("a+"), shot("b", remix_of="a+"))
    assert chosen(plan(odd, select=["a+"])) == ["a+"]
    assert chosen(plan(odd, select=["a++"])) == ["a+", "b"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 9), max_size=2), min_size=10, max_size=10),
    st.sets(st.integers(0, 9)),
    st.sets(st.integers(0, 9), min_size=1),
)
def test_a_plan_of_a_selection_has_all_that_its_steps_need(
    edges: list[list[int]], done: set[int], picked: set[int]
) -> None:
    shots = [
        shot(f"s{n}", needs=tuple(ShotId(f"s{one}") for one in sorted(set(needed)) if one < n))
        for n, needed in enumerate(edges)
    ]
    everything = plan(manifest(*shots))
    history = history_of(*(clip_of(everything.steps[n]) for n in done))
    made = plan(manifest(*shots), history, select=[f"s{n}" for n in picked])
    there = {step.shot.id for step in made.steps}
    assert {f"s{n}" for n in picked} == set(chosen(made))
    for step in made.steps:
        if step.action.value == "make":
            assert there.issuperset(step.needed)
        if step.taken_along:
            assert any(step.shot.id in other.needed for other in made.steps)


def test_a_name_of_many_shots_is_not_called_unknown() -> None:
    many = no_shot("opener", ["hero", "opener.calm", "opener.bold"], ())
    assert many.message == "`opener` is 2 shots, say which"
    assert many.fix == "there are `opener.calm` and `opener.bold`"
