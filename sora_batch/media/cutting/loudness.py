"""How loud a sound is (EBU R128), and what brings it to the loudness asked for.

Two passes: one listens to the whole cut, the other turns it up or down by one gain, so that what
is quiet stays quiet beside what is loud. Peaks that would then clip are held back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sora_batch.media.cutting.samples import AudioFilters, Block

_SILENT_LUFS = -69.0
_MOST_GAIN_DB = 24.0
# A decibel below full scale, and half a one for what the AAC encoder overshoots.
_CEILING = 10 ** (-1.5 / 20)
_LIMITER = f"limit={_CEILING:.4f}:level=0:latency=1:attack=5:release=60"


@dataclass(frozen=True, slots=True)
class Heard:
    """Integrated loudness in LUFS, None for silence; the highest sample, 1.0 is full scale."""

    lufs: float | None
    peak: float


def listen(sound: Iterator[Block], wanted: Callable[[], None] = lambda: None) -> Heard:
    """Hears the sound to its end; `wanted` is called with every block and may raise."""
    meter = AudioFilters(1, [("ebur128", "metadata=1:framelog=quiet")])
    peak, lufs = 0.0, "-inf"
    for block in sound:
        wanted()
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        for frame in meter.frames(block):
            lufs = frame.metadata.get("lavfi.r128.I", lufs)
    level = float(lufs)
    return Heard(level if level > _SILENT_LUFS else None, peak)


def gain_to(target_lufs: float, heard: Heard) -> float:
    """The factor that makes it as loud as that, or as near as is sensible: hiss stays hiss."""
    if heard.lufs is None:
        return 1.0
    decibels = min(target_lufs - heard.lufs, _MOST_GAIN_DB)
    return float(10 ** (decibels / 20))


def levelled(sound: Iterator[Block], gain: float, heard: Heard) -> Iterator[Block]:
    """The sound times the gain, its peaks held back where they would clip."""
    if heard.peak * gain <= _CEILING:
        for block in sound:
            yield block * np.float32(gain)
        return
    limiter = AudioFilters(1, [("alimiter", _LIMITER)])
    for block in sound:
        yield from limiter(block * np.float32(gain))
    yield from limiter.rest()
