"""How much may render at once and how often a job may be submitted, for all and per model.

A limit is never exceeded, not even by what an earlier run left rendering: those jobs take their
places without asking. Submissions are counted over a sliding window, so that no minute has more
than it may have, wherever one starts counting. A server that says it is busy gets them spaced out,
the wider the oftener it says so, and closer again with every order that it takes.
"""

from __future__ import annotations

import heapq
import math
from collections import deque

from sora_batch.clock import Clock
from sora_batch.manifest import settings

_FIRST_SLOWDOWN_S = 2.0
_LONGEST_SLOWDOWN_S = 120.0
_FIRST_SPACING_S = 0.5
_LONGEST_SPACING_S = 30.0
_NO_SPACING_S = 0.05
_RECOVERY = 0.8


class _Gate:
    """One limit: so many at once, so many in a window, nothing before a moment."""

    def __init__(self, concurrency: int | None, per_minute: float | None) -> None:
        self._places = math.inf if concurrency is None else concurrency
        self._count = max(1, math.floor(per_minute)) if per_minute else 0
        self._window_s = 60.0 * self._count / per_minute if per_minute else 0.0
        self._starts: deque[float] = deque(maxlen=self._count or None)
        self._taken = 0
        self._not_before = -math.inf
        self._slowdowns = 0
        self._spacing_s = 0.0
        self._leaving: list[float] = []

    def wait_s(self, now: float) -> float:
        """Seconds until one may start: 0 now, inf once a place is given back by hand."""
        while self._leaving and self._leaving[0] <= now:
            heapq.heappop(self._leaving)
            self._taken -= 1
        if self.is_full:
            return self._leaving[0] - now if self._leaving else math.inf
        ready = self._not_before
        if self._count and len(self._starts) == self._count:
            ready = max(ready, self._starts[0] + self._window_s)
        return max(0.0, ready - now)

    @property
    def is_full(self) -> bool:
        return self._taken >= self._places

    def take(self, now: float) -> None:
        self._taken += 1
        if self._count:
            self._starts.append(now)
        if self._spacing_s:
            self._not_before = max(self._not_before, now + self._spacing_s)

    def occupy(self) -> None:
        self._taken += 1

    def give_back(self) -> None:
        self._taken -= 1

    def give_back_at(self, moment: float) -> None:
        heapq.heappush(self._leaving, moment)

    def slow_down(self, now: float, told_s: float | None) -> float:
        if now >= self._not_before:
            # Answers to orders that were sent before the last slowdown say nothing new.
            self._spacing_s = min(_LONGEST_SPACING_S, max(_FIRST_SPACING_S, 2 * self._spacing_s))
        self._slowdowns += 1
        grown = min(_LONGEST_SLOWDOWN_S, _FIRST_SLOWDOWN_S * 2 ** (self._slowdowns - 1))
        wait = told_s if told_s is not None else grown
        self._not_before = max(self._not_before, now + wait)
        return wait

    def accepted(self) -> None:
        self._slowdowns = 0
        self._spacing_s *= _RECOVERY
        if self._spacing_s < _NO_SPACING_S:
            self._spacing_s = 0.0


class Limits:
    """The limits of one run. Not for use from several threads."""

    def __init__(self, limits: settings.Limits, clock: Clock) -> None:
        self._clock = clock
        self._all = _Gate(limits.concurrency, limits.requests_per_minute)
        self._models = {
            model: _Gate(limit.concurrency, limit.requests_per_minute)
            for model, limit in limits.models.items()
        }

    def _gates(self, model: str) -> tuple[_Gate, ...]:
        return (self._all, self._models.setdefault(model, _Gate(None, None)))

    def wait_s(self, model: str) -> float:
        """Seconds until a job for the model may be submitted; inf: when one has rendered."""
        now = self._clock.monotonic()
        return max(gate.wait_s(now) for gate in self._gates(model))

    @property
    def are_full(self) -> bool:
        """Whether all places, or all of some model, are taken."""
        return any(gate.is_full for gate in (self._all, *self._models.values()))

    def take(self, model: str) -> None:
        """Takes a place and a submission; only after `wait_s` was 0."""
        now = self._clock.monotonic()
        for gate in self._gates(model):
            gate.take(now)

    def occupy(self, model: str) -> None:
        """Takes a place for a job that is rendering already."""
        for gate in self._gates(model):
            gate.occupy()

    def give_back(self, model: str) -> None:
        """The job renders no more."""
        for gate in self._gates(model):
            gate.give_back()

    def give_back_in(self, model: str, seconds: float) -> None:
        """The job may be rendering for so long; nobody will say when it is over."""
        moment = self._clock.monotonic() + max(0.0, seconds)
        for gate in self._gates(model):
            gate.give_back_at(moment)

    def slow_down(self, model: str, told_s: float | None) -> float:
        """The server was busy: nothing for this model before so many seconds; how many."""
        return self._gates(model)[1].slow_down(self._clock.monotonic(), told_s)

    def accepted(self, model: str) -> None:
        """The server took a job: the next slowdown starts small again."""
        self._gates(model)[1].accepted()
