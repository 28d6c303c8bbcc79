"""What services call a size: `720p`, `4K`, `16:9`.

A hosted model is told a resolution and a shape; the shorter side names the resolution.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from sora_batch.shots import Size

# Services disagree on 2K (2048x1152 or 2560x1440), so both count.
_SHORTER_SIDES: Mapping[str, tuple[int, ...]] = {
    "360p": (360,),
    "480p": (480,),
    "720p": (720,),
    "768p": (768,),
    "1K": (1024,),
    "1024p": (1024,),
    "1080p": (1080,),
    "2K": (1440, 1152),
    "4K": (2160,),
}
_LINES = re.compile(r"[1-9]\d{2,3}p")
_SHAPE_TOLERANCE = Decimal("0.02")


def shorter_sides(resolution: str) -> tuple[int, ...]:
    """What the shorter side of a clip of that resolution may measure; empty where nobody knows."""
    if resolution in _SHORTER_SIDES:
        return _SHORTER_SIDES[resolution]
    return (int(resolution[:-1]),) if _LINES.fullmatch(resolution) else ()


def resolution_of(size: Size, resolutions: Iterable[str]) -> str | None:
    """Which of the resolutions a size is, None if none of them."""
    shorter = min(size)
    return next((name for name in resolutions if shorter in shorter_sides(name)), None)


def resolution_named(size: Size) -> str | None:
    """The name of a size's resolution among all that are known, None if it has none."""
    return resolution_of(size, _SHORTER_SIDES)


def spelled(resolution: str) -> str | None:
    """A resolution as the catalog spells it (`4k` is `4K`), None where nobody knows it."""
    known = {name.lower(): name for name in _SHORTER_SIDES}
    word = resolution.strip().lower()
    return known.get(word) or (word if _LINES.fullmatch(word) else None)


def has_shape(size: Size, ratio: str) -> bool:
    """Whether a size has the shape of a ratio such as `16:9`, within two parts in a hundred."""
    wide, high = (Decimal(part) for part in ratio.split(":"))
    return abs(Decimal(size.width) / size.height - wide / high) <= _SHAPE_TOLERANCE * wide / high


def ratio_of(size: Size, ratios: Iterable[str]) -> str | None:
    """Which of the shapes a size has, None if none of them."""
    return next((ratio for ratio in ratios if has_shape(size, ratio)), None)
