"""Decides how loud everything in a cut is, and gives its finished sound.

It listens before it decides: to the clips, to the music, and to both together. Decoding sound is
a hundred times quicker than hearing it, so that costs little, and nothing has to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from sora_batch.media.cutting.loudness import Heard, gain_to, levelled, listen
from sora_batch.media.cutting.music import music_sound
from sora_batch.media.cutting.samples import Block
from sora_batch.media.cutting.sound import DUCKED_AT_LUFS, mixed, own_sound
from sora_batch.media.cutting.timeline import Timeline

# Where no clip is heard, music stands a little below what the clips are otherwise.
_MUSIC_BELOW_DB = 4.0


@dataclass(frozen=True, slots=True)
class Finished:
    """The sound of a cut: `begin` starts it; `lufs` is how loud it is, None for silence."""

    begin: Callable[[], Iterator[Block]]
    lufs: float | None


def mix(
    timeline: Timeline, music: Path | None, target_lufs: float, *, wanted: Callable[[], None]
) -> Finished | None:
    """The finished sound; None where neither a clip nor music has any. Raises OperationFailed.

    `wanted` is called now and then while listening and raises when that is of no use any more.
    """
    speaks = any(stretch.source.has_sound for stretch in timeline.stretches)
    if not speaks and music is None:
        return None
    begin: Callable[[], Iterator[Block]] = partial(own_sound, timeline)
    if music is not None:
        begin = _under(timeline, begin, music, wanted)
    heard = listen(begin(), wanted)
    gain = gain_to(target_lufs, heard)
    lufs = None if heard.lufs is None else heard.lufs + 20 * float(np.log10(gain))
    return Finished(lambda: levelled(begin(), gain, heard), lufs)


def _under(
    timeline: Timeline,
    own: Callable[[], Iterator[Block]],
    music: Path,
    wanted: Callable[[], None],
) -> Callable[[], Iterator[Block]]:
    """The clips with the music under them, each at the level that suits the other."""
    total = timeline.sample_at(timeline.frames)
    bed = partial(music_sound, music, total)
    voice, tune = listen(own(), wanted), listen(bed(), wanted)
    level = DUCKED_AT_LUFS if voice.lufs is None else voice.lufs
    gain = np.float32(gain_to(level - _MUSIC_BELOW_DB, tune))
    key = _key_gain(voice)
    return lambda: mixed(own(), (block * gain for block in bed()), own_gain=key)


def _key_gain(voice: Heard) -> float:
    """What brings the clips' sound to the loudness the ducking is set for."""
    return gain_to(DUCKED_AT_LUFS, voice)
