"""How a frame is divided: a slate across its upper part, and below it the picture, free of words.

The slate takes the same share of every frame. So a clip that goes on from a frame of another
covers that one's slate with its own, also where the frame was scaled or cropped to another shape,
and only the picture is carried on. The lower part stays free for the captions of a cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from sora_batch.shots import Size

_SLATE_SHARE = 0.3
_SMALLEST_TYPE = 9
_PROMPT_SIZES = (30, 27, 24, 21, 18)
_LEGIBLE_WIDTH, _LEGIBLE_HEIGHT = 100, 64
# Of a frame of 720p, whose slate is 216 pixels high.
_FULL_DIAGONAL, _FULL_WIDTH, _FULL_SLATE = 960, 620, 216


@dataclass(frozen=True, slots=True)
class Measures:
    """Sizes of type and margins for a frame, in pixels.

    `legible` is whether there is room for words at all, `slate` how high the slate is, `foot` where
    the room for words ends above the progress line. A prompt is set in the first of
    `prompt_sizes` in which all of it fits.
    """

    legible: bool
    slate: int
    margin_x: int
    margin_y: int
    title: int
    small: int
    prompt_sizes: tuple[int, ...]
    bar: int
    bar_bottom: int
    foot: int


def slate_height(size: Size) -> int:
    """How many rows of the frame the slate takes, an even number."""
    return max(2, even(size.height * _SLATE_SHARE))


def picture_size(size: Size) -> Size:
    """The part of the frame below the slate."""
    return Size(size.width, size.height - slate_height(size))


def measures_of(size: Size) -> Measures:
    """What suits the frame: margins inside the title-safe area, type that can be read."""
    slate = slate_height(size)
    diagonal = sqrt(size.width * size.height)
    unit = min(diagonal / _FULL_DIAGONAL, size.width / _FULL_WIDTH, slate / _FULL_SLATE)
    bar = max(2, even(4 * unit))
    # The line stands off the edge: the edge of a frame that was scaled may be a pixel elsewhere.
    bar_bottom = slate - max(2, even(slate * 0.06))
    return Measures(
        legible=size.width >= _LEGIBLE_WIDTH and size.height >= _LEGIBLE_HEIGHT,
        slate=slate,
        margin_x=even(size.width * 0.055),
        margin_y=even(slate * 0.12),
        title=max(_SMALLEST_TYPE + 1, round(36 * unit)),
        small=max(_SMALLEST_TYPE, round(18 * unit)),
        prompt_sizes=tuple(max(_SMALLEST_TYPE, round(full * unit)) for full in _PROMPT_SIZES),
        bar=bar,
        bar_bottom=bar_bottom,
        foot=bar_bottom - bar - round(slate * 0.035),
    )


def even(value: float) -> int:
    """The nearest even number, at least 2: what the half-sized planes of a video can halve."""
    return 2 * max(1, round(value / 2))
