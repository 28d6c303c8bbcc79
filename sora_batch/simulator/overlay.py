"""Lays lettering over frames at the cost of the pixels it touches, not of the frame.

The still part is turned once into lists of pixels; the timecode and the progress line are a few
small boxes, drawn anew each frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sora_batch.media.lettering.canvas import Canvas
from sora_batch.simulator.planes import Plane, Planes

Rgb = tuple[int, int, int]
Numbers = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Touched:
    """The pixels of one plane that lettering covers: where, how much stays, what is added."""

    places: NDArray[np.intp]
    stays: NDArray[np.uint16]
    added: NDArray[np.uint16]

    def over(self, plane: Plane) -> None:
        """Lays them over a plane that lies in one piece."""
        flat = plane.reshape(-1)
        flat[self.places] = (flat[self.places] * self.stays + self.added) >> 8


class Stencil:
    """A canvas, ready to be laid over any number of frames."""

    def __init__(self, canvas: Canvas) -> None:
        cover = np.asarray(canvas.cover)
        colour = np.asarray(canvas.colour)
        rows, columns = np.nonzero(cover)
        luma, _, _ = to_yuv(colour[rows, columns].astype(np.float32))
        share = cover[rows, columns].astype(np.float32) / 255
        # A pixel of the chroma planes stands for four of the picture, each as far as it is covered.
        half_rows, half_columns = np.nonzero(np.asarray(canvas.cover.reduce(2)))
        total = np.zeros(half_rows.shape, np.float32)
        mixed = np.zeros((*half_rows.shape, 3), np.float32)
        for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
            corner = 2 * half_rows + down, 2 * half_columns + right
            part = cover[corner].astype(np.float32) / 255
            total += part
            mixed += colour[corner] * part[:, None]
        _, blue, red = to_yuv(mixed / np.maximum(total, 1e-6)[:, None])
        half = half_rows * (cover.shape[1] // 2) + half_columns
        self._planes = (
            _touched(rows * cover.shape[1] + columns, luma, share),
            _touched(half, blue, total / 4),
            _touched(half, red, total / 4),
        )

    def over(self, planes: Planes) -> None:
        """Lays it over the frame."""
        for touched, plane in zip(self._planes, planes, strict=True):
            touched.over(plane)


class Counter:
    """A row of equally wide characters that change: the timecode."""

    def __init__(self, glyphs: Mapping[str, Image.Image], at: tuple[int, int]) -> None:
        """`glyphs` are covers of one size, even in width; `at` is the row's top left, even."""
        self._glyphs = {name: np.asarray(image, np.uint16) for name, image in glyphs.items()}
        self._left, self._top = at

    def over(self, planes: Planes, text: str) -> None:
        """Draws the text in white."""
        cover = np.concatenate([self._glyphs[character] for character in text], axis=1)
        high, wide = cover.shape
        half = cover[::2, ::2]
        y, u, v = planes
        _blend(y[self._top : self._top + high, self._left : self._left + wide], cover, 235)
        top, left = self._top // 2, self._left // 2
        for chroma in (u, v):
            _blend(chroma[top : top + half.shape[0], left : left + half.shape[1]], half, 128)


@dataclass(frozen=True, slots=True)
class Bar:
    """The progress line. Its box has even sides, so that its colour stays inside it."""

    box: tuple[int, int, int, int]
    colour: tuple[int, int, int]

    def over(self, planes: Planes, done: float) -> None:
        """Fills the line from the left, to a fraction of a pixel."""
        left, top, right, bottom = self.box
        end = left + (right - left) * done
        whole = int(end)
        y, u, v = planes
        y[top:bottom, left:whole] = self.colour[0]
        if whole < right:
            partly = y[top:bottom, whole : whole + 1]
            cover = np.full(partly.shape, int(255 * (end - whole)), np.uint16)
            _blend(partly, cover, self.colour[0])
        for chroma, value in ((u, self.colour[1]), (v, self.colour[2])):
            chroma[top // 2 : bottom // 2, left // 2 : whole // 2] = value


def to_yuv(rgb: Numbers) -> Sequence[Numbers]:
    """Colours, 0 to 255 in the last axis, as BT.709 video in the limited range."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (
        16 + luma * (219 / 255),
        128 + (blue - luma) * (224 / 255 / 1.8556),
        128 + (red - luma) * (224 / 255 / 1.5748),
    )


def _touched(places: NDArray[np.intp], value: Numbers, cover: Numbers) -> Touched:
    share = np.rint(cover * 256)
    return Touched(
        places, (256 - share).astype(np.uint16), np.rint(value * share).astype(np.uint16)
    )


def _blend(box: Plane, cover: NDArray[np.uint16], value: int) -> None:
    cover = cover[: box.shape[0], : box.shape[1]]
    share = cover + (cover >> 7)
    box[:] = (box * (256 - share) + value * share) >> 8
