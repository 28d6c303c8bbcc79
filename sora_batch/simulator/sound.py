"""The sound of a clip: a quiet tone whose pitch is the prompt's, and a beep on the first frame.

The tone tells clips apart by ear in an assembled cut; the beep is what editors sync on.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from sora_batch.simulator.orders import FRAMES_PER_SECOND

SAMPLE_RATE = 48_000
SAMPLES_PER_FRAME = SAMPLE_RATE // FRAMES_PER_SECOND

_BEEP_HZ = 1000.0
_BEEP_LEVEL = 0.25
_TONE_LEVEL = 0.03
_FADE_SAMPLES = SAMPLE_RATE // 20
# A pentatonic scale from A2: whatever tones follow each other in a cut, none is a wrong note.
_SCALE_HZ = tuple(
    110.0 * 2 ** (octave + step / 12) for octave in range(2) for step in (0, 3, 5, 7, 10)
)


def make_sound(prompt: str, frames: int, seam: int | None = None) -> NDArray[np.float32]:
    """Mono samples, exactly as long as the frames. A seam gets a softer beep of its own."""
    total = frames * SAMPLES_PER_FRAME
    time_s = np.arange(total, dtype=np.float64) / SAMPLE_RATE
    pitch = _SCALE_HZ[hashlib.sha256(prompt.encode()).digest()[0] % len(_SCALE_HZ)]
    tone = np.sin(2 * np.pi * pitch * time_s) + 0.4 * np.sin(4 * np.pi * pitch * time_s + 1)
    breath = 0.75 + 0.25 * np.sin(2 * np.pi * 0.2 * time_s)
    sound = _TONE_LEVEL * breath * tone
    fade = np.minimum(1.0, np.minimum(time_s, time_s[::-1]) * SAMPLE_RATE / _FADE_SAMPLES)
    sound *= fade
    _add_beep(sound, 0, _BEEP_LEVEL)
    if seam is not None and seam < frames:
        _add_beep(sound, seam, _BEEP_LEVEL / 3)
    return sound.astype(np.float32)


def _add_beep(sound: NDArray[np.float64], frame: int, level: float) -> None:
    first = frame * SAMPLES_PER_FRAME
    time_s = np.arange(SAMPLES_PER_FRAME) / SAMPLE_RATE
    edge = np.minimum(1.0, np.minimum(time_s, time_s[::-1]) * 1000)
    sound[first : first + SAMPLES_PER_FRAME] = level * edge * np.sin(2 * np.pi * _BEEP_HZ * time_s)
