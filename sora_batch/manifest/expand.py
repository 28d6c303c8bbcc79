"""Expands a draft into shots and cuts: row, then variant, then axes in written order, then take.

First every shot gets its name, then each is made, so that references find names and not each
other's order. The same draft and files always give the same shots, in written order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sora_batch.manifest.blueprints import Blueprint
from sora_batch.manifest.cuts import cuts_of
from sora_batch.manifest.draft import Draft
from sora_batch.manifest.families import Cell, Family
from sora_batch.manifest.fillings import Workshop
from sora_batch.manifest.findings import Findings
from sora_batch.manifest.layers import Fields
from sora_batch.manifest.naming import Named, name_shots
from sora_batch.manifest.overrides import unused_variables
from sora_batch.manifest.scopes import Scopes
from sora_batch.manifest.settings import Cut, Disabled
from sora_batch.manifest.slugs import slug
from sora_batch.manifest.templates import Templates
from sora_batch.problems import Problem
from sora_batch.shots import FrameReference, Shot


@dataclass(frozen=True, slots=True)
class Expansion:
    """What a draft comes to. `files` are the row files and template fragments that were read
    besides it, with the sha256 of each."""

    shots: tuple[Shot, ...]
    cuts: tuple[Cut, ...]
    problems: list[Problem]
    disabled: tuple[Disabled, ...] = ()
    files: Mapping[Path, str] = field(default_factory=dict)


def expand(draft: Draft) -> tuple[tuple[Shot, ...], tuple[Cut, ...], list[Problem]]:
    """Shots and cuts in written order, and every problem found.

    With problems, shots whose model, size or length cannot be told are left out, and so is every
    reference to them.
    """
    made = expansion(draft)
    return made.shots, made.cuts, made.problems


def expansion(draft: Draft) -> Expansion:
    """The same as `expand`, with the files that were read."""
    findings = Findings()
    templates = Templates(draft.folder, draft.snippets, draft.where_in)
    scopes = Scopes(draft, templates, findings)
    named = name_shots(draft, scopes, findings)
    shop = Workshop(draft, scopes, named.references(), findings)
    makers = _Makers(shop, named.fields)
    made = [makers.of(cell).make(cell) for family in named.families for cell in family.cells]
    shots = [shot for shot in made if shot is not None]
    if len(shots) < len(made):
        shots = _without_lost(shots)
    findings.extend(unused_variables(draft, templates.sandbox))
    cuts = cuts_of(shop, makers.of, {shot.id: shot.seconds for shot in shots})
    files = {**named.files, **templates.files}
    digests = {path: hashlib.sha256(raw).hexdigest() for path, raw in files.items()}
    return Expansion(tuple(shots), cuts, findings.problems(), _disabled(draft, named), digests)


def _disabled(draft: Draft, named: Named) -> tuple[Disabled, ...]:
    return tuple(
        Disabled(name, slug(name), draft.where(("shots", name), key=True), said)
        for name, said in named.disabled.items()
    )


class _Makers:
    """The blueprints, each made when the first of its cells is."""

    def __init__(self, shop: Workshop, fields: Mapping[str, Fields]) -> None:
        self._shop = shop
        self._fields = fields
        self._variants: dict[tuple[str, str | None], Fields] = {}
        self._made: dict[tuple[str, str | None, int], Blueprint] = {}

    def of(self, cell: Cell) -> Blueprint:
        """The blueprint this cell is made by."""
        key = (cell.family.name, cell.variant, id(cell.combination))
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._blueprint(cell.family, cell)
        return found

    def _blueprint(self, family: Family, cell: Cell) -> Blueprint:
        fields = self._with_variant(family, cell.variant).copy()
        if cell.combination.axes:
            fields.lay_axes(cell.combination)
        return Blueprint(self._shop, family, fields, cell.combination)

    def _with_variant(self, family: Family, variant: str | None) -> Fields:
        key = (family.name, variant)
        fields = self._variants.get(key)
        if fields is None:
            fields = self._fields[family.name]
            self._report(fields)
            if variant is not None and family.spec.variants is not None:
                fields = fields.copy()
                fields.lay(family.spec.variants[variant], (*family.way, "variants", variant))
                self._report(fields)
            self._variants[key] = fields
        return fields

    def _report(self, fields: Fields) -> None:
        for clash in fields.clashes:
            where = self._shop.draft.where(clash.way)
            self._shop.findings.add(clash.message, where, "clash", clash.fix)


def _without_lost(shots: list[Shot]) -> list[Shot]:
    """The shots without references to shots that could not be made."""
    known = {shot.id for shot in shots}
    kept = []
    for shot in shots:
        if any(needed not in known for needed in shot.needed):
            source, reference = shot.source, shot.reference
            if source is not None and source.shot is not None and source.shot not in known:
                source = None
            if isinstance(reference, FrameReference) and reference.shot not in known:
                reference = None
            needs = tuple(needed for needed in shot.needs if needed in known)
            shot = replace(shot, source=source, reference=reference, needs=needs)  # noqa: PLW2901
        kept.append(shot)
    return kept
