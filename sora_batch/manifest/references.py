"""Finds the shots that a shot (or a cut) speaks of.

What is written is a shot's name, a shot id, or a pattern (`opener.calm.*`). A name means the
shots of that name that agree with the child in whatever both have: rows, variants, axes, takes. An
id or a pattern means exactly what it says.

Nothing here looks through all shots for each child: families are indexed by the dimensions they
share with a child, patterns by their beginning.
"""

from __future__ import annotations

import fnmatch
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sora_batch.manifest.families import AXIS, Cell, Family, shared_dimensions
from sora_batch.manifest.slugs import slug
from sora_batch.problems import Where, did_you_mean

MAX_NEEDS = 2_000_000

_NAMED = 3
_SUGGESTED_FROM = 2_000
_WILD = re.compile(r"[*?\[]")


@dataclass(slots=True)
class ReferenceFault(Exception):
    """Why a reference means nothing, or too much."""

    message: str
    code: str
    fix: str = ""
    also: tuple[Where, ...] = ()


class Unsaid(Exception):
    """The reference is to a shot that has problems of its own; there is nothing to add."""


class References:
    """Every shot of the manifest, to be found by name, id and pattern.

    `disabled` are the shots that are switched off and where that is said; `broken` the names of
    those that could not be expanded.
    """

    def __init__(
        self,
        families: Sequence[Family],
        disabled: Mapping[str, Where] | None = None,
        broken: frozenset[str] = frozenset(),
    ) -> None:
        self._families = {family.name: family for family in families}
        self._by_word = {family.word: family for family in families}
        self._disabled = {slug(name): where for name, where in (disabled or {}).items()}
        self._broken = {slug(name) for name in broken}
        self._ids: dict[str, Cell] = {}
        for family in families:
            for cell in family.cells:
                cell.order = len(self._ids)
                self._ids[cell.id] = cell
        self._needed = 0
        self._sorted: list[str] | None = None
        self._patterns: dict[str, list[Cell]] = {}
        self._shared: dict[tuple[str, str], tuple[str, ...]] = {}

    def one(self, text: str, child: Cell) -> Cell:
        """The shot meant where one is needed. Raises ReferenceFault, Unsaid."""
        found = self._found(text, child)
        if len(found) > 1:
            raise ReferenceFault(
                f"`{text}` is {len(found):,} shots, and one is needed here: {_listed(found)}",
                "many-parents",
                f"name one of them, give this shot the same axes, or write "
                f"`{{shot: {text}, each: true}}`",
            )
        return found[0]

    def many(self, text: str, child: Cell) -> Sequence[Cell]:
        """All the shots meant, at least one. Raises ReferenceFault, Unsaid."""
        found = self._found(text, child)
        self._needed += len(found)
        if self._needed > MAX_NEEDS:
            raise ReferenceFault(
                f"all needs together name more than {MAX_NEEDS:,} shots",
                "too-many-needs",
                "let the many need one shot, and that one all the others",
            )
        return found

    def _found(self, text: str, child: Cell) -> Sequence[Cell]:
        family = self.family(text)
        if family is not None:
            itself = family is child.family
            found = [child] if itself else self._matched(family, child)
        else:
            found = self.exactly(text)
            itself = child.id == text or fnmatch.fnmatchcase(child.id, text)
        if itself:
            raise ReferenceFault(
                f"`{child.id}` refers to itself", "self-reference", "name another shot"
            )
        return found

    def family(self, text: str) -> Family | None:
        """The family of that name, as it is written or as it stands in ids."""
        found = self._families.get(text) or self._by_word.get(text)
        return found if found is not None and found.cells else None

    def exactly(self, text: str) -> Sequence[Cell]:
        """The shots of an id, a pattern or a whole name, in written order.

        Raises ReferenceFault, Unsaid.
        """
        family = self.family(text)
        if family is not None:
            return family.cells
        cell = self._ids.get(text)
        if cell is not None:
            return [cell]
        found = self._by_pattern(text) if _WILD.search(text) else []
        if not found:
            raise self._unknown(text)
        return found

    def families_meant(self, text: str, but: Family) -> list[Family]:
        """The families whose shots a reference may mean, before their shots have names."""
        found = self._families.get(text) or self._by_word.get(text)
        if found is not None:
            return [found]
        start = _WILD.split(text, maxsplit=1)[0]
        wild = start != text
        return [
            family
            for word, family in self._by_word.items()
            if family is not but
            and (start.startswith(f"{word}.") or (wild and word.startswith(start)))
        ]

    def _matched(self, family: Family, child: Cell) -> Sequence[Cell]:
        key = (child.family.name, family.name)
        shared = self._shared.get(key)
        if shared is None:
            shared = self._shared[key] = shared_dimensions(child.family, [family])
        words = tuple(map(child.word, shared))
        found = family.at(shared, words)
        if not found:
            raise _no_match(family, shared, words)
        return found

    def _by_pattern(self, pattern: str) -> list[Cell]:
        found = self._patterns.get(pattern)
        if found is None:
            if self._sorted is None:
                self._sorted = sorted(self._ids)
            start = _WILD.split(pattern, maxsplit=1)[0]
            first = bisect_left(self._sorted, start)
            last = bisect_left(self._sorted, start + "\U0010ffff", first)
            matches = fnmatch.filter(self._sorted[first:last], pattern)
            found = sorted((self._ids[name] for name in matches), key=lambda cell: cell.order)
            self._patterns[pattern] = found
        return found

    def _unknown(self, text: str) -> Exception:
        head = next((word for word in self._broken if _is_under(text, word)), None)
        if head is not None:
            return Unsaid(text)
        off = next((word for word in self._disabled if _is_under(text, word)), None)
        if off is not None:
            message = f"`{off}` is switched off (`enabled: false`), so nothing can be made from it"
            fix = "switch it on, or switch this one off as well"
            return ReferenceFault(message, "disabled-shot", fix, (self._disabled[off],))
        kind = "no shot matches" if _WILD.search(text) else "there is no shot"
        return ReferenceFault(f"{kind} `{text}`", "unknown-shot", self._suggestion(text))

    def _suggestion(self, text: str) -> str:
        near = [name for name in self._ids if name.startswith(text.partition(".")[0])]
        names = [*self._families, *self._disabled, *near[:_SUGGESTED_FROM]]
        close = did_you_mean(text, dict.fromkeys(names[: 2 * _SUGGESTED_FROM]))
        if close:
            return close
        words = [f"`{name}`" for name in list(self._families)[:8]]
        return f"the shots are {', '.join(words)}" if words else ""


def _no_match(family: Family, shared: Sequence[str], words: Sequence[str]) -> ReferenceFault:
    """The parent has shots, and none that agrees with the child."""
    for dimension, word in zip(shared, words, strict=True):
        known = family.values(dimension)
        if word not in known:
            listed = ", ".join(f"`{value}`" for value in known[:8])
            more = ", ..." if len(known) > 8 else ""
            label = dimension.removeprefix(AXIS)
            message = f"`{family.name}` has no shot with {label} `{word}`"
            return ReferenceFault(message, "no-parent", f"its {label} is {listed}{more}")
    pairs = zip(shared, words, strict=True)
    both = " and ".join(f"{name.removeprefix(AXIS)} `{word}`" for name, word in pairs)
    fix = "make the parent's combination, or leave this one out"
    return ReferenceFault(f"`{family.name}` has no shot with {both}", "no-parent", fix)


def _listed(cells: Sequence[Cell]) -> str:
    named = ", ".join(f"`{cell.id}`" for cell in cells[:_NAMED])
    rest = len(cells) - _NAMED
    return f"{named} and {rest:,} more" if rest > 0 else named


def _is_under(text: str, word: str) -> bool:
    return text == word or slug(text) == word or text.startswith(f"{word}.")
