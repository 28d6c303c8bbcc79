"""Reads the rows, checks the words ids are made of, and names every shot of the manifest.

The order matters only for `each`: a family that is made once for each shot of another is named
after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from sora_batch.manifest.draft import Draft
from sora_batch.manifest.families import Cell, Family, cells_for_each, cells_of, count
from sora_batch.manifest.faults import TemplateFault
from sora_batch.manifest.findings import Findings
from sora_batch.manifest.ids import check_lengths, without_equal_ids
from sora_batch.manifest.layers import Fields, each_need, each_of, lay_all
from sora_batch.manifest.references import ReferenceFault, References, Unsaid
from sora_batch.manifest.row_names import RowNames
from sora_batch.manifest.scope import Way
from sora_batch.manifest.scopes import Scopes
from sora_batch.manifest.shot_schema import EachSpec, ShotSpec
from sora_batch.manifest.slugs import folded, is_reserved, slug
from sora_batch.manifest.sweeps import Sweep
from sora_batch.problems import Where

MAX_SHOTS = 1_000_000

_SHAPING = ("variants", "sweep", "takes", "for_each", "key", "vars")


@dataclass(slots=True)
class Named:
    """Every shot of a manifest, named: families in written order, those switched off, those with
    problems of their own, and the row files that were read."""

    families: list[Family] = field(default_factory=list)
    disabled: dict[str, Where] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    fields: dict[str, Fields] = field(default_factory=dict)
    files: dict[Path, bytes] = field(default_factory=dict)

    def references(self) -> References:
        """The shots, to be found."""
        return References(self.families, self.disabled, frozenset(self.broken))


def name_shots(draft: Draft, scopes: Scopes, findings: Findings) -> Named:
    """The names of all shots; what is wrong with them goes to the findings."""
    return _Naming(draft, scopes, findings).run()


@dataclass(slots=True)
class _Each:
    """A family that is made once for each of another's shots."""

    text: str
    way: Way
    parents: list[Family]


class _Naming:
    def __init__(self, draft: Draft, scopes: Scopes, findings: Findings) -> None:
        self._draft = draft
        self._scopes = scopes
        self._findings = findings
        self._named = Named()
        self._rows = RowNames(draft, scopes, findings)
        self._total = 0
        self._each: dict[str, _Each] = {}

    def run(self) -> Named:
        families = self._families()
        for family in families:
            self._named.fields[family.name] = lay_all(
                [(self._draft.defaults, ("defaults",)), (self._layer(family), family.way)]
            )
        self._find_each(families)
        for family in self._in_order(families):
            self._fill(family)
        kept = [family for family in families if family.cells]
        self._named.broken.update(family.name for family in families if not family.cells)
        self._named.files = self._rows.files
        self._named.families = without_equal_ids(kept, self._findings)
        return self._named

    def _layer(self, family: Family) -> ShotSpec | str:
        written = self._draft.spec.shots[family.name]
        return written if isinstance(written, str) else family.spec

    def _families(self) -> list[Family]:
        """A family for every shot spec that has a name of its own and is switched on."""
        words: dict[str, Family] = {}
        for name, written in self._draft.spec.shots.items():
            way = ("shots", name)
            spec = ShotSpec() if isinstance(written, str) else written
            family = Family(name, slug(name), spec, way, self._draft.where(way, key=True))
            if not spec.enabled:
                self._named.disabled[name] = self._draft.where((*way, "enabled"))
            elif self._is_nameable(family, words.get(folded(family.word))):
                words[folded(family.word)] = family
            else:
                self._named.broken.add(name)
        dropped = {str(way[1]) for way in self._draft.dropped if way[:1] == ("shots",) and way[1:]}
        self._named.broken.update(dropped - {family.name for family in words.values()})
        return list(words.values())

    def _is_nameable(self, family: Family, other: Family | None) -> bool:
        name, where = family.name, family.where
        if not family.word:
            message = f"nothing of `{name}` can stand in a file name"
            self._findings.add(message, where, "shot-id", "name it with letters or digits")
        elif is_reserved(family.word):
            message = f"`{name}` cannot be a file on Windows, which keeps that name for a device"
            self._findings.add(message, where, "shot-id", "give the shot another name")
        elif other is not None:
            message = f"`{other.name}` and `{name}` both come to the shot id `{family.word}`"
            self._findings.add(message, where, "same-id", "rename one of them", (other.where,))
        else:
            return True
        return False

    def _find_each(self, families: list[Family]) -> None:
        known = References(families, self._named.disabled, frozenset(self._named.broken))
        for family in families:
            fields = self._named.fields[family.name]
            found = [*each_of(fields), *each_need(family.spec, family.way)]
            if not found:
                continue
            family.each = tuple(name for name, _, _ in found)
            _, first, way = found[0]
            where = self._draft.where(way)
            text = self._each_text(first, way, fields)
            parents = known.families_meant(text, family) if text is not None else []
            if any(other.shot != first.shot for _, other, _ in found):
                message = "a shot can be made for each of one other only, and here are two"
                self._findings.add(message, where, "each", "keep `each: true` at one of them")
            elif any(parent is family for parent in parents):
                message, fix = f"`{family.name}` refers to itself", "name another shot"
                self._findings.add(message, where, "self-reference", fix)
            elif text is not None:
                self._each[family.name] = _Each(text, way, parents)

    def _each_text(self, each: EachSpec, way: Way, fields: Fields) -> str | None:
        names, late = self._scopes.names(fields.vars)
        try:
            return self._scopes.templates.text(
                each.shot, self._scopes.scope(names, late), (*way, "shot")
            )
        except TemplateFault as fault:
            self._rows.report(fault, way)
            return None

    def _in_order(self, families: list[Family]) -> Iterator[Family]:
        """The families, parents of an `each` before their children; circles are problems."""
        waiting = {family.name: family for family in families}
        while True:
            links = {
                name: [parent.name for parent in each.parents if parent.name in waiting]
                for name, each in self._each.items()
                if name in waiting
            }
            try:
                order = list(TopologicalSorter(links).static_order())
                break
            except CycleError as error:
                circle: list[str] = error.args[1]
                for name in circle[1:]:
                    waiting.pop(name, None)
                each = self._each[circle[0]]
                words = " → ".join(f"`{name}`" for name in reversed(circle))
                message = f"these are each made for each of the other: {words}"
                self._findings.add(
                    message, self._draft.where(each.way), "cycle", "break the circle"
                )
        later = [waiting[name] for name in order if name in links]
        yield from (family for family in waiting.values() if family.name not in links)
        yield from later

    def _fill(self, family: Family) -> None:
        """Counts, then makes, the cells of a family."""
        if any(self._draft.was_dropped((*family.way, part)) for part in _SHAPING):
            return
        each = self._each.get(family.name)
        waits_in_vain = family.each and each is None
        if waits_in_vain or not (self._has_rows(family) and self._read_variants(family)):
            return
        meant = self._parents(each) if each is not None else [None]
        way = (*family.way, "sweep")
        sweep = Sweep(family.spec.sweep, way, self._draft.where, self._findings)
        if not meant or not self._fits(family, count(family, sweep.most, len(meant))):
            return
        family.axes = sweep.axes
        family.combinations = sweep.combinations()
        family.dimensions = family.own_dimensions
        if each is None:
            family.cells = list(cells_of(family))
        else:
            parents = [cell for cell in meant if cell is not None]
            self._follow(family, parents, each)
        check_lengths(family, self._findings)

    def _follow(self, family: Family, parents: list[Cell], each: _Each) -> None:
        of = list({cell.family.name: cell.family for cell in parents}.values())
        family.cells = cells_for_each(family, of, parents)
        first = of[0]
        inherited = [
            dimension
            for dimension in first.dimensions
            if all(dimension in other.dimensions for other in of)
            and dimension not in family.own_dimensions
        ]
        family.dimensions = (*inherited, *family.own_dimensions)
        if family.rows is None:
            family.origin = first.origin
        if not family.cells:
            message = f"no shot of `{each.text}` agrees with this one's axes"
            self._findings.add(message, self._draft.where(each.way), "no-parent")

    def _parents(self, each: _Each) -> list[Cell | None]:
        known = References(
            [parent for parent in each.parents if parent.cells],
            self._named.disabled,
            frozenset({*self._named.broken, *(p.name for p in each.parents if not p.cells)}),
        )
        try:
            return list(known.exactly(each.text))
        except ReferenceFault as fault:
            where = self._draft.where(each.way)
            self._findings.add(fault.message, where, fault.code, fault.fix, fault.also)
        except Unsaid:
            pass
        return []

    def _fits(self, family: Family, number: int) -> bool:
        self._total += number
        if self._total <= MAX_SHOTS:
            return True
        self._findings.add(
            f"with `{family.name}` this manifest is {self._total:,} shots, and {MAX_SHOTS:,} are "
            "the most",
            family.where,
            "too-many-shots",
            "sweep over less, or split the manifest",
        )
        self._total -= number
        return False

    def _has_rows(self, family: Family) -> bool:
        """Whether the rows could be read and named; True where there are none to read."""
        if family.spec.for_each is None:
            if family.spec.key is not None:
                where = self._draft.where((*family.way, "key"), key=True)
                message = "`key` names rows, and there is no `for_each` to have them"
                self._findings.add(message, where, "key", "add `for_each`, or leave `key` out")
            return True
        return self._rows.read(family, self._named.fields[family.name].vars)

    def _read_variants(self, family: Family) -> bool:
        if family.spec.variants is None:
            return True
        way = (*family.way, "variants")
        words: dict[str, str] = {}
        for variant in family.spec.variants:
            word = slug(variant)
            where = self._draft.where((*way, variant), key=True)
            if not word:
                message = f"nothing of `{variant}` can stand in a shot id"
                self._findings.add(message, where, "shot-id", "name it with letters or digits")
            elif word in words:
                first = self._draft.where((*way, words[word]), key=True)
                message = f"`{words[word]}` and `{variant}` both come to `{word}` in the shot id"
                self._findings.add(message, where, "same-id", "rename one of them", (first,))
            else:
                words[word] = variant
        family.variants = tuple(words.values())
        if not family.spec.variants:
            message = f"`{family.name}` has no variants, so there is nothing to make"
            fix = "name a variant, or leave `variants` out"
            self._findings.add(message, self._draft.where(way, key=True), "variants", fix)
        return bool(words)
