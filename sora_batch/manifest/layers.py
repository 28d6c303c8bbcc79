"""Lays what a shot is written to be over its defaults: shot, then variant, then axes; later wins.

`options` and `vars` are merged by key, `tags` are added up, everything else is replaced. A field
written as `null` takes back what was said below it. Of `remix_of`, `edit_of` and `extend_of` a
shot has one: a layer that says one takes back another of the layer below, and one that says two
is a problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from pydantic import ValidationError

from sora_batch.manifest.scope import Way
from sora_batch.manifest.shot_schema import EachSpec, Overrides, ReferenceSpec, ShotSpec
from sora_batch.manifest.sweeps import FIELDS, Combination
from sora_batch.shots import Json

SOURCES = ("remix_of", "edit_of", "extend_of")
Layer: TypeAlias = "tuple[Overrides | str, Way]"

_MERGED = frozenset({"options", "vars", "tags"})


@dataclass(frozen=True, slots=True)
class Written:
    """A value as it was written, and where."""

    value: Any
    way: Way


@dataclass(frozen=True, slots=True)
class Clash:
    """Two fields of one layer of which a shot may have one, or a value that fits no field."""

    message: str
    way: Way
    fix: str


@dataclass(slots=True)
class Fields:
    """What a shot is written to be: its fields, and those that add up over the layers."""

    values: dict[str, Written] = field(default_factory=dict)
    options: dict[str, Written] = field(default_factory=dict)
    vars: dict[str, Written] = field(default_factory=dict)
    tags: tuple[Written, ...] = ()
    clashes: list[Clash] = field(default_factory=list)

    def copy(self) -> Fields:
        """The same, to lay more over."""
        return replace(
            self,
            values=dict(self.values),
            options=dict(self.options),
            vars=dict(self.vars),
            clashes=[],
        )

    def way(self, name: str) -> Way | None:
        """Where the field was written, None where it was not."""
        written = self.values.get(name)
        return written.way if written else None

    def lay(self, layer: Overrides | str, way: Way) -> None:
        """Puts a layer over what there is. A bare string is a prompt."""
        if isinstance(layer, str):
            self.values["prompt"] = Written(layer, way)
            return
        said = layer.model_fields_set
        self._lay_source(layer, way)
        for name in FIELDS:
            if name not in said or name in SOURCES:
                continue
            value = getattr(layer, name)
            if name in _MERGED:
                self._merge(name, value, (*way, name))
            elif value is None:
                self.values.pop(name, None)
            else:
                self.values[name] = Written(value, (*way, name))

    def lay_axes(self, combination: Combination) -> None:
        """Puts the values of the axes that are named like fields over what there is."""
        for (name, value), way in zip(combination.axes, combination.ways, strict=True):
            if name in FIELDS:
                self._lay_axis(name, value, way)

    def _lay_axis(self, name: str, value: Json, way: Way) -> None:
        try:
            layer = Overrides.model_validate({name: value})
        except ValidationError:
            fix = f"write it as `{name}` of a shot may be written"
            self.clashes.append(Clash(f"this is no value for `{name}`", way, fix))
            return
        below = self.copy()
        below.lay(layer, ())
        # The value stands in the list of the axis, not under a key of its own.
        self.options, self.vars, self.tags = (
            {key: _moved(item, way) for key, item in below.options.items()},
            {key: _moved(item, way) for key, item in below.vars.items()},
            tuple(_moved(item, way) for item in below.tags),
        )
        self.values = {
            key: Written(item.value, way) if item.way == (name,) else item
            for key, item in below.values.items()
        }

    def _lay_source(self, layer: Overrides, way: Way) -> None:
        said = [name for name in SOURCES if name in layer.model_fields_set]
        given = [name for name in said if getattr(layer, name) is not None]
        if len(given) > 1:
            both = " and ".join(f"`{name}`" for name in given)
            message = f"a shot is made from one other at most, and here are {both}"
            self.clashes.append(Clash(message, (*way, given[1]), "keep one of them"))
        for name in SOURCES if given else said:
            self.values.pop(name, None)
        for name in given[:1]:
            self.values[name] = Written(getattr(layer, name), (*way, name))

    def _merge(self, name: str, value: Any, way: Way) -> None:
        if name == "tags":
            self.tags += tuple(Written(tag, (*way, i)) for i, tag in enumerate(value or ()))
            return
        merged = self.options if name == "options" else self.vars
        if value is None:
            merged.clear()
        else:
            merged.update({key: Written(item, (*way, key)) for key, item in value.items()})


def lay_all(layers: Iterable[Layer]) -> Fields:
    """The layers one over the other, the first at the bottom."""
    fields = Fields()
    for layer, way in layers:
        fields.lay(layer, way)
    return fields


def each_of(fields: Fields) -> list[tuple[str, EachSpec, Way]]:
    """The fields that make their shot once for each of another's, and where they say so."""
    found = []
    for name in (*SOURCES, "reference"):
        written = fields.values.get(name)
        if written is None:
            continue
        value = (
            written.value.frame_of if isinstance(written.value, ReferenceSpec) else written.value
        )
        way = (*written.way, "frame_of") if name == "reference" else written.way
        if isinstance(value, EachSpec) and value.each:
            found.append((name, value, way))
    return found


def each_need(spec: ShotSpec, way: Way) -> list[tuple[str, EachSpec, Way]]:
    """The same for `needs`."""
    return [
        ("needs", need, (*way, "needs", index))
        for index, need in enumerate(spec.needs or ())
        if isinstance(need, EachSpec) and need.each
    ]


def _moved(item: Written, way: Way) -> Written:
    """An item of a layer without a place, moved to where the axis value stands."""
    inside = item.way[:1] in {("options",), ("vars",), ("tags",)}
    return Written(item.value, (*way, *item.way[1:])) if inside else item


def vars_of(written: Mapping[str, Written]) -> dict[str, Json]:
    """The plain values."""
    return {name: item.value for name, item in written.items()}
