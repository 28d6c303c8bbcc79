from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest

from sora_batch.problems import Where
from sora_batch.shots import (
    Fingerprint,
    FrameReference,
    ImageReference,
    JobId,
    Shot,
    ShotId,
    Size,
    Source,
    Target,
    fingerprint_of,
    inputs_of,
)

TARGET = Target("local", "http://local/v1", "sora-2")
SHOT = Shot(
    id=ShotId("hero"),
    spec="hero",
    where=Where("m.yaml", 4, 3),
    prompt="at dawn",
    model="sora-2",
    size=Size(1280, 720),
    seconds=Decimal(4),
)
CHANGES: dict[str, Any] = {
    "prompt": "at dusk",
    "size": Size(720, 1280),
    "seconds": Decimal(8),
    "seed": 7,
    "options": {"steps": 30},
    "reference": ImageReference("a.png"),
    "source": Source("remix", job=JobId("job_1")),
    "take": 2,
}
HARMLESS: dict[str, Any] = {
    "id": ShotId("other"),
    "spec": "other",
    "where": Where("m.yaml", 9, 9),
    "model": "another name for the same server's model",
    "template": "at {{ time }}",
    "needs": (ShotId("first"),),
    "tags": ("social",),
    "row": "lisbon",
    "variant": "calm",
    "axes": (("lens", "24mm"),),
    "variables": {"lens": "24mm"},
    "places": {"prompt": Where("m.yaml", 5, 5)},
}


def fingerprint(shot: Shot, target: Target = TARGET) -> Fingerprint:
    return fingerprint_of(inputs_of(shot, target, picture_sha256="aa", parents={}))


def test_every_field_is_in_the_fingerprint_or_declared_harmless():
    assert {field.name for field in fields(Shot)} == {*CHANGES, *HARMLESS}
    assert not {*CHANGES} & {*HARMLESS}


@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_the_picture_changes_the_fingerprint(name: str):
    assert fingerprint(replace(SHOT, **{name: CHANGES[name]})) != fingerprint(SHOT)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_does_not_change_the_picture_leaves_the_fingerprint(name: str):
    assert fingerprint(replace(SHOT, **{name: HARMLESS[name]})) == fingerprint(SHOT)


@pytest.mark.parametrize("name", ["provider", "base_url", "model"])
def test_the_target_is_in_the_fingerprint(name: str):
    assert fingerprint(SHOT, replace(TARGET, **{name: "other"})) != fingerprint(SHOT)


def test_white_space_around_the_prompt_and_the_first_take_mean_nothing():
    assert fingerprint(replace(SHOT, prompt=" at dawn\n")) == fingerprint(SHOT)
    assert fingerprint(replace(SHOT, take=1)) == fingerprint(SHOT)


def test_the_recipe_of_the_fingerprint_does_not_change_unnoticed():
    assert fingerprint(SHOT) == (
        "f1:166b0a75ed04ee6f57e553afd3cbccea537d0394fd88899a262452fd2d031121"
    )


def test_bytes_and_fit_of_a_picture_count_and_its_name_does_not():
    one = replace(SHOT, reference=ImageReference("a.png"))
    same = replace(SHOT, reference=ImageReference("b.png"))
    other_fit = replace(SHOT, reference=ImageReference("a.png", fit="blur"))
    assert fingerprint(one) == fingerprint(same) != fingerprint(other_fit)
    assert inputs_of(one, TARGET, picture_sha256="aa") != inputs_of(one, TARGET, picture_sha256="b")


def test_a_child_changes_with_its_parent():
    parent = ShotId("hero")
    remix = replace(SHOT, source=Source("remix", shot=parent))
    frame = replace(SHOT, reference=FrameReference(parent, at=Decimal("1.5")))
    for child in (remix, frame):
        before = inputs_of(child, TARGET, parents={parent: Fingerprint("f1:a")})
        after = inputs_of(child, TARGET, parents={parent: Fingerprint("f1:b")})
        assert fingerprint_of(before) != fingerprint_of(after)


def test_needed_are_all_the_shots_it_uses_or_waits_for_each_once():
    shot = replace(
        SHOT,
        needs=(ShotId("a"), ShotId("b")),
        source=Source("extend", shot=ShotId("b")),
        reference=FrameReference(ShotId("c")),
    )
    assert shot.needed == ("a", "b", "c")
    assert SHOT.needed == ()


def test_a_place_that_is_not_known_is_that_of_the_shot():
    shot = replace(SHOT, places={"prompt": Where("m.yaml", 5, 5)})
    assert shot.place("prompt").line == 5
    assert shot.place("seed") == SHOT.where


def test_urls_are_told_from_paths():
    assert ImageReference("https://x.test/a.png").is_url
    assert not ImageReference("https/a.png").is_url
