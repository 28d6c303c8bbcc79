"""First frames from other shots' clips: what is planned, what the fingerprint follows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

import pytest

from sora_batch.planning.capabilities import Capabilities
from sora_batch.planning.plan import Action, Plan
from sora_batch.planning.settled import settled
from sora_batch.records import Clip, History
from sora_batch.shots import FrameReference, ImageReference, Shot, ShotId, Source
from tests.planning.values import clip_of, history_of, manifest, plan, shot, step_of

ONE, TWO = "1" * 64, "2" * 64


def follows(name: str, parent: str, at: Literal["last"] | Decimal = "last", **values: Any) -> Shot:
    return shot(name, reference=FrameReference(ShotId(parent), at), **values)


CHAIN = (shot("hero"), follows("descent", "hero"), shot("rain", remix_of="descent"))


def planned(*clips: Clip, shots: tuple[Shot, ...] = CHAIN) -> Plan:
    return plan(manifest(*shots), history_of(*clips))


def hero_clip(sha256: str = ONE) -> Clip:
    return clip_of(step_of(planned(), "hero"), sha256=sha256)


def test_a_frame_of_a_clip_to_come_is_planned_and_priced() -> None:
    made = planned()
    assert made.problems == ()
    hero, descent, rain = made.steps
    assert [step.action for step in made.steps] == [Action.MAKE] * 3
    assert (hero.awaits, descent.awaits, rain.awaits) == (None, "hero", "hero")
    assert descent.needed == ("hero",)
    assert descent.frame_clip is None


def test_the_fingerprint_follows_the_bytes_of_the_clip() -> None:
    first, second = planned(hero_clip(ONE)), planned(hero_clip(TWO))
    one, two = step_of(first, "descent"), step_of(second, "descent")
    assert one.fingerprint != two.fingerprint
    assert (one.awaits, one.frame_clip) == (None, hero_clip(ONE))
    assert isinstance(one.inputs["reference"], dict)
    assert one.inputs["reference"]["frame_of"] == ONE
    assert step_of(first, "rain").fingerprint != step_of(second, "rain").fingerprint


def test_a_run_completes_a_step_to_what_the_next_plan_says_of_it() -> None:
    before, after = planned(), planned(hero_clip())
    descent = settled(step_of(before, "descent"), {ShotId("hero"): hero_clip()})
    assert descent.fingerprint == step_of(after, "descent").fingerprint
    assert (descent.inputs, descent.awaits) == (step_of(after, "descent").inputs, None)
    child = clip_of(descent, sha256=TWO)
    clips = {ShotId("hero"): hero_clip(), ShotId("descent"): child}
    rain = settled(step_of(before, "rain"), clips)
    assert rain.fingerprint == step_of(after, "rain").fingerprint


def test_a_clip_accepted_for_other_words_keeps_its_children() -> None:
    hero = hero_clip()
    child = clip_of(step_of(planned(hero), "descent"), sha256=TWO)
    shots = (replace(CHAIN[0], prompt="other words"), *CHAIN[1:])
    changed = planned(hero, child, shots=shots)
    assert step_of(changed, "hero").action is Action.MAKE
    assert step_of(changed, "descent").action is Action.MAKE
    assert step_of(changed, "descent").reason == (
        "the clip its first frame is from changed since the last clip"
    )
    now = step_of(changed, "hero")
    accepted = replace(hero, fingerprint=now.fingerprint, inputs=now.inputs, origin="accepted")
    kept = planned(accepted, child, shots=shots)
    assert [step_of(kept, name).action for name in ("hero", "descent")] == [Action.REUSE] * 2


def test_another_clip_adopted_for_the_same_words_does_not_keep_its_children() -> None:
    hero = hero_clip()
    child = clip_of(step_of(planned(hero), "descent"), sha256=TWO)
    adopted = replace(hero, sha256="3" * 64, origin="adopted")
    again = planned(adopted, child)
    assert step_of(again, "hero").action is Action.REUSE
    assert step_of(again, "descent").action is Action.MAKE


def test_a_clip_that_is_gone_is_made_again_with_what_follows_from_it() -> None:
    hero = hero_clip()
    child = clip_of(step_of(planned(hero), "descent"), sha256=TWO)
    history = History(
        clips={child.fingerprint: child},
        latest={hero.shot_id: hero, child.shot_id: child},
    )
    made = plan(manifest(*CHAIN), history)
    assert [step.action for step in made.steps] == [Action.MAKE] * 3


def test_shots_of_the_same_words_and_frame_are_one_render() -> None:
    shots = (shot("hero"), follows("a", "hero", prompt="p"), follows("b", "hero", prompt="p"))
    made = planned(shots=shots)
    assert step_of(made, "b").same_as == "a"
    later = (shots[0], shots[1], follows("b", "hero", Decimal(1), prompt="p"))
    assert step_of(planned(shots=later), "b").same_as is None


@pytest.mark.parametrize(
    ("origin", "at", "message"),
    [
        (shot("hero"), Decimal(8), "`at: 8` is after the end of `hero`, which is 8 s long"),
        (shot("hero"), Decimal("7.9"), None),
        (shot("hero", source=Source("extend", shot=ShotId("base"))), Decimal(12), None),
    ],
)
def test_a_moment_the_clip_will_not_have(origin: Shot, at: Decimal, message: str | None) -> None:
    made = planned(shots=(shot("base"), origin, follows("kid", "hero", at)))
    assert [problem.message for problem in made.problems] == ([message] if message else [])


def test_a_server_without_pictures_takes_no_frames_either() -> None:
    made = manifest(shot("hero"), follows("kid", "hero"), kind="vllm-omni")
    found = plan(made, capabilities=Capabilities(reference=False)).problems
    assert [one.message for one in found] == ["vllm-omni takes no reference picture"]


def test_a_frame_beside_a_source_is_one_too_many() -> None:
    source = Source("remix", shot=ShotId("hero"))
    both = replace(follows("kid", "hero"), source=source)
    (problem,) = planned(shots=(shot("hero"), both)).problems
    assert problem.message == "`remix_of` takes its picture from its source, not from a reference"


def test_a_picture_is_settled_with_its_digest() -> None:
    picture = shot("p", reference=ImageReference("a.png"))
    step = plan(manifest(picture), pictures={"a.png": ONE}).steps[0]
    assert settled(step, {}, picture_sha256=ONE) == step
