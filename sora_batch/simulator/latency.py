"""How long a render takes: always the same, evenly spread, or with the long tail of real servers.

What a job draws hangs on the seed and its number alone, so the same run takes the same time again.
"""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass
from typing import Literal, Self

FORMS = "2, 1-5, or lognormal:60,0.4 (median in seconds, spread)"
_MOST_MEDIANS = 20.0


@dataclass(frozen=True, slots=True)
class Latency:
    """A distribution of seconds.

    `fixed`: always `first`. `uniform`: from `first` to `second`. `lognormal`: half of the jobs
    take less than `first`, and `second` is the deviation of the logarithm; cut at 20 medians.
    """

    form: Literal["fixed", "uniform", "lognormal"]
    first: float
    second: float = 0.0

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) and value >= 0 for value in (self.first, self.second)):
            raise ValueError("seconds are finite and not negative")
        if self.form == "uniform" and self.second < self.first:
            raise ValueError("the first of two lengths of time is the shorter one")

    @classmethod
    def fixed(cls, seconds: float) -> Self:
        """Every job takes so long."""
        return cls("fixed", seconds)

    @classmethod
    def parse(cls, text: str) -> Self:
        """`2`, `1-5` or `lognormal:60,0.4`. Raises ValueError."""
        number = r"(\d+(?:\.\d+)?)"
        if found := re.fullmatch(number, text):
            return cls("fixed", float(found[1]))
        if found := re.fullmatch(f"{number}-{number}", text):
            return cls("uniform", float(found[1]), float(found[2]))
        if found := re.fullmatch(f"lognormal:{number},{number}", text):
            return cls("lognormal", float(found[1]), float(found[2]))
        raise ValueError(f"`{text}` is no latency: use {FORMS}")

    def seconds_of(self, number: int, seed: int) -> float:
        """What the job of that number takes."""
        if self.form == "fixed":
            return self.first
        draw = random.Random(f"latency/{seed}/{number}")  # noqa: S311 - to be the same again
        if self.form == "uniform":
            return draw.uniform(self.first, self.second)
        drawn = self.first * math.exp(draw.gauss(0.0, self.second))
        return min(drawn, self.first * _MOST_MEDIANS)
