"""Reads what single fields of a shot come to once their templates are rendered: sizes, lengths.

Every function raises ValueError with a sentence for a person: what the value should look like.
Whether a model can make it is not asked here.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal

from sora_batch.shots import Size

MAX_PROMPT = 32_000
"""Characters; the most the videos protocol takes (facts of the OpenAI specification)."""

_SIZE = re.compile(r"\s*(\d{1,6})\s*[xX×*]\s*(\d{1,6})\s*", re.ASCII)
_MOMENTS: tuple[Literal["first"], Literal["last"]] = ("first", "last")
_LARGEST_SIDE = 16_384
_LONGEST_S = 24 * 3600


@lru_cache(maxsize=1024)
def size_of(text: str) -> Size:
    """`1280x720` as a size."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError("write width and height in pixels, such as 1280x720")
    size = Size(int(match[1]), int(match[2]))
    if not all(1 <= side <= _LARGEST_SIDE for side in size):
        raise ValueError(f"each side has 1 to {_LARGEST_SIDE} pixels")
    return size


@lru_cache(maxsize=1024)
def seconds_of(text: str) -> Decimal:
    """A length as a normalised decimal: `4`, never `4.0` or `4E+0`."""
    number = _decimal(text)
    if number is None or not 0 < number <= _LONGEST_S:
        raise ValueError("write the length in seconds, a number such as 8")
    return number


@lru_cache(maxsize=1024)
def moment_of(text: str) -> Literal["first", "last"] | Decimal:
    """Which frame of a clip: a word, or seconds into it."""
    for word in _MOMENTS:
        if text.strip() == word:
            return word
    number = _decimal(text)
    if number is None or not 0 <= number <= _LONGEST_S:
        raise ValueError("write `first`, `last`, or seconds into the clip")
    return number


def seed_of(value: object) -> int:
    """A whole number."""
    number = _decimal(str(value))
    if number is None or number != number.to_integral_value() or not 0 <= number < 2**63:
        raise ValueError("write a whole number from 0 up")
    return int(number)


def fraction_of(value: object) -> float:
    """A place between one edge of a picture (0) and the other (1)."""
    number = _decimal(str(value))
    if number is None or not 0 <= number <= 1:
        raise ValueError("write a number from 0 to 1")
    return float(number)


def plain_number(number: Decimal) -> int | float:
    """The number as templates see it."""
    return int(number) if number == number.to_integral_value() else float(number)


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        return None
    return Decimal(format(number.normalize(), "f"))
