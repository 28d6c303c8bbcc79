"""The sound of a cut, block by block: the clips' own, and music laid under it.

Every clip's sound is cut or filled up to exactly the samples of its frames; a clip without sound
is silent.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sora_batch.media.clips import open_clip
from sora_batch.media.cutting.samples import BLOCK, AudioFilters, Block, Supply, decoded
from sora_batch.media.cutting.timeline import Stretch, Timeline

# Against a clip at -20 LUFS: music is 12 dB lower while there is sound, and back within a second.
DUCKED_AT_LUFS = -20.0
_DUCK = "threshold=0.02:ratio=8:attack=60:release=700:knee=4"


def own_sound(timeline: Timeline) -> Iterator[Block]:
    """What the clips are heard to say, one after another, each as long as its frames."""
    readers = [_Reader(timeline, stretch) for stretch in timeline.stretches]
    for reader, following in zip(readers, (*readers[1:], None), strict=True):
        yield from reader.blocks(reader.until_fade)
        if following is not None and reader.fade:
            before, after = (each.blocks(reader.fade) for each in (reader, following))
            done = 0
            for old, new in zip(before, after, strict=True):
                # Equal power: two sounds that are strangers to each other stay as loud together.
                way = (np.arange(old.shape[1], dtype=np.float32) + done) * (
                    np.float32(np.pi / 2) / np.float32(reader.fade)
                )
                yield old * np.cos(way) + new * np.sin(way)
                done += old.shape[1]
        reader.close()


def mixed(own: Iterator[Block], music: Iterator[Block], *, own_gain: float) -> Iterator[Block]:
    """The music under the clips' own sound. With `own_gain`, that sound is at DUCKED_AT_LUFS."""
    duck = AudioFilters(2, [("sidechaincompress", _DUCK)])
    late = Supply(iter(()))
    for voice, bed in zip(own, music, strict=True):
        late.add(voice)
        for ducked in duck(bed, voice * own_gain):
            yield ducked + late.take(ducked.shape[1])
    for ducked in duck.rest():
        yield ducked + late.take(ducked.shape[1])


class _Reader:
    """The sound of one clip of the cut."""

    def __init__(self, timeline: Timeline, stretch: Stretch) -> None:
        at = timeline.sample_at
        self._supply = Supply(_clip_sound(stretch))
        self.fade = at(stretch.end) - at(stretch.end - stretch.fade_out)
        self.until_fade = at(stretch.end - stretch.fade_out) - at(stretch.first + stretch.fade_in)

    def blocks(self, count: int) -> Iterator[Block]:
        """The next so many samples."""
        for first in range(0, count, BLOCK):
            yield self._supply.take(min(BLOCK, count - first))

    def close(self) -> None:
        """Lets go of the file."""
        self._supply.close()


def _clip_sound(stretch: Stretch) -> Iterator[Block]:
    source = stretch.source
    if not source.has_sound:
        return
    with source.piece.blamed(), open_clip(source.piece.path) as (container, _):
        yield from decoded(container, start=source.start)
