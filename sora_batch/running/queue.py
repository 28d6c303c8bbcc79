"""Which shot is next: those whose needs are met, the start of the longest chain first.

Pure bookkeeping: it knows no clock and no provider.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from sora_batch.planning.plan import Action, Step
from sora_batch.shots import ShotId


class Queue:
    """The steps of a plan that wait for their needs, and those that are ready, by model."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._steps = {step.shot.id: step for step in steps}
        self._order = {shot: n for n, shot in enumerate(self._steps)}
        self._unmet: dict[ShotId, int] = {}
        self._children: dict[ShotId, list[ShotId]] = defaultdict(list)
        self._ready: dict[str, list[tuple[float, int, ShotId]]] = defaultdict(list)
        self._twins: list[Step] = []
        self._numbers: dict[ShotId, int] = {}
        for step in self._steps.values():
            for need in step.needed:
                self._children[need].append(step.shot.id)
            if step.action is Action.MAKE or step.same_as is not None:
                self._add(step)

    def _add(self, step: Step) -> None:
        unmet = sum(1 for need in step.needed if need in self._steps)
        self._unmet[step.shot.id] = unmet
        self._numbers[step.shot.id] = step.number
        if not unmet:
            self._push(step)

    def _push(self, step: Step) -> None:
        if step.same_as is not None:
            self._twins.append(step)
            return
        entry = (-step.chain_s, self._order[step.shot.id], step.shot.id)
        heapq.heappush(self._ready[step.shot.model], entry)

    def step(self, shot: ShotId) -> Step:
        """The shot's step."""
        return self._steps[shot]

    def number(self, shot: ShotId) -> int:
        """Which try the shot's next attempt is."""
        return self._numbers[shot]

    def twins(self) -> Iterator[Step]:
        """Takes out the steps whose clip another shot of the same inputs has got by now."""
        while self._twins:
            yield self._twins.pop()

    @property
    def has_ready(self) -> bool:
        """Whether any shot could be submitted, limits aside."""
        return any(self._ready.values())

    def pop(self, wait_s: Callable[[str], float]) -> tuple[Step | None, float]:
        """The best shot whose model may be submitted now; else None and the shortest wait."""
        best: tuple[tuple[float, int, ShotId], str] | None = None
        shortest = float("inf")
        for model, heap in self._ready.items():
            if not heap:
                continue
            wait = wait_s(model)
            shortest = min(shortest, wait)
            if wait <= 0 and (best is None or heap[0] < best[0]):
                best = (heap[0], model)
        if best is None:
            return None, shortest
        heapq.heappop(self._ready[best[1]])
        return self._steps[best[0][2]], 0.0

    def done(self, shot: ShotId) -> None:
        """The shot's clip is there: what needed only it becomes ready."""
        for child in self._children[shot]:
            if child in self._unmet:
                self._unmet[child] -= 1
                if self._unmet[child] == 0:
                    self._push(self._steps[child])

    def again(self, shot: ShotId, number: int) -> None:
        """The shot is to be tried again."""
        self._numbers[shot] = number
        self._push(self._steps[shot])

    def drop(self, shot: ShotId) -> Iterator[tuple[ShotId, ShotId]]:
        """Takes out all that waits for a shot that will not be there: pairs of shot and reason."""
        stack = [shot]
        while stack:
            missing = stack.pop()
            for child in self._children[missing]:
                if self._unmet.pop(child, 0):
                    stack.append(child)
                    yield child, missing

    def rest(self) -> list[ShotId]:
        """The shots that are ready or waiting."""
        ready = [entry[2] for heap in self._ready.values() for entry in heap]
        return [*ready, *(shot for shot, unmet in self._unmet.items() if unmet)]
