"""Writes a cut into an MP4: H.264 and AAC, its index at the front, so that it plays at once.

Pictures and sound go in together, half a second of sound ahead at most, so nothing piles up.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from sora_batch.media.clips import open_clip
from sora_batch.media.colours import BT709, LIMITED
from sora_batch.media.cutting.samples import SAMPLE_RATE, Block, sound_frame
from sora_batch.media.cutting.timeline import Timeline
from sora_batch.media.operation import OperationFailed
from sora_batch.shots import Size

# Measured at 720p on animatics and camera footage: quality nobody tells from the clips' own.
_QUALITY = {"preset": "veryfast", "crf": "18"}
_SOUND_BITS = 192_000
_KEY_EVERY_S = 2
_THREADS = min(8, os.cpu_count() or 1)
_BITEXACT = 0x400
_LOOK_EVERY = 24


@dataclass(frozen=True, slots=True)
class Film:
    """What is written: pictures, as frames or as packets, and sound, which may be None."""

    timeline: Timeline
    size: Size
    title: str
    sound: Iterator[Block] | None
    frames: Iterator[VideoFrame] | None = None
    packets: Iterator[Packet[VideoStream]] | None = None


def write_film(path: Path, film: Film) -> None:
    """Writes over the file at that path. Raises OperationFailed when somebody removes it."""
    require_wanted(path)
    options = {"movflags": "+faststart"}
    with av.open(f"file:{path}", "w", format="mp4", options=options) as container:
        # Without it the file would name the library versions it was written with.
        container.flags |= _BITEXACT
        container.metadata["title"] = film.title
        pictures = _written_packets(container, film)
        track = _Track(container, film)
        for number, packets in enumerate(pictures):
            if number % _LOOK_EVERY == 0:
                require_wanted(path)
            track.write_until(number)
            container.mux(packets)
        track.finish()


def require_wanted(path: Path) -> None:
    """Raises OperationFailed (`abandoned`) where the file to be written is gone."""
    if not path.exists():
        raise OperationFailed("nobody wants the cut any more", code="abandoned")


def _written_packets(
    container: OutputContainer, film: Film
) -> Iterator[Sequence[Packet[VideoStream]]]:
    """What is to be muxed for every picture; the stream for it is there when this returns."""
    if film.packets is None:
        return _encoded(_pictures(container, film), film.frames or (), film.timeline.fps)
    with open_clip(film.timeline.stretches[0].source.piece.path) as (_, template):
        stream = container.add_stream_from_template(template)
    stream.time_base = 1 / film.timeline.fps
    return _copied(stream, film.packets)


def _encoded(
    stream: VideoStream, frames: Iterable[VideoFrame], fps: Fraction
) -> Iterator[Sequence[Packet[VideoStream]]]:
    for number, frame in enumerate(frames):
        frame.pts, frame.time_base = number, 1 / fps
        # What an earlier encoder thought of this frame is no advice for ours.
        frame.pict_type = 0
        yield stream.encode(frame)
    yield stream.encode(None)


def _copied(
    stream: VideoStream, packets: Iterable[Packet[VideoStream]]
) -> Iterator[Sequence[Packet[VideoStream]]]:
    for packet in packets:
        packet.stream = stream
        yield (packet,)


class _Track:
    """The sound, written a little ahead of the pictures."""

    def __init__(self, container: OutputContainer, film: Film) -> None:
        self._container = container
        self._timeline = film.timeline
        self._blocks = film.sound
        self._stream = _sound(container) if film.sound is not None else None
        self._written = 0

    def write_until(self, frame: int) -> None:
        """Writes what is heard while that frame is seen."""
        while self._blocks is not None and self._written <= self._timeline.sample_at(frame):
            block = next(self._blocks, None)
            if block is None:
                return
            self._write(block)

    def finish(self) -> None:
        """Writes the rest."""
        if self._stream is None or self._blocks is None:
            return
        for block in self._blocks:
            self._write(block)
        self._container.mux(self._stream.encode(None))

    def _write(self, block: Block) -> None:
        if self._stream is not None and block.shape[1]:
            self._container.mux(self._stream.encode(sound_frame(block, self._written)))
            self._written += block.shape[1]


def _pictures(container: OutputContainer, film: Film) -> VideoStream:
    fps = film.timeline.fps
    options = {**_QUALITY, "x264-params": f"keyint={max(1, round(fps * _KEY_EVERY_S))}"}
    stream: Any = container.add_stream("libx264", rate=fps, options=options)
    stream.width, stream.height = film.size
    stream.pix_fmt = "yuv420p"
    stream.time_base = 1 / fps
    context = stream.codec_context
    context.thread_count = _THREADS
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.color_range = LIMITED
    result: VideoStream = stream
    return result


def _sound(container: OutputContainer) -> AudioStream:
    # The thorough coder takes twice as long, and at this bit rate nobody hears it.
    options = {"aac_coder": "fast"}
    stream: AudioStream = container.add_stream(
        "aac", rate=SAMPLE_RATE, options=options, layout="stereo"
    )
    stream.codec_context.bit_rate = _SOUND_BITS
    stream.time_base = Fraction(1, SAMPLE_RATE)
    return stream
