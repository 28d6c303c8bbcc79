"""When to ask again what became of a job. Pure."""

from __future__ import annotations

import statistics
from collections import deque

LONGEST_S = 15.0
_NO_HASTE = 0.8
_STEP = 0.03
_BLIND_STEP = 0.08
_REMEMBERED = 21


def next_poll_s(
    elapsed_s: float, *, expected_s: float | None, hint_s: float | None, floor_s: float
) -> float:
    """Seconds to wait before the next poll of a job submitted `elapsed_s` ago.

    `expected_s` is what earlier renders of the model and length took, `hint_s` what the server
    asked for, `floor_s` the least that is polite. Until most of the expected time has passed there
    is nothing to ask; from then on, and where nothing is known, the wait grows with the age of the
    job, so that what it adds to the wait for a clip stays a small share of it.
    """
    floor_s = max(floor_s, hint_s or 0.0)
    if expected_s is not None and elapsed_s < _NO_HASTE * expected_s:
        return max(floor_s, min(LONGEST_S, _NO_HASTE * expected_s - elapsed_s))
    share = _BLIND_STEP if expected_s is None else _STEP
    return max(floor_s, min(LONGEST_S, share * elapsed_s))


class Pace:
    """How long renders take, as this run has seen it, by model and length."""

    def __init__(self) -> None:
        self._took_s: dict[tuple[str, str], deque[float]] = {}

    def took(self, key: tuple[str, str], seconds: float) -> None:
        """One render is over."""
        self._took_s.setdefault(key, deque(maxlen=_REMEMBERED)).append(seconds)

    def expected_s(self, key: tuple[str, str]) -> float | None:
        """The median of the last renders, None before the first."""
        took_s = self._took_s.get(key)
        return statistics.median(took_s) if took_s else None
