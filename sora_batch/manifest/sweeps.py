"""Multiplies the axes of a sweep into combinations.

`exclude` leaves out every combination that has all the values an entry names; `include` adds
exactly the combinations it writes, and never changes others. Values are the same when they are the
same in a shot id: `8` and `"8"` are. An entry that does nothing is a problem, for it is a slip of
the pen that would cost money.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sora_batch.manifest.findings import Findings
from sora_batch.manifest.scope import RESERVED_NAMES, Way
from sora_batch.manifest.shot_schema import Overrides, ShotSpec, SweepSpec
from sora_batch.manifest.slugs import slug, value_slug
from sora_batch.problems import Where, did_you_mean
from sora_batch.shots import Json

FIELDS = tuple(Overrides.model_fields)
"""Fields an axis may set by its name."""

_NO_AXES = frozenset(ShotSpec.model_fields) - frozenset(FIELDS)
_NO_NAMES = (RESERVED_NAMES | {"vars"}) - frozenset(FIELDS)


@dataclass(frozen=True, slots=True, eq=False)
class Combination:
    """One value for every axis: name and value, the words of its id, where each value stands."""

    axes: tuple[tuple[str, Json], ...] = ()
    words: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the shot id."""
        return tuple(
            f"{slug(name)}={word}" for (name, _), word in zip(self.axes, self.words, strict=True)
        )


@dataclass(frozen=True, slots=True)
class _Value:
    value: Json
    word: str
    way: Way


class Sweep:
    """The axes of one shot spec, checked, before anything is multiplied."""

    def __init__(
        self,
        spec: SweepSpec | None,
        way: Way,
        where: Callable[..., Where],
        findings: Findings,
    ) -> None:
        self._way = way
        self._where = where
        self._findings = findings
        self._spec = spec
        written: Mapping[str, list[Json]] = (spec.model_extra or {}) if spec is not None else {}
        self._axes = {
            name: self._values(name, values)
            for name, values in written.items()
            if self._may_be_axis(name)
        }

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes' names, in written order."""
        return tuple(self._axes)

    @property
    def most(self) -> int:
        """How many combinations there are before any is left out."""
        if self._spec is None:
            return 1
        product = math.prod(len(values) for values in self._axes.values()) if self._axes else 0
        return product + len(self._spec.include)

    def combinations(self) -> list[Combination]:
        """Every combination, in the order of the axes; the included ones last."""
        if self._spec is None:
            return [Combination()]
        excluded = _Excluded(self._entries("exclude", self._spec.exclude))
        made = [
            _combination(self.axes, values)
            for values in (itertools.product(*self._axes.values()) if self._axes else ())
            if not excluded.has(self.axes, values)
        ]
        for way in excluded.idle():
            self._findings.add(
                "this entry leaves nothing out: no combination has these values",
                self._where(way),
                "sweep",
                "use values of the axes as they are written, or remove the entry",
            )
        made += self._included({combination.words for combination in made})
        if not made:
            message = "this sweep has no combination left, so there is nothing to make"
            self._findings.add(message, self._where(self._way), "sweep")
        return made

    def _values(self, axis: str, values: Sequence[Json]) -> list[_Value]:
        known: dict[str, _Value] = {}
        for index, value in enumerate(values):
            way = (*self._way, axis, index)
            word = value_slug(value)
            if not word:
                message = f"nothing of this value of `{axis}` can stand in a shot id"
                fix = "use a value with letters or digits"
                self._findings.add(message, self._where(way), "shot-id", fix)
            elif word in known:
                self._findings.add(
                    f"two values of `{axis}` come to the same shot id: `{slug(axis)}={word}`",
                    self._where(way),
                    "same-id",
                    "make them differ in letters or digits, or remove one",
                    (self._where(known[word].way),),
                )
            else:
                known[word] = _Value(value, word, way)
        return list(known.values())

    def _may_be_axis(self, name: str) -> bool:
        way = (*self._way, name)
        if name in _NO_AXES or name in _NO_NAMES:
            means = "a field that cannot be swept" if name in _NO_AXES else "the shot's own"
            message = f"`{name}` cannot be an axis: it is {means}"
        elif not slug(name):
            message = f"nothing of `{name}` can stand in a shot id"
        else:
            return True
        where = self._where(way, key=True)
        self._findings.add(message, where, "sweep", "give the axis another name")
        return False

    def _entries(
        self, kind: str, entries: Sequence[Mapping[str, Json]]
    ) -> Iterator[tuple[Way, dict[str, _Value]]]:
        """The entries whose every name is an axis; the others are problems."""
        for index, entry in enumerate(entries):
            way = (*self._way, kind, index)
            unknown = [name for name in entry if name not in self._axes]
            for name in unknown:
                fix = did_you_mean(name, self.axes) or _listed("the axes are", self.axes)
                message = f"`{name}` is no axis of this sweep"
                where = self._where((*way, name), key=True)
                self._findings.add(message, where, "sweep", fix)
            if not entry:
                self._findings.add("this entry is empty", self._where(way), "sweep")
            elif not unknown:
                yield (
                    way,
                    {
                        name: _Value(value, value_slug(value), (*way, name))
                        for name, value in entry.items()
                    },
                )

    def _included(self, there: set[tuple[str, ...]]) -> Iterator[Combination]:
        for way, entry in self._entries("include", self._spec.include if self._spec else ()):
            missing = [axis for axis in self.axes if axis not in entry]
            if missing:
                message = _listed("a combination has a value for every axis; missing:", missing)
                self._findings.add(message, self._where(way), "sweep")
                continue
            made = _combination(self.axes, [entry[axis] for axis in self.axes])
            if made.words in there:
                message = "this combination is there already"
                self._findings.add(message, self._where(way), "sweep", "remove the entry")
            elif not all(made.words):
                message = "nothing of a value here can stand in a shot id"
                self._findings.add(message, self._where(way), "shot-id")
            else:
                there.add(made.words)
                yield made


class _Excluded:
    """Entries to leave out, found by the values they name instead of one after the other."""

    def __init__(self, entries: Iterable[tuple[Way, dict[str, _Value]]]) -> None:
        self._by_axes: dict[tuple[str, ...], dict[tuple[str, ...], Way]] = {}
        self._ways: list[Way] = []
        self._used: set[Way] = set()
        for way, entry in entries:
            axes = tuple(sorted(entry))
            words = tuple(entry[axis].word for axis in axes)
            self._by_axes.setdefault(axes, {}).setdefault(words, way)
            self._ways.append(way)

    def has(self, axes: Sequence[str], values: Sequence[_Value]) -> bool:
        """Whether some entry leaves this combination out."""
        if not self._by_axes:
            return False
        words = {axis: value.word for axis, value in zip(axes, values, strict=True)}
        found = [
            entries[named]
            for names, entries in self._by_axes.items()
            if (named := tuple(words[name] for name in names)) in entries
        ]
        self._used.update(found)
        return bool(found)

    def idle(self) -> list[Way]:
        """The entries that left nothing out."""
        return [way for way in self._ways if way not in self._used]


def _combination(axes: Sequence[str], values: Sequence[_Value]) -> Combination:
    return Combination(
        tuple((axis, value.value) for axis, value in zip(axes, values, strict=True)),
        tuple(value.word for value in values),
        tuple(value.way for value in values),
    )


def _listed(intro: str, words: Sequence[str]) -> str:
    return f"{intro} {', '.join(f'`{word}`' for word in words)}" if words else ""
