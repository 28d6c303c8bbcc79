"""Takes a strip of a clip: frames from its whole length side by side in one WebP, to leaf through.

Decodes forward once, and leaps to a key frame wherever one stands between a frame that was taken
and the next one wanted. Frames that no other frame is made from are not decoded at all.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from sora_batch.media.clips import open_clip
from sora_batch.media.operation import OperationFailed, text_of, whole_of
from sora_batch.media.stance import stance_of
from sora_batch.media.thumbnails import picture_of
from sora_batch.outputs import write_atomically
from sora_batch.shots import Json, Size

# What a WebP can be wide.
_WIDEST = 16_383


def strip(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """Writes `frames` pictures of the clip at `path`, each `width` wide, to `target`.

    They stand evenly in time, each in the middle of its part of the clip. Answers frames, width
    and height (of one). Raises OperationFailed (`not-a-clip`).
    """
    frames = whole_of(spec, "frames") if "frames" in spec else 12
    width = min(whole_of(spec, "width") if "width" in spec else 240, _WIDEST // frames)
    path = Path(text_of(spec, "path"))
    with open_clip(path) as (container, stream):
        stance = stance_of(path, stream)
        width = min(width, stance.seen.width)
        height = max(1, round(stance.seen.height * width / stance.seen.width))
        whole = Image.new("RGB", (width * frames, height))
        taken = 0
        for frame in _frames_at(container, stream, _times(stream, frames)):
            whole.paste(picture_of(frame, stance, Size(width, height)), (taken * width, 0))
            taken += 1
    if not taken:
        raise OperationFailed("no frame of the clip can be decoded", code="not-a-clip")
    last = whole.crop(((taken - 1) * width, 0, taken * width, height))
    for place in range(taken, frames):
        whole.paste(last, (place * width, 0))
    written = io.BytesIO()
    whole.save(written, "WEBP", quality=62, method=1)
    write_atomically(Path(text_of(spec, "target")), written.getvalue())
    return {"frames": frames, "width": width, "height": height}


def _times(stream: VideoStream, frames: int) -> list[int]:
    """When each frame stands, in the stream's units: the middles of equal parts."""
    entries = [entry.timestamp for entry in stream.index_entries]
    first, last = min(entries, default=0), max(entries, default=0)
    return [first + (last - first) * (2 * place + 1) // (2 * frames) for place in range(frames)]


def _frames_at(
    container: InputContainer, stream: VideoStream, times: Sequence[int]
) -> Iterator[VideoFrame]:
    """For each of the times, which ascend, the first decoded frame at or after it."""
    stream.codec_context.skip_frame = "NONREF"
    stream.codec_context.thread_type = "SLICE"
    keys = sorted(entry.timestamp for entry in stream.index_entries if entry.is_keyframe)
    decoding, reached, frame = container.decode(stream), -1, None
    for time in times:
        place = bisect_right(keys, time)
        if place and keys[place - 1] > reached:
            container.seek(keys[place - 1], stream=stream)
            decoding, frame = container.decode(stream), None
        while frame is None or (frame.pts or 0) < time:
            following = next(decoding, None)
            if following is None:
                break
            frame, reached = following, following.pts or reached
        if frame is not None:
            yield frame
