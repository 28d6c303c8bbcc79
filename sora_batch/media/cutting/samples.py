"""Blocks of samples, and what decodes, stores and filters them.

All sound of a cut is stereo at 48 kHz. Knows nothing of clips and their order.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeAlias

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as Ended
from av.filter import Graph
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
BLOCK = SAMPLE_RATE // 2

Block: TypeAlias = NDArray[np.float32]
"""Samples of the left and the right channel, a row each."""

_LATEST_S = 600


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
        for one, other in pairwise(filters):
            one.link_to(other)
        graph.configure()
        self._graph, self._sink = graph, filters[-1]
        self._first = 0

    def __call__(self, *blocks: Block) -> Iterator[Block]:
        """What is ready once these have gone in."""
        for frame in self.frames(*blocks):
            yield block_of(frame)

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
            yield block_of(frame)

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


def block_of(frame: AudioFrame) -> Block:
    """The samples of a frame."""
    block: Block = np.asarray(frame.to_ndarray(), np.float32)
    return block


class Supply:
    """Samples from blocks of any length, given out in lengths as asked; silence at the end."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._blocks = blocks
        self._held: list[Block] = []
        self._count = 0

    def add(self, block: Block) -> None:
        """Lays a block behind those that are held."""
        self._held.append(block)
        self._count += block.shape[1]

    def take(self, count: int) -> Block:
        """The next so many samples."""
        while self._count < count:
            block = next(self._blocks, None)
            self.add(block if block is not None else silence(count - self._count))
        held = np.concatenate(self._held, axis=1) if len(self._held) > 1 else self._held[0]
        self._held, self._count = [held[:, count:]], self._count - count
        return held[:, :count]

    def close(self) -> None:
        """Lets go of what the blocks come from."""
        if isinstance(self._blocks, Generator):
            self._blocks.close()


def decoded(container: InputContainer, *, start: Fraction | None) -> Iterator[Block]:
    """The sound in stereo at one rate; with `start`, as of that time of the file."""
    stream = container.streams.audio[0]
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
    due = None if start is None else round(start * SAMPLE_RATE)
    for frame in container.decode(stream):
        if due is not None and frame.pts is not None and frame.time_base is not None:
            first = round(frame.pts * frame.time_base * SAMPLE_RATE)
            late, due = first - due, None
            if late > 0:
                yield silence(min(late, _LATEST_S * SAMPLE_RATE))
        for part in resampler.resample(frame):
            yield block_of(part)
    for part in resampler.resample(None):
        yield block_of(part)


def silence(samples: int) -> Block:
    """So many samples of nothing."""
    return np.zeros((2, samples), np.float32)
