"""When to ask again what became of a job. Pure."""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Sequence

LONGEST_S = 15.0
_STEP = 0.03
_BLIND_STEP = 0.08
_EARLY = 0.97
_AT_LEAST_ONCE_IN = 0.34
_REMEMBERED = 21
_VAGUE = 0.8


def next_poll_s(
    elapsed_s: float, *, took_s: Sequence[float], hint_s: float | None, floor_s: float
) -> float:
    """Seconds to wait before the next poll of a job submitted `elapsed_s` ago.

    `took_s` is what earlier renders of the model and length took, ascending; `hint_s` what the
    server asked for, `floor_s` the least that is polite. A job is asked about when one of those
    would just have been over, and a little less often than that before the first. Among them, and
    where nothing is known, the wait grows with the age of the job, so that what it adds to the
    wait for a clip stays a small share of it. `benchmarks/polling.py` says how small.
    """
    floor_s = max(floor_s, hint_s or 0.0)
    if not took_s or elapsed_s >= _EARLY * took_s[-1]:
        share = _STEP if took_s else _BLIND_STEP
        return max(floor_s, min(LONGEST_S, share * elapsed_s))
    place = bisect.bisect_right(took_s, elapsed_s / _EARLY)
    aim_s = _EARLY * took_s[min(place, len(took_s) - 1)]
    wait_s = aim_s - elapsed_s
    if place == 0:
        return max(floor_s, min(wait_s, max(LONGEST_S, _AT_LEAST_ONCE_IN * aim_s)))
    return max(floor_s, min(max(wait_s, _STEP * elapsed_s), _BLIND_STEP * elapsed_s))


class Pace:
    """How long renders take, as this run has seen it, by model and length."""

    def __init__(self) -> None:
        self._took_s: dict[tuple[str, str], deque[float]] = {}
        self._sorted: dict[tuple[str, str], list[float]] = {}

    def took(self, key: tuple[str, str], seconds: float) -> None:
        """One render is over."""
        last = self._took_s.setdefault(key, deque(maxlen=_REMEMBERED))
        last.append(seconds)
        self._sorted[key] = sorted(last)

    def took_s(self, key: tuple[str, str], *, usual_s: float | None) -> Sequence[float]:
        """What the last renders took, ascending; before the first, what is `usual`."""
        if key in self._sorted:
            return self._sorted[key]
        return () if usual_s is None else (_VAGUE * usual_s, usual_s)
