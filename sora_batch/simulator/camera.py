"""The slow push-in: a still picture becomes frames that come nearer without a tremor.

Each frame is a crop, moved by fractions of a pixel. Reading those from the picture itself would
either tremble (whole pixels) or cost a resampling a frame. So the picture is enlarged four times
once, well, and frames are read from that by picking the nearest sample: a quarter of a pixel is
finer than an eye sees move, and picking costs a tenth of resampling.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from sora_batch.shots import Size
from sora_batch.simulator.planes import Plane, Planes, planes_of

_OVERSAMPLING = 4
_OVERSAMPLED_PIXELS = 48_000_000
_PUSH_PER_SECOND = 0.008
_PUSH_MOST = 0.10


def enlargement(frames: int, frames_per_second: int) -> float:
    """How much nearer the last frame is than the first, 1.0 being not at all."""
    return 1.0 + min(_PUSH_MOST, _PUSH_PER_SECOND * frames / frames_per_second)


class Camera:
    """A picture, ready to be framed."""

    def __init__(self, picture: Image.Image, size: Size) -> None:
        self._size = size
        factor = _OVERSAMPLING
        while factor > 1 and size.width * size.height * factor**2 > _OVERSAMPLED_PIXELS:
            factor -= 1
        large = Size(size.width * factor, size.height * factor)
        self._planes = tuple(Image.fromarray(plane) for plane in planes_of(picture, large))

    def frame(self, zoom: float) -> Planes:
        """Y, U and V of the picture seen `zoom` times as large, about its middle."""
        width, height = self._size
        sizes = ((width, height), (width // 2, height // 2), (width // 2, height // 2))
        y, u, v = (
            _seen(plane, size, zoom) for plane, size in zip(self._planes, sizes, strict=True)
        )
        return y, u, v


def _seen(plane: Image.Image, size: tuple[int, int], zoom: float) -> Plane:
    margin_x = plane.width * (1 - 1 / zoom) / 2
    margin_y = plane.height * (1 - 1 / zoom) / 2
    box = (margin_x, margin_y, plane.width - margin_x, plane.height - margin_y)
    return np.array(plane.transform(size, Image.Transform.EXTENT, box, Image.Resampling.NEAREST))
