"""A plane of a video frame as an array: the one place that knows how FFmpeg lays pixels out."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sora_batch.shots import Size

Plane = NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]


def plane_view(plane: Any) -> Plane:
    """The plane's own memory, row by row, without the padding at the end of each row."""
    data: Plane = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return data[: plane.height, : plane.width]


def planes_of(picture: Image.Image, size: Size) -> Planes:
    """The picture in that size as Y, U and V: BT.709, limited range, chroma at half the size."""
    rgb = av.VideoFrame.from_ndarray(np.asarray(picture.convert("RGB")), format="rgb24")
    frame = rgb.reformat(
        width=size.width,
        height=size.height,
        format="yuv420p",
        interpolation="BICUBIC",
        dst_colorspace="ITU709",
        dst_color_range="MPEG",
    )
    y, u, v = (np.ascontiguousarray(plane_view(plane)) for plane in frame.planes)
    return y, u, v
