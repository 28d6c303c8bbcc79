"""The sound of a cut, block by block: the clips' own, with music laid under it.

Every clip's sound is cut or filled up to exactly the samples of its frames; a clip without sound
is silent. Music begins again where it ends too early, and gives way while a clip is heard.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as Ended
from av.error import FFmpegError
from av.filter import Graph
from numpy.typing import NDArray

from sora_batch.media.clips import open_clip
from sora_batch.media.cutting.timeline import SAMPLE_RATE, Stretch, Timeline
from sora_batch.media.operation import OperationFailed
from sora_batch.media.sounds import open_sound

Block: TypeAlias = NDArray[np.float32]
"""Samples of the left and the right channel, a row each."""
Sound: TypeAlias = Callable[[], Iterator[Block]]
"""Begins a sound from its start, as often as it is called."""

BLOCK = SAMPLE_RATE // 2
_IN_S, _OUT_S = 0.4, 2.0
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


def music_sound(path: Path, total: int) -> Iterator[Block]:
    """So many samples of the music, from its start again where it ends, faded in and out.

    Raises OperationFailed where it cannot be read.
    """
    supply = _Supply(_looped(path))
    fade_in = min(round(_IN_S * SAMPLE_RATE), total // 4)
    fade_out = min(round(_OUT_S * SAMPLE_RATE), total // 4)
    for first in range(0, total, BLOCK):
        block = supply.take(min(BLOCK, total - first))
        at = np.arange(first, first + block.shape[1], dtype=np.float32)
        level = np.minimum((at + 1) / max(1, fade_in), (total - at) / max(1, fade_out))
        yield block * np.clip(level, 0, 1)
    supply.close()


def mixed(own: Iterator[Block], music: Iterator[Block], *, own_gain: float) -> Iterator[Block]:
    """The music under the clips' own sound. With `own_gain`, that sound is at DUCKED_AT_LUFS."""
    duck = AudioFilters(2, [("sidechaincompress", _DUCK)])
    late = _Supply(block for block in ())
    for voice, bed in zip(own, music, strict=True):
        late.add(voice)
        for ducked in duck(bed, voice * own_gain):
            yield ducked + late.take(ducked.shape[1])
    for ducked in duck.rest():
        yield ducked + late.take(ducked.shape[1])


class AudioFilters:
    """A filter graph of stereo sound; what comes out may lag behind what went in."""

    def __init__(self, inputs: int, chain: list[tuple[str, str]]) -> None:
        """The inputs meet at the first filter of the chain."""
        graph = Graph()
        given = f"time_base=1/{SAMPLE_RATE}:sample_rate={SAMPLE_RATE}"
        given += ":sample_fmt=fltp:channel_layout=stereo"
        self._buffers = [graph.add("abuffer", given) for _ in range(inputs)]
        filters: list[Any] = [graph.add(name, args) for name, args in chain]
        filters.append(graph.add("aformat", "sample_fmts=fltp:channel_layouts=stereo"))
        filters.append(graph.add("abuffersink"))
        for number, buffer in enumerate(self._buffers):
            buffer.link_to(filters[0], 0, number)
        for one, other in zip(filters, filters[1:], strict=False):
            one.link_to(other)
        graph.configure()
        self._graph, self._sink = graph, filters[-1]
        self._first = 0

    def __call__(self, *blocks: Block) -> Iterator[Block]:
        """What is ready once these have gone in."""
        for frame in self.frames(*blocks):
            yield frame.to_ndarray()

    def frames(self, *blocks: Block) -> Iterator[AudioFrame]:
        """The same, with what the filters have noted on each frame."""
        for buffer, block in zip(self._buffers, blocks, strict=True):
            buffer.push(sound_frame(block, self._first))
        self._first += blocks[0].shape[1]
        yield from self._ready()

    def rest(self) -> Iterator[Block]:
        """What was still held back."""
        for buffer in self._buffers:
            buffer.push(None)
        for frame in self._ready():
            yield frame.to_ndarray()

    def _ready(self) -> Iterator[AudioFrame]:
        while True:
            try:
                frame = self._sink.pull()
            except (NothingYet, Ended):
                return
            yield frame


def sound_frame(block: Block, first: int) -> AudioFrame:
    """The block as the library has it, beginning at that sample."""
    data = np.ascontiguousarray(block, np.float32)
    frame = AudioFrame.from_ndarray(data, format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, first, Fraction(1, SAMPLE_RATE)
    return frame


class _Supply:
    """Samples from blocks of any length, given out in lengths as asked; silence at the end."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._blocks = blocks
        self._held: list[Block] = []
        self._count = 0

    def add(self, block: Block) -> None:
        self._held.append(block)
        self._count += block.shape[1]

    def take(self, count: int) -> Block:
        while self._count < count:
            block = next(self._blocks, None)
            self.add(block if block is not None else _silence(count - self._count))
        held = np.concatenate(self._held, axis=1) if len(self._held) > 1 else self._held[0]
        self._held, self._count = [held[:, count:]], self._count - count
        return held[:, :count]

    def close(self) -> None:
        if isinstance(self._blocks, Generator):
            self._blocks.close()


class _Reader:
    """The sound of one clip of the cut."""

    def __init__(self, timeline: Timeline, stretch: Stretch) -> None:
        at = timeline.sample_at
        self._supply = _Supply(_clip_sound(stretch))
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
        yield from _decoded(container, start=source.start)


def _looped(path: Path) -> Iterator[Block]:
    while True:
        heard = 0
        with open_sound(path) as container:
            try:
                for block in _decoded(container, start=None):
                    heard += block.shape[1]
                    yield block
            except FFmpegError as error:
                message = f"the music {path.name} is damaged and cannot be read to its end"
                raise OperationFailed(message, code="music") from error
        if not heard:
            raise OperationFailed(f"the music {path.name} has no sound in it", code="music")


def _decoded(container: InputContainer, *, start: Fraction | None) -> Iterator[Block]:
    """The sound in stereo at one rate; with `start`, as of that time of the file."""
    stream = container.streams.audio[0]
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
    due = None if start is None else round(start * SAMPLE_RATE)
    for frame in container.decode(stream):
        if due is not None and frame.pts is not None and frame.time_base is not None:
            first = round(frame.pts * frame.time_base * SAMPLE_RATE)
            late, due = first - due, None
            if late > 0:
                yield _silence(min(late, 600 * SAMPLE_RATE))
        for part in resampler.resample(frame):
            yield part.to_ndarray()
    for part in resampler.resample(None):
        yield part.to_ndarray()


def _silence(samples: int) -> Block:
    return np.zeros((2, samples), np.float32)
