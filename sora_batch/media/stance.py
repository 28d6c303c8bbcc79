"""How a clip is seen: which way up, mirrored or not, and how wide its pixels are.

A telephone writes its pictures as its sensor lies and a matrix beside them; a broadcast file has
pixels that are not square. Players do what the file says, so what is measured, taken out of a clip
or cut has to. The matrix is read from the track's header without decoding anything
(ISO/IEC 14496-12, 8.3.2).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import atan2, pi
from pathlib import Path
from typing import BinaryIO

from av.video.stream import VideoStream
from PIL import Image

from sora_batch.media.boxes import Box, boxes_of
from sora_batch.media.operation import OperationFailed
from sora_batch.shots import Size

_AXES = (1, 0, 0, 1)
_TURNED = {
    1: Image.Transpose.ROTATE_270,
    2: Image.Transpose.ROTATE_180,
    3: Image.Transpose.ROTATE_90,
}
_FILTERS: Mapping[int, tuple[tuple[str, str], ...]] = {
    0: (),
    1: (("transpose", "clock"),),
    2: (("hflip", ""), ("vflip", "")),
    3: (("transpose", "cclock"),),
}


@dataclass(frozen=True, slots=True)
class Stance:
    """`coded` is the size of the pictures in the file, `aspect` how wide each of their pixels is
    shown. They are seen `mirrored`, top to bottom, and then with so many quarter `turns`
    clockwise."""

    coded: Size
    aspect: Fraction = Fraction(1)
    turns: int = 0
    mirrored: bool = False

    @property
    def seen(self) -> Size:
        """The size on the screen, in square pixels."""
        return self.turned(Size(max(1, round(self.coded.width * self.aspect)), self.coded.height))

    @property
    def is_upright(self) -> bool:
        """Whether the pictures need only be shown as they are."""
        return self.aspect == 1 and not self.turns and not self.mirrored

    def turned(self, size: Size) -> Size:
        """What a size becomes by the turns; the same takes it back."""
        return Size(size.height, size.width) if self.turns % 2 else size

    def stood_up(self, picture: Image.Image) -> Image.Image:
        """The picture, of square pixels already, mirrored and turned."""
        if self.mirrored:
            picture = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        return picture.transpose(_TURNED[self.turns]) if self.turns else picture

    @property
    def filters(self) -> tuple[tuple[str, str], ...]:
        """FFmpeg's filters that do the same, each with its settings."""
        return (*((("vflip", ""),) if self.mirrored else ()), *_FILTERS[self.turns])


def stance_of(path: Path, stream: VideoStream) -> Stance:
    """The stance of the clip at `path`, of which `stream` has the pictures."""
    context = stream.codec_context
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    coded = Size(context.width, context.height)
    across, down, third, fourth = _matrix(path, stream.id)
    turns = round(atan2(down, across) / (pi / 2)) % 4
    mirrored = across * fourth - down * third < 0
    return Stance(coded, aspect if aspect > 0 else Fraction(1), turns, mirrored)


def _matrix(path: Path, track: int) -> tuple[int, int, int, int]:
    """Where the track's header sends the axes: x and y of the first, then of the second."""
    with path.open("rb") as file:
        try:
            for box in boxes_of(file, b"moov", b"trak", b"tkhd"):
                number, axes = _read_header(file, box)
                if number == track:
                    return axes
        except (OperationFailed, struct.error):
            # What cannot be made out of a header that the demuxer took is no reason to refuse.
            return _AXES
    return _AXES


def _read_header(file: BinaryIO, box: Box) -> tuple[int, tuple[int, int, int, int]]:
    """A track's number and the part of its matrix that turns."""
    file.seek(box.start + 8)
    header = file.read(96)
    # Version 1 has its times and its duration in 64 bits.
    number_at, matrix_at = (20, 52) if header[:1] == b"\1" else (12, 40)
    (number,) = struct.unpack_from(">I", header, number_at)
    across, down, _, third, fourth = struct.unpack_from(">5i", header, matrix_at)
    return number, (across, down, third, fourth)
