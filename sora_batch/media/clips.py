"""Checks a clip and measures it from its own index, without decoding a frame.

Opening a clip of 5 MB takes about 3 ms and hashing it 4; the rest is the disk's. The demuxer is
named, not guessed: a reply that pretends to be a clip must not be read as a playlist, which may
name other files.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from sora_batch.media.boxes import require_whole
from sora_batch.media.operation import OperationFailed, text_of
from sora_batch.media.stance import stance_of
from sora_batch.shots import Json

# Before version 19, PyAV refuses a whole clip for one odd byte in its title unless told not to.
_OLD = int(av.__version__.partition(".")[0]) < 19
LENIENT: Mapping[str, Any] = {"metadata_errors": "replace"} if _OLD else {}
"""For `av.open`: an odd byte in a title is no reason to refuse a file."""


def verify(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """Checks that the file at `path` is a whole MP4 clip with pictures, and measures it.

    Answers sha256, bytes, width and height (as it is seen), seconds, fps, has_audio and frames.
    With `fsync` (the default) its bytes are on the disk when this returns. Raises OperationFailed
    with code `not-a-clip` or `truncated`.
    """
    path = Path(text_of(spec, "path"))
    length = require_whole(path)
    measured = _measure(path, length)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if spec.get("fsync", True) is not False:
        _sync(path)
    return {"sha256": digest, "bytes": length, **measured}


@contextmanager
def open_clip(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The clip and its pictures. Raises OperationFailed (`not-a-clip`), also for errors within."""
    try:
        # `file:` so that a name with a colon in it is not taken for a protocol.
        with av.open(f"file:{path}", format="mp4", **LENIENT) as container:
            stream = container.streams.best("video")
            if not isinstance(stream, VideoStream) or not stream.codec_context.width:
                raise OperationFailed("the clip has no pictures", code="not-a-clip")
            yield container, stream
    except FFmpegError as error:
        reason = (error.strerror or str(error)).lower()
        raise OperationFailed(
            f"the clip is damaged and cannot be read: {reason}", code="not-a-clip"
        ) from error


def _sync(path: Path) -> None:
    # Opened for writing: Windows flushes no other kind.
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _measure(path: Path, length: int) -> dict[str, Json]:
    with open_clip(path) as (container, stream):
        frames = stream.frames or len(stream.index_entries)
        if not frames:
            raise OperationFailed("the clip has no frames", code="not-a-clip")
        end = max(
            (e.pos + e.size for each in container.streams for e in each.index_entries), default=0
        )
        if end > length:
            raise OperationFailed(
                f"the clip is cut short: {length:,} of at least {end:,} bytes arrived",
                code="truncated",
            )
        seconds, seen = _seconds(stream), stance_of(path, stream).seen
        return {
            "width": seen.width,
            "height": seen.height,
            "seconds": round(float(seconds), 6),
            "fps": round(float(frames / seconds), 3) if seconds else 0.0,
            "has_audio": bool(container.streams.audio),
            "frames": frames,
        }


def _seconds(stream: VideoStream) -> Fraction:
    """How long the pictures last, exactly, in the clip's own units of time."""
    unit = stream.time_base or Fraction(0)
    times = [entry.timestamp for entry in stream.index_entries if not entry.is_discard]
    span = max(times) - min(times) if times else 0
    # A header may say less than its own index holds, and a fragmented file has no duration of its
    # pictures alone: the longer sound would pass for it.
    if (stream.frames and stream.duration and stream.duration > span) or len(times) < 2:
        return (stream.duration or 0) * unit
    return (span + Fraction(span, len(times) - 1)) * unit
