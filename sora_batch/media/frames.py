"""Takes one frame out of a clip, exactly: the first, the last, or the one shown at a time.

What a player shows counts, not what the file's header says: frames come in the order in which
they are shown, an edit list has cut away what it cuts away, and a frame stays on the screen until
the next one is due. The trap: the last frame in the file need not be the last one shown, so
everything from a key frame on is decoded and the latest is taken.
"""

from __future__ import annotations

import hashlib
import io
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from av.container import InputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from sora_batch.media.clips import open_clip
from sora_batch.media.colours import LIMITED, TO_SDR, hdr_kind, matrix_of
from sora_batch.media.operation import OperationFailed, text_of
from sora_batch.media.stance import Stance, stance_of
from sora_batch.outputs import write_atomically
from sora_batch.shots import Json

# The same frame makes the same picture on every processor.
_EXACTLY = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"


class Shown(NamedTuple):
    """A frame, and when it appears, in seconds from the first frame on."""

    frame: VideoFrame
    seconds: Fraction


def frame(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """Writes the frame of the clip at `path` that is shown `at` "first", "last" or so many seconds
    to `target`, a PNG as large as it is seen.

    A time after the end means the last frame. Answers sha256, bytes, width, height, and seconds,
    the time at which the frame appears. Raises OperationFailed (`not-a-clip`).
    """
    at = text_of(spec, "at")
    path = Path(text_of(spec, "path"))
    with open_clip(path) as (container, stream):
        shown = _frame_at(container, stream, at)
        hdr = hdr_kind(int(stream.codec_context.color_trc))
        picture = _upright(_picture(shown.frame, hdr), stance_of(path, stream))
    written = io.BytesIO()
    picture.save(written, "PNG", compress_level=2)
    data = written.getvalue()
    write_atomically(Path(text_of(spec, "target")), data)
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "width": picture.width,
        "height": picture.height,
        "seconds": round(float(shown.seconds), 6),
    }


def _frame_at(container: InputContainer, stream: VideoStream, at: str) -> Shown:
    # One frame is wanted: frame threads would first fill themselves with others.
    stream.codec_context.thread_type = "SLICE"
    first = next(_decoded(container, stream, None), None)
    if first is None:
        raise OperationFailed("no frame of the clip can be decoded", code="not-a-clip")
    begin = _time_of(first, stream)
    if at == "first":
        return Shown(first, Fraction(0))
    until = None if at == "last" else begin + _moment(at)
    found = _last_until(container, stream, until) or first
    return Shown(found, _time_of(found, stream) - begin)


def _last_until(
    container: InputContainer, stream: VideoStream, until: Fraction | None
) -> VideoFrame | None:
    """The latest frame that appears no later than `until` (the very latest for None)."""
    for start in _starts(stream, until):
        latest: VideoFrame | None = None
        for each in _decoded(container, stream, start):
            time = _time_of(each, stream)
            if until is not None and time > until:
                break
            if latest is None or time >= _time_of(latest, stream):
                latest = each
        if latest is not None:
            return latest
    return None


def _starts(stream: VideoStream, until: Fraction | None) -> Iterator[int | None]:
    """Where to begin decoding: the nearest key frame before, the one before that, the start.

    Key frames stand in the index by the time of decoding, which is earlier than that of showing;
    one whose frames are all cut away or too late is no good.
    """
    times = sorted(entry.timestamp for entry in stream.index_entries if entry.is_keyframe)
    unit = stream.time_base or Fraction(1)
    end = len(times) if until is None else bisect_right(times, until / unit)
    for place in range(end - 1, max(-1, end - 4), -1):
        yield times[place]
    yield None


def _decoded(
    container: InputContainer, stream: VideoStream, start: int | None
) -> Iterator[VideoFrame]:
    """Frames in the order in which they are shown, from a key frame or the start of the file."""
    if start is None:
        earliest = min((entry.timestamp for entry in stream.index_entries), default=0)
        container.seek(min(0, earliest), stream=stream)
    else:
        container.seek(start, stream=stream)
    for each in container.decode(stream):
        if each.pts is not None:
            yield each


def _time_of(each: VideoFrame, stream: VideoStream) -> Fraction:
    unit = each.time_base or stream.time_base or Fraction(1)
    return (each.pts or 0) * unit


def _moment(at: str) -> Fraction:
    try:
        seconds = Decimal(at)
    except InvalidOperation:
        seconds = Decimal("nan")
    if not seconds.is_finite() or seconds < 0:
        raise ValueError(f"`at` must be first, last or seconds, not {at!r}")
    return Fraction(seconds)


def _picture(each: VideoFrame, hdr: str) -> Image.Image:
    """The frame in RGB, in the colours in which players show it."""
    each.colorspace = matrix_of(int(each.colorspace), each.height)
    if not int(each.color_range):
        each.color_range = LIMITED
    unit = each.time_base or Fraction(1, 1000)
    shape = f"video_size={each.width}x{each.height}:pix_fmt={each.format.name}"
    colours = f"colorspace={int(each.colorspace)}:range={int(each.color_range)}"
    mapped = f"out_color_matrix=bt709:out_range=tv:{TO_SDR}"
    graph = Graph()
    chain = [
        graph.add("buffer", f"{shape}:time_base={unit.numerator}/{unit.denominator}:{colours}"),
        *((graph.add("scale", mapped),) if hdr else ()),
        graph.add("scale", f"out_range=pc:flags={_EXACTLY}"),
        graph.add("format", "rgb24"),
        graph.add("buffersink"),
    ]
    for one, following in pairwise(chain):
        one.link_to(following)
    graph.configure()
    chain[0].push(each)
    made = chain[-1].pull()
    if not isinstance(made, VideoFrame):
        raise TypeError("a filter of pictures gave something else")
    plane, size = made.planes[0], (made.width, made.height)
    return Image.frombuffer("RGB", size, bytes(plane), "raw", "RGB", plane.line_size, 1)


def _upright(picture: Image.Image, stance: Stance) -> Image.Image:
    """The picture as a player shows it: its pixels square, turned as the clip says."""
    if stance.aspect != 1:
        size = stance.turned(stance.seen)
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    return stance.stood_up(picture)
