"""Which shot has to wait for which, and in what order they can be made.

Shots are numbers here: their places in the manifest. Nothing recurses, so a chain may be as long
as a manifest.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sora_batch.problems import Problem, Where
from sora_batch.shots import FrameReference, Shot, ShotId

_SHOWN_FIRST = 6
_SHOWN_LAST = 2


@dataclass(frozen=True, slots=True)
class Graph:
    """`needs` has what each shot waits for, `needed_by` what waits for it; empty ones left out.

    `order` has every shot after all it needs, otherwise as they stand in the manifest; shots that
    need each other in a circle, and what needs those, are in `stuck` instead.
    """

    needs: Mapping[int, tuple[int, ...]]
    needed_by: Mapping[int, tuple[int, ...]]
    order: Sequence[int]
    stuck: tuple[int, ...] = ()

    def upstream(self, starts: Iterable[int]) -> set[int]:
        """The shots themselves and everything they need, through all steps."""
        return _reachable(starts, self.needs)

    def downstream(self, starts: Iterable[int]) -> set[int]:
        """The shots themselves and everything that needs them, through all steps."""
        return _reachable(starts, self.needed_by)


def graph_of(shots: Sequence[Shot]) -> Graph:
    """The graph of the shots. A need that is not among them is left out: it is a problem of the
    manifest and reported there."""
    index = {shot.id: number for number, shot in enumerate(shots)}
    needs: dict[int, tuple[int, ...]] = {}
    needed_by: dict[int, list[int]] = {}
    forward = True
    for number, shot in enumerate(shots):
        if not (shot.needs or shot.source or isinstance(shot.reference, FrameReference)):
            continue
        found = tuple(index[needed] for needed in shot.needed if needed in index)
        if found:
            needs[number] = found
            forward = forward and max(found) < number
            for needed in found:
                needed_by.setdefault(needed, []).append(number)
    backwards = {number: tuple(children) for number, children in needed_by.items()}
    if forward:
        return Graph(needs, backwards, range(len(shots)))
    order, stuck = _ordered(len(shots), needs, backwards)
    return Graph(needs, backwards, order, stuck)


def cycle_problems(shots: Sequence[Shot], graph: Graph) -> list[Problem]:
    """One problem for each circle, naming all of it, with lines."""
    return [_cycle_problem([shots[number] for number in cycle]) for cycle in _cycles(graph)]


def _ordered(
    count: int, needs: Mapping[int, tuple[int, ...]], needed_by: Mapping[int, tuple[int, ...]]
) -> tuple[list[int], tuple[int, ...]]:
    """Kahn's order, always taking the earliest written shot that is ready."""
    waiting = {number: len(needed) for number, needed in needs.items()}
    ready = [number for number in range(count) if number not in waiting]
    order: list[int] = []
    while ready:
        number = heapq.heappop(ready)
        order.append(number)
        for child in needed_by.get(number, ()):
            waiting[child] -= 1
            if not waiting[child]:
                del waiting[child]
                heapq.heappush(ready, child)
    return order, tuple(sorted(waiting))


def _cycles(graph: Graph) -> list[list[int]]:
    """Circles among the stuck shots, at most one for each walk along first needs.

    A shot is stuck because it is on a circle or waits for one, so each has a stuck need to walk
    to, and every walk ends in a circle or in an earlier walk.
    """
    stuck = set(graph.stuck)
    seen: set[int] = set()
    found: list[list[int]] = []
    for start in graph.stuck:
        path: list[int] = []
        place: dict[int, int] = {}
        at = start
        while at not in seen:
            seen.add(at)
            place[at] = len(path)
            path.append(at)
            at = next(needed for needed in graph.needs[at] if needed in stuck)
        if at in place:
            found.append(path[place[at] :])
    return found


def _cycle_problem(cycle: Sequence[Shot]) -> Problem:
    first = min(range(len(cycle)), key=lambda number: cycle[number].where)
    turned = [*cycle[first:], *cycle[:first]]
    places = [
        _edge_place(shot, turned[(number + 1) % len(turned)].id)
        for number, shot in enumerate(turned)
    ]
    named = [
        f"`{shot.id}` (line {place.line})" if place.line else f"`{shot.id}`"
        for shot, place in zip(turned, places, strict=True)
    ]
    if len(turned) == 1:
        return Problem(f"{named[0]} needs itself", places[0], "cycle", "take the need out")
    round_trip = " -> ".join([*_shortened(named), named[0]])
    count = f" ({len(turned)} shots)" if len(turned) > _SHOWN_FIRST + _SHOWN_LAST else ""
    return Problem(
        f"shots need each other in a circle{count}: {round_trip}",
        places[0],
        "cycle",
        "take one of these needs out",
        also=tuple(dict.fromkeys(places[1 : _SHOWN_FIRST + _SHOWN_LAST])),
    )


def _edge_place(shot: Shot, needed: ShotId) -> Where:
    """Where it was written that one shot needs the other."""
    if shot.source is not None and shot.source.shot == needed:
        return shot.source.where if shot.source.where.line else shot.place(f"{shot.source.kind}_of")
    if isinstance(shot.reference, FrameReference) and shot.reference.shot == needed:
        return shot.reference.where if shot.reference.where.line else shot.place("reference")
    return shot.place("needs")


def _shortened(names: Sequence[str]) -> list[str]:
    if len(names) <= _SHOWN_FIRST + _SHOWN_LAST:
        return list(names)
    left_out = len(names) - _SHOWN_FIRST - _SHOWN_LAST
    return [*names[:_SHOWN_FIRST], f"… {left_out:,} more …", *names[-_SHOWN_LAST:]]


def _reachable(starts: Iterable[int], edges: Mapping[int, tuple[int, ...]]) -> set[int]:
    reached = set(starts)
    stack = list(reached)
    while stack:
        for number in edges.get(stack.pop(), ()):
            if number not in reached:
                reached.add(number)
                stack.append(number)
    return reached
