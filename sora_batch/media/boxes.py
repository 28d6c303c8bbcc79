"""Walks the boxes of an MP4 file: is it one, and is it all there?

An MP4 file is a row of boxes, each with its length in front, so a file that was cut short says so
itself. The video library does not tell: it opens a file whose pictures are missing without a word.
Knows nothing of what a box means (ISO/IEC 14496-12, 4.2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from sora_batch.media.operation import OperationFailed

_OPENERS = {b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide"}
_HEAD = 8
_SHOWN = 60


class Box(NamedTuple):
    """One box: its four letters, where it starts, and where it says it ends."""

    kind: bytes
    start: int
    end: int


def require_whole(path: Path) -> int:
    """The file's length in bytes, if it is an MP4 file that is all there.

    Raises OperationFailed: `not-a-clip` for anything else, `truncated` where the end is missing.
    OSError where the file cannot be read.
    """
    with path.open("rb") as file:
        length = file.seek(0, 2)
        opening = _opening(file)
        if opening[4:8] not in _OPENERS:
            raise OperationFailed(_what_it_is(opening, length), code="not-a-clip")
        has_index = False
        for box in _walk(file, 0, length):
            if box.end > length:
                raise OperationFailed(_cut_short(length, box.end), code="truncated")
            has_index = has_index or box.kind == b"moov"
    if not has_index:
        raise OperationFailed(
            f"the clip is cut short: {length:,} bytes arrived, without its index (moov)",
            code="truncated",
        )
    return length


def boxes_of(file: BinaryIO, *kinds: bytes) -> list[Box]:
    """The boxes of the last of the kinds that stand in one of the kind before, and so on outwards.

    Raises OperationFailed (`not-a-clip`) where a box on the way cannot be.
    """
    found = [Box(b"", -_HEAD, file.seek(0, 2))]
    for kind in kinds:
        inner = (_walk(file, box.start + _HEAD, box.end) for box in found)
        found = [box for boxes in inner for box in boxes if box.kind == kind]
    return found


def _walk(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes there in order; ends at zeros or at a rest too short for a box."""
    while end - start >= _HEAD:
        file.seek(start)
        head = file.read(16)
        size, kind = struct.unpack_from(">I4s", head)
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack_from(">Q", head, 8)
        elif size == 0:
            if kind == b"\0\0\0\0":
                return
            size = end - start
        if size < _HEAD:
            raise OperationFailed(
                f"the clip is damaged: no box can be {size} bytes long (at byte {start:,})",
                code="not-a-clip",
            )
        yield Box(kind, start, start + size)
        start += size


def _opening(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(256)


def _cut_short(length: int, end: int) -> str:
    return f"the clip is cut short: {length:,} of at least {end:,} bytes arrived"


def _what_it_is(opening: bytes, length: int) -> str:
    """Words for a file that is no MP4, with its first line where it is a text."""
    if not length:
        return "the clip is empty: not one byte arrived"
    if opening.startswith(b"\x1aE\xdf\xa3"):
        return "what arrived is a WebM or Matroska file, not an MP4"
    if not opening.strip(b"\0"):
        return f"what arrived is {length:,} bytes that begin with zeros, not an MP4"
    text = opening.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if "\ufffd" in text[:-4] or not text[:4].isprintable():
        return f"what arrived is {length:,} bytes of something else, not an MP4"
    kind = "a web page" if text.startswith("<") else "JSON" if text[0] in "{[" else "a text"
    line = " ".join(text.split())
    shown = "".join(c if c.isprintable() else "·" for c in line[:_SHOWN])
    return f"what arrived is {kind}, not an MP4: {shown}{'…' if len(line) > _SHOWN else ''}"
