"""The frames of a cut, one at a time: decoded, brought to one size and rate, dissolved.

At no time are there more frames in memory than the decoders hold: where one clip becomes the
next, both are read in step.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from fractions import Fraction
from itertools import islice

from av.filter import Graph
from av.video.frame import VideoFrame

from sora_batch.media.clips import open_clip
from sora_batch.media.colours import BT709, LIMITED, TO_SDR
from sora_batch.media.cutting.sources import Source
from sora_batch.media.cutting.timeline import Stretch, Timeline
from sora_batch.media.operation import OperationFailed
from sora_batch.shots import Size

FORMAT = "yuv420p"
_THREADS = min(4, os.cpu_count() or 1)


def frames_of(timeline: Timeline, size: Size) -> Iterator[VideoFrame]:
    """Every frame of the cut, all of one size. Raises OperationFailed, naming the shot."""
    fps = timeline.fps
    current = _clip_frames(timeline.stretches[0], size, fps)
    for stretch, following in zip(timeline.stretches, (*timeline.stretches[1:], None), strict=True):
        yield from islice(current, stretch.frames - stretch.fade_in - stretch.fade_out)
        if following is not None:
            after = _clip_frames(following, size, fps)
            if stretch.fade_out:
                yield from _dissolved(current, after, stretch.fade_out, size, fps)
            current.close()
            current = after


class Filters:
    """A filter graph that takes one frame, or one of each of its inputs, and gives one back."""

    def __init__(self, inputs: list[str], chain: list[tuple[str, str]], *, joined_at: int) -> None:
        """`inputs` are the descriptions of the buffers; they meet at `chain[joined_at]`.

        What comes before that place in the chain stands behind the last input alone.
        """
        graph = Graph()
        self._buffers = [graph.add("buffer", args) for args in inputs]
        filters = [graph.add(name, args) for name, args in chain]
        last = self._buffers[-1]
        for place, each in enumerate(filters):
            if place == joined_at:
                for number, buffer in enumerate(self._buffers[:-1]):
                    buffer.link_to(each, 0, number)
                last.link_to(each, 0, len(self._buffers) - 1)
            else:
                last.link_to(each)
            last = each
        shape, self._sink = graph.add("format", FORMAT), graph.add("buffersink")
        last.link_to(shape)
        shape.link_to(self._sink)
        graph.configure()
        self._graph = graph

    def __call__(self, number: int, unit: Fraction, *frames: VideoFrame) -> VideoFrame:
        """The frame that these make, as the one of that number."""
        for buffer, frame in zip(self._buffers, frames, strict=True):
            frame.pts, frame.time_base = number, unit
            buffer.push(frame)
        made = self._sink.pull()
        if not isinstance(made, VideoFrame):
            raise TypeError("a filter of pictures gave something else")
        return made


def buffer_of(
    size: Size, fps: Fraction, *, pixels: str = FORMAT, matrix: int = BT709, span: int = LIMITED
) -> str:
    """What a graph is told of the frames it will be given."""
    unit = f"{fps.denominator}/{fps.numerator}"
    shape = f"video_size={size}:pix_fmt={pixels}:time_base={unit}:pixel_aspect=1/1"
    rate = f"frame_rate={fps.numerator}/{fps.denominator}"
    return f"{shape}:{rate}:colorspace={matrix}:range={span}"


def _clip_frames(stretch: Stretch, size: Size, fps: Fraction) -> Generator[VideoFrame, None, None]:
    """Exactly as many frames as the stretch has, at the cut's size and rate."""
    source = stretch.source
    fitted = _Fitted(source, size, fps)
    with source.piece.blamed():
        for number, frame in enumerate(_at_rate(source, stretch.frames, fps)):
            yield fitted.frame(number, frame)


def _at_rate(source: Source, count: int, fps: Fraction) -> Iterator[VideoFrame]:
    """For the middle of each frame of the cut, the picture that the clip shows then."""
    decoded = _decoded(source)
    shown = next(decoded)
    following = next(decoded, None)
    for number in range(count):
        time = source.start + (number + Fraction(1, 2)) / fps
        while following is not None and _time_of(following) <= time:
            shown, following = following, next(decoded, None)
        yield shown


def _decoded(source: Source) -> Iterator[VideoFrame]:
    """All pictures of the clip. Raises OperationFailed where some are missing."""
    count = 0
    with open_clip(source.piece.path) as (container, stream):
        stream.codec_context.thread_count = _THREADS
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            if frame.pts is not None:
                count += 1
                yield frame
    if count < source.frames:
        raise OperationFailed(
            f"the clip is damaged: {count:,} of its {source.frames:,} frames can be read",
            code="not-a-clip",
        )


def _time_of(frame: VideoFrame) -> Fraction:
    return (frame.pts or 0) * (frame.time_base or Fraction(1))


class _Fitted:
    """Brings the pictures of one clip to the cut's size, whole, with bars where they do not fill
    it, and to its colours."""

    def __init__(self, source: Source, size: Size, fps: Fraction) -> None:
        self._source = source
        self._size = size
        self._fps = fps
        self._filters: Filters | None = None
        self._last: tuple[VideoFrame, VideoFrame] | None = None

    def frame(self, number: int, frame: VideoFrame) -> VideoFrame:
        """The picture as the cut shows it; the same one again costs nothing."""
        if self._last is not None and self._last[0] is frame:
            return self._last[1]
        frame.colorspace = self._source.matrix
        frame.color_range = self._source.range
        kept = frame
        if not self._is_right(frame):
            if self._filters is None:
                self._filters = self._made(frame)
            kept = self._filters(number, 1 / self._fps, frame)
        self._last = (frame, kept)
        return kept

    def _is_right(self, frame: VideoFrame) -> bool:
        source = self._source
        return (
            source.stance.is_upright
            and source.stance.coded == self._size
            and frame.format.name == FORMAT
            and not source.hdr
            and source.matrix == BT709
            and source.range == LIMITED
        )

    def _made(self, frame: VideoFrame) -> Filters:
        size, shown = self._size, self._source.shown
        ratio = min(Fraction(size.width, shown.width), Fraction(size.height, shown.height))
        width = min(size.width, max(2, round(shown.width * ratio / 2) * 2))
        height = min(size.height, max(2, round(shown.height * ratio / 2) * 2))
        left, top = (size.width - width) // 4 * 2, (size.height - height) // 4 * 2
        colours = "out_color_matrix=bt709:out_range=tv" + (f":{TO_SDR}" if self._source.hdr else "")
        chain = [
            *self._source.stance.filters,
            ("scale", f"{width}:{height}:{colours}"),
            ("format", FORMAT),
            ("pad", f"{size.width}:{size.height}:{left}:{top}:black"),
            ("setsar", "1"),
        ]
        given = buffer_of(
            Size(frame.width, frame.height),
            self._fps,
            pixels=frame.format.name,
            matrix=self._source.matrix,
            span=self._source.range,
        )
        return Filters([given], chain, joined_at=-1)


def _dissolved(
    before: Iterator[VideoFrame], after: Iterator[VideoFrame], count: int, size: Size, fps: Fraction
) -> Iterator[VideoFrame]:
    """So many frames in which the one becomes the other."""
    same = buffer_of(size, fps)
    seconds = float(count / fps)
    fade = ("xfade", f"transition=fade:duration={seconds:.9f}:offset=0")
    filters = Filters([same, same], [fade], joined_at=0)
    for number in range(count):
        yield filters(number, 1 / fps, next(before), next(after))
