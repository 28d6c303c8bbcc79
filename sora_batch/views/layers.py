"""Lays a graph out in layers: everything stands right of what it needs, and lines cross little.

Pure geometry in pixels. Long lines bend through the layers that they pass, so that none runs
through a box; order within a layer follows the neighbours, a few times over. What has no line at
all stands below, in rows.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

GAP_X = 64.0
GAP_Y = 14.0
_BEND = 10.0
_SWEEPS = 6

Point = tuple[float, float]
Line = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands: the left upper corner of each box, the points of each line."""

    width: float
    height: float
    boxes: Mapping[str, Point]
    lines: Mapping[Line, tuple[Point, ...]]


def laid_out(
    names: Sequence[str], lines: Sequence[Line], *, box_width: float, box_height: float
) -> Layout:
    """The layout of boxes of one size. `lines` lead from what is needed to what needs it.

    Lines that would close a circle are drawn and do not count.
    """
    known = set(names)
    lines = [line for line in dict.fromkeys(lines) if set(line) <= known and line[0] != line[1]]
    joined = {name for line in lines for name in line}
    depth = _depths([name for name in names if name in joined], lines)
    routes, layers = _routed(depth, lines)
    _order(layers, routes)
    middles, reach = _heights(layers, routes, box_height)
    step = box_width + GAP_X
    boxes = {name: (depth[name] * step, middles[name] - box_height / 2) for name in depth}
    wide = max((x + box_width for x, _ in boxes.values()), default=0.0)
    loose = [name for name in names if name not in joined]
    below = reach + (GAP_Y * 2 if joined and loose else 0.0)
    placed, wide, tall = _in_rows(loose, wide, below, box_width, box_height)
    paths = {
        line: _points(route, depth, middles, step, box_width) for line, route in routes.items()
    }
    return Layout(wide, tall, {**boxes, **placed}, paths)


def _depths(names: Sequence[str], lines: Sequence[Line]) -> dict[str, int]:
    """How many lines the longest way to each takes; in the order of the names."""
    before: defaultdict[str, list[str]] = defaultdict(list)
    for start, end in lines:
        before[end].append(start)
    depth: dict[str, int] = {}
    for first in names:
        waiting, entered = [first], set[str]()
        while waiting:
            name = waiting[-1]
            open_ones = [one for one in before[name] if one not in depth and one not in entered]
            if name not in depth and open_ones and name not in entered:
                entered.add(name)
                waiting += open_ones
                continue
            waiting.pop()
            known = (depth[one] + 1 for one in before[name] if one in depth)
            depth.setdefault(name, max(known, default=0))
    return {name: depth[name] for name in names}


def _routed(
    depth: Mapping[str, int], lines: Sequence[Line]
) -> tuple[dict[Line, list[str]], list[list[str]]]:
    """For each line the places it passes, and the places of each layer."""
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name, layer in depth.items():
        layers[layer].append(name)
    routes = {}
    for number, (start, end) in enumerate(lines):
        passed = []
        for layer in range(depth[start] + 1, depth[end]):
            bend = f"\0{number}.{layer}"
            layers[layer].append(bend)
            passed.append(bend)
        routes[start, end] = [start, *passed, end]
    return routes, layers


def _neighbours(
    routes: Mapping[Line, Sequence[str]],
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    left: defaultdict[str, list[str]] = defaultdict(list)
    right: defaultdict[str, list[str]] = defaultdict(list)
    for route in routes.values():
        for one, other in pairwise(route):
            right[one].append(other)
            left[other].append(one)
    return left, right


def _order(layers: list[list[str]], routes: Mapping[Line, Sequence[str]]) -> None:
    """Sorts each layer by where its neighbours stand, from the left, then from the right."""
    left, right = _neighbours(routes)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        around = left if forth else right
        ordered = layers if forth else layers[::-1]
        for fixed, moving in pairwise(ordered):
            place = {name: number for number, name in enumerate(fixed)}
            own = {name: number for number, name in enumerate(moving)}
            moving.sort(key=lambda name: _mean((place.get(n) for n in around[name]), own[name]))


def _heights(
    layers: Sequence[Sequence[str]], routes: Mapping[Line, Sequence[str]], box_height: float
) -> tuple[dict[str, float], float]:
    """The middle of everything, near the middles of its neighbours, and how far down it goes."""
    left, right = _neighbours(routes)
    sizes = {name: _BEND if name[0] == "\0" else box_height for layer in layers for name in layer}
    middles: dict[str, float] = {}
    for layer in layers:
        middles.update(_stacked(layer, dict.fromkeys(layer, 0.0), sizes))
    for sweep in range(_SWEEPS):
        around, ordered = (left, layers) if sweep % 2 == 0 else (right, layers[::-1])
        for layer in ordered:
            wanted = {
                name: _mean((middles[other] for other in around[name]), middles[name])
                for name in layer
            }
            middles.update(_stacked(layer, wanted, sizes))
    top = min((middles[name] - sizes[name] / 2 for name in middles), default=0.0)
    moved = {name: middle - top for name, middle in middles.items()}
    return moved, max((moved[name] + sizes[name] / 2 for name in moved), default=0.0)


def _stacked(
    layer: Sequence[str], wanted: Mapping[str, float], sizes: Mapping[str, float]
) -> dict[str, float]:
    """Middles in the given order, none over another, as near to those wanted as that allows."""
    placed: dict[str, float] = {}
    floor = -math.inf
    for name in layer:
        placed[name] = max(wanted[name], floor + sizes[name] / 2)
        floor = placed[name] + sizes[name] / 2 + GAP_Y
    off = _mean((wanted[name] - placed[name] for name in layer), 0.0)
    return {name: middle + off for name, middle in placed.items()}


def _mean(values: Iterable[float | None], otherwise: float) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else otherwise


def _points(
    route: Sequence[str],
    depth: Mapping[str, int],
    middles: Mapping[str, float],
    step: float,
    box_width: float,
) -> tuple[Point, ...]:
    start, end = route[0], route[-1]
    points = [(depth[start] * step + box_width, middles[start])]
    for further, bend in enumerate(route[1:-1], depth[start] + 1):
        points += [(further * step, middles[bend]), (further * step + box_width, middles[bend])]
    return (*points, (depth[end] * step, middles[end]))


def _in_rows(
    names: Sequence[str], wide: float, top: float, box_width: float, box_height: float
) -> tuple[dict[str, Point], float, float]:
    """Places for what has no line: as wide as the rest, or about twice as wide as high."""
    if not names:
        return {}, wide, top
    step = box_width + GAP_Y
    several = math.ceil(math.sqrt(len(names) * 2 * (box_height + GAP_Y) / step))
    across = min(len(names), max(several, int((wide + GAP_Y) // step), 1))
    placed = {
        name: (number % across * step, top + number // across * (box_height + GAP_Y))
        for number, name in enumerate(names)
    }
    down = math.ceil(len(names) / across)
    return placed, max(wide, across * step - GAP_Y), top + down * (box_height + GAP_Y) - GAP_Y
