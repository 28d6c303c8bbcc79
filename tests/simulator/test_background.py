"""Pictures of prompts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sora_batch.shots import Size
from sora_batch.simulator.background import make_background
from sora_batch.simulator.palette import oklch

PROMPTS = tuple(f"a harbour, variant {number}" for number in range(12))


@pytest.mark.parametrize("size", [Size(16, 16), Size(64, 36), Size(36, 64), Size(400, 16)])
def test_there_is_a_picture_for_every_size(size: Size) -> None:
    for prompt in PROMPTS:
        assert make_background(prompt, None, size).size == size


def test_a_prompt_always_has_the_same_picture() -> None:
    for prompt in PROMPTS:
        first, second = (make_background(prompt, 3, Size(64, 36)) for _ in range(2))
        assert first.tobytes() == second.tobytes()


def test_no_two_prompts_have_nearly_the_same_picture() -> None:
    pictures = [np.asarray(make_background(p, None, Size(64, 36)), float) for p in PROMPTS]
    for one, other in itertools.combinations(pictures, 2):
        assert np.abs(one - other).mean() > 6


def test_a_seed_changes_the_picture() -> None:
    size = Size(64, 36)
    without, zero, one = (make_background("x", seed, size).tobytes() for seed in (None, 0, 1))
    assert len({without, zero, one}) == 3


def test_white_letters_can_be_read_on_every_picture_at_its_foot() -> None:
    for prompt in PROMPTS:
        picture = np.asarray(make_background(prompt, None, Size(64, 36)), float)
        assert 8 < picture.mean() < 215


def test_oklch_turns_to_the_colours_it_is_known_for() -> None:
    assert oklch(1.0, 0.0, 0).round().tolist() == [255, 255, 255]
    assert oklch(0.0, 0.0, 0).round().tolist() == [0, 0, 0]
    assert oklch(0.62796, 0.25768, 29.234).round().tolist() == [255, 0, 0]
