"""The tone and the beep."""

from __future__ import annotations

import numpy as np

from sora_batch.simulator.sound import SAMPLES_PER_FRAME, make_sound


def loudness(samples: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(samples**2)))


def test_the_sound_is_as_long_as_the_frames() -> None:
    assert [len(make_sound("x", frames)) for frames in (1, 7, 96)] == [2000, 14000, 192000]


def test_the_first_frame_beeps_over_a_quiet_tone() -> None:
    sound = make_sound("x", 96)
    beep, tone = sound[:SAMPLES_PER_FRAME], sound[SAMPLES_PER_FRAME:]
    assert loudness(beep) > 5 * loudness(tone)
    assert 0.005 < loudness(tone) < 0.05
    assert float(np.abs(sound).max()) < 0.3


def test_a_seam_beeps_softly() -> None:
    sound = make_sound("x", 96, seam=48)
    seam = sound[48 * SAMPLES_PER_FRAME : 49 * SAMPLES_PER_FRAME]
    before = sound[47 * SAMPLES_PER_FRAME : 48 * SAMPLES_PER_FRAME]
    assert loudness(before) < loudness(seam) < loudness(sound[:SAMPLES_PER_FRAME])


def test_prompts_sound_different_and_always_the_same() -> None:
    sounds = [make_sound(prompt, 24) for prompt in ("a", "b", "c", "d")]
    assert any(not np.array_equal(sounds[0], other) for other in sounds[1:])
    assert np.array_equal(sounds[0], make_sound("a", 24))
