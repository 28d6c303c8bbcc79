"""How long things take: a shot, the chain that waits for it, the whole run.

Expectations, from what earlier renders took and else from a rough rule; shown as "about".
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sora_batch.manifest.settings import Limits
from sora_batch.planning.actions import Judge
from sora_batch.planning.plan import Action
from sora_batch.planning.price import LOCAL
from sora_batch.records import AttemptState
from sora_batch.shots import Target

# Rough: hosted models were seen to take one to three minutes for eight seconds of clip, the
# embedded provider encodes 720p a little faster than it plays.
_SECONDS_PER_SECOND = {LOCAL: 0.6}
_HOSTED_SECONDS_PER_SECOND = 12.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """When things should be done; `chain_s` and `critical_path` by the shots' numbers.

    `is_guess` says that for some of it nothing was known but the rough rule.
    """

    chain_s: Sequence[float]
    critical_path: Sequence[int]
    critical_path_s: float
    expected_s: float
    is_guess: bool


def schedule(
    judge: Judge,
    targets: Sequence[Target],
    wanted: Collection[int],
    render_seconds: Mapping[tuple[str, str], float],
    limits: Limits,
) -> Schedule:
    """The expected times of a run of the wanted shots."""
    watch = Stopwatch(render_seconds)
    own = [0.0] * len(judge.shots)
    jobs: dict[str, list[float]] = {}
    for number in wanted:
        verdict = judge.verdicts[number]
        rendered = verdict.attempt and verdict.attempt.state is AttemptState.RENDERED
        if verdict.action in {Action.MAKE, Action.RESUME} and not rendered:
            shot = judge.shots[number]
            own[number] = watch.expected(targets[number], shot.seconds)
            jobs.setdefault(shot.model, []).append(own[number])
    order = [number for number in judge.graph.order if number in wanted]
    needs, needed_by = _edges(judge, wanted)
    chain_s = chains(order, own, needed_by)
    path = critical_path(order, own, chain_s, needed_by)
    at_best = makespan(
        order,
        own,
        chain_s,
        needs=needs,
        needed_by=needed_by,
        concurrency=limits.concurrency,
    )
    return Schedule(
        chain_s=chain_s,
        critical_path=path,
        critical_path_s=sum(own[number] for number in path),
        expected_s=max(at_best, at_least(limits, jobs)),
        is_guess=watch.guesses,
    )


def _edges(
    judge: Judge, wanted: Collection[int]
) -> tuple[dict[int, tuple[int, ...]], dict[int, list[int]]]:
    """What waits for what among the wanted shots, twins included, and the other way round."""
    needs: dict[int, tuple[int, ...]] = {}
    for number in wanted:
        twin = judge.verdicts[number].twin
        found = judge.graph.needs.get(number, ())
        if twin is not None:
            found = tuple(dict.fromkeys([*found, twin]))
        found = tuple(one for one in found if one in wanted)
        if found:
            needs[number] = found
    needed_by: dict[int, list[int]] = {}
    for number, found in needs.items():
        for one in found:
            needed_by.setdefault(one, []).append(number)
    return needs, needed_by


class Stopwatch:
    """Expected render times; `guesses` once nothing was known for one of them."""

    def __init__(self, render_seconds: Mapping[tuple[str, str], float]) -> None:
        self._exact = render_seconds
        self._per_second: dict[str, float] = {}
        for (model, seconds), took in render_seconds.items():
            self._per_second[model] = took / max(0.1, float(seconds))
        self._known: dict[tuple[Target, Decimal], float] = {}
        self.guesses = False

    def expected(self, target: Target, seconds: Decimal) -> float:
        """How long one render should take, in seconds."""
        key = (target, seconds)
        if key not in self._known:
            self._known[key] = self._work_out(target, seconds)
        return self._known[key]

    def _work_out(self, target: Target, seconds: Decimal) -> float:
        exact = self._exact.get((target.model, str(seconds)))
        if exact is not None:
            return exact
        rate = self._per_second.get(target.model)
        if rate is None:
            self.guesses = True
            rate = _SECONDS_PER_SECOND.get(target.provider, _HOSTED_SECONDS_PER_SECOND)
        return rate * float(seconds)


def chains(
    order: Sequence[int], own: Sequence[float], needed_by: Mapping[int, Sequence[int]]
) -> list[float]:
    """For each shot, the time from its submission to the end of the longest chain that needs it."""
    length = [0.0] * len(own)
    for number in reversed(order):
        after = max((length[child] for child in needed_by.get(number, ())), default=0.0)
        length[number] = own[number] + after
    return length


def critical_path(
    order: Sequence[int],
    own: Sequence[float],
    length: Sequence[float],
    needed_by: Mapping[int, Sequence[int]],
) -> list[int]:
    """The shots of the longest chain, first to last; only those that take time."""
    at = max(order, key=lambda number: length[number], default=None)
    path: list[int] = []
    while at is not None:
        if own[at] > 0:
            path.append(at)
        at = max(needed_by.get(at, ()), key=lambda number: length[number], default=None)
    return path


def makespan(
    order: Sequence[int],
    own: Sequence[float],
    length: Sequence[float],
    *,
    needs: Mapping[int, Sequence[int]],
    needed_by: Mapping[int, Sequence[int]],
    concurrency: int,
) -> float:
    """How long it takes with so many at once, when the longest chain always goes first."""
    waiting = {number: len(found) for number, found in needs.items()}
    ready = [(-length[number], number) for number in order if not waiting.get(number)]
    heapq.heapify(ready)
    rendering: list[tuple[float, int]] = []
    now = 0.0
    while ready or rendering:
        while ready and len(rendering) < concurrency:
            _, number = heapq.heappop(ready)
            heapq.heappush(rendering, (now + own[number], number))
        now, finished = heapq.heappop(rendering)
        for child in needed_by.get(finished, ()):
            waiting[child] -= 1
            if not waiting[child]:
                heapq.heappush(ready, (-length[child], child))
    return now


def at_least(limits: Limits, jobs: Mapping[str, Sequence[float]]) -> float:
    """The time the limits alone ask for. `jobs` has the render times by the manifest's model."""
    bounds = [_paced(limits.requests_per_minute, sum(len(times) for times in jobs.values()))]
    for model, times in jobs.items():
        limit = limits.models.get(model)
        if limit is not None:
            bounds.append(_paced(limit.requests_per_minute, len(times)))
            bounds.append(sum(times) / (limit.concurrency or len(times)))
    return max(bounds)


def _paced(requests_per_minute: float | None, jobs: int) -> float:
    return (jobs - 1) * 60.0 / requests_per_minute if requests_per_minute and jobs else 0.0
