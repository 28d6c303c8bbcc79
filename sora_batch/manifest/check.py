"""Holds a tree against the schema: the problems, and what is left of it without them.

What is wrong is cut out and the rest is looked at again, so that one slip does not hide whatever
could still be said about the other shots.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from sora_batch.manifest.document import DOUBLE, Node, mapping
from sora_batch.manifest.words import Slip, explain, path_of
from sora_batch.problems import Problem, Where

Way = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
_ROUNDS: Final = 8


@dataclass(frozen=True, slots=True)
class Checked(Generic[Model]):
    """What the schema made of a tree: `spec` is None where nothing usable is left of it."""

    spec: Model | None
    root: Node
    problems: list[Problem]
    dropped: frozenset[Way]


def check(model: type[Model], root: Node, known: Iterable[Problem] = ()) -> Checked[Model]:
    """The tree as a model, without what is wrong in it.

    `known` are problems already found in this text: what the schema says of the same places is
    not repeated.
    """
    places = {(p.where.file, p.where.line, p.where.column) for p in known}
    problems: list[Problem] = []
    dropped: set[Way] = set()
    for _ in range(_ROUNDS):
        try:
            return Checked(model.model_validate(root.data), root, problems, frozenset(dropped))
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
        slips = [_slip(each, root, model) for each in found]
        dropped |= {slip.meant for slip in slips} - {()}
        problems += [
            explain(slip)
            for slip in slips
            if not (_spots(slip) & places or _follows(slip, dropped))
        ]
        cut = {slip.path[:-1] if slip.kind == "missing" else slip.path for slip in slips}
        dropped |= cut
        if () in cut:
            if any(each["type"] == "missing" and each["loc"] == ("shots",) for each in found):
                break
            root = _with_version(root)
            cut.discard(())
        root = without(root, cut)
    return Checked(None, root, problems, frozenset(dropped))


def without(root: Node, paths: Iterable[Way]) -> Node:
    """The tree without what stands at the paths; what stays is shared, not copied."""
    here: dict[str | int, list[Way]] = {}
    for path in paths:
        if path:
            here.setdefault(path[0], []).append(path[1:])
    if not here or root.children is None:
        return root
    gone = {step for step, rests in here.items() if () in rests}
    if isinstance(root.children, dict):
        kept = {
            name: without(node, here.get(name, ()))
            for name, node in root.children.items()
            if name not in gone
        }
        return mapping(
            kept, {name: key for name, key in (root.keys or {}).items() if name in kept}, root
        )
    items = [
        without(node, here.get(number, ()))
        for number, node in enumerate(root.children)
        if number not in gone
    ]
    data: Any = [node.data for node in items]
    return Node(root.source, root.line, root.column, root.length, data, root.style, items)


def _slip(error: Mapping[str, Any], root: Node, model: type[BaseModel]) -> Slip:
    path = tuple(path_of(root, error["loc"]))
    return Slip(error["type"], path, error.get("ctx", {}), root, model)


def _follows(slip: Slip, dropped: Iterable[Way]) -> bool:
    """Whether it is only missing because what was there had a problem, or was misspelt."""
    if slip.kind not in {"missing", "too_short"}:
        return False
    missing = {slip.path}
    if slip.path[-1] == "shot":
        missing.add((*slip.path[:-1], "job"))
    return any(way[: len(slip.path)] in missing for way in dropped)


def paths_at(root: Node, places: Iterable[Where]) -> set[Way]:
    """The paths of the values that stand, or whose keys stand, at these places."""
    wanted = {(place.file, place.line, place.column) for place in places}
    found: set[Way] = set()
    waiting: list[tuple[Way, Node]] = [((), root)]
    while waiting and wanted:
        path, node = waiting.pop()
        if not isinstance(node.children, (dict, list)):
            continue
        steps = (
            node.children.items() if isinstance(node.children, dict) else enumerate(node.children)
        )
        for step, child in steps:
            way = (*path, step)
            for each in (child, node.key(step)):
                if each and (each.source.file, each.line, each.column) in wanted:
                    found.add(way)
            waiting.append((way, child))
    return found


def _spots(slip: Slip) -> set[tuple[str, int, int]]:
    places = (slip.where, slip.root.place(slip.path, key=True))
    return {(place.file, place.line, place.column) for place in places}


def _with_version(root: Node) -> Node:
    """The tree with the version it does not name, so that the rest can be looked at."""
    if not isinstance(root.children, dict):
        return root
    version = Node(root.source, root.line, root.column, root.length, 1, DOUBLE)
    return mapping(
        {"version": version, **root.children}, {"version": version, **(root.keys or {})}, root
    )
