"""A plane of a video frame as an array: the one place that knows how FFmpeg lays pixels out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]


def plane_view(plane: Any) -> Plane:
    """The plane's own memory, row by row, without the padding at the end of each row."""
    data: Plane = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return data[: plane.height, : plane.width]
