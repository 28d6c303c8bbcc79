"""Renders single values of a shot, and says what is wrong with them in the shot's name.

What fails is reported once, here, and then raised as Failed, so that the other fields of the shot
still get their turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from sora_batch.manifest.draft import Draft
from sora_batch.manifest.families import Cell, Family
from sora_batch.manifest.faults import TemplateFault
from sora_batch.manifest.findings import Findings
from sora_batch.manifest.layers import Written
from sora_batch.manifest.references import ReferenceFault, References, Unsaid
from sora_batch.manifest.scope import Scope, Way
from sora_batch.manifest.scopes import Scopes
from sora_batch.manifest.shot_schema import EachSpec
from sora_batch.problems import Where
from sora_batch.shots import Json

_NOUNS = {"seconds": "length", "at": "moment of a clip"}
_Made = TypeVar("_Made")
_Asked = ParamSpec("_Asked")


class Failed(Exception):
    """A value has a problem, which has been reported."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What making shots takes."""

    draft: Draft
    scopes: Scopes
    references: References
    findings: Findings


def attempt(
    make: Callable[_Asked, _Made], *args: _Asked.args, **kwargs: _Asked.kwargs
) -> _Made | None:
    """What the function returns; None where it fails."""
    try:
        return make(*args, **kwargs)
    except Failed:
        return None


class Filler:
    """Fills in values of one family's shots."""

    def __init__(self, shop: Workshop, family: Family) -> None:
        self.draft = shop.draft
        self.family = family
        self._references = shop.references
        self._findings = shop.findings

    def text(self, written: Written, cell: Cell, scope: Scope) -> str:
        """A value as text, rendered. Raises Failed."""
        value = written.value
        if not isinstance(value, str):
            return str(value)
        if "{" not in value:
            return value
        try:
            return scope.templates.text(value, scope, written.way)
        except TemplateFault as fault:
            raise self._reported(fault, cell, written.way) from None

    def value(self, written: Written, cell: Cell, scope: Scope) -> Json:
        """A value with every string in it rendered. Raises Failed."""
        try:
            return scope.templates.fill(written.value, scope, written.way)
        except TemplateFault as fault:
            raise self._reported(fault, cell, written.way) from None

    def read(
        self, name: str, read: Callable[[str], _Made], written: Written, cell: Cell, scope: Scope
    ) -> _Made:
        """What `read` makes of a value's text; it may raise ValueError. Raises Failed."""
        text = self.text(written, cell, scope)
        try:
            return read(text)
        except ValueError as error:
            shown = text if len(text) <= 40 else f"{text[:40]}..."
            message = f"`{shown}` is no {_NOUNS.get(name, name)}"
            raise self.failed(cell, message, written.way, name, str(error)) from None

    def meant(self, written: Written, cell: Cell, scope: Scope, *, many: bool) -> Sequence[Cell]:
        """The shots a reference names: exactly one unless `many`. Raises Failed."""
        value, way = written.value, written.way
        if isinstance(value, EachSpec):
            value, way = value.shot, (*way, "shot")
        text = self.text(Written(value, way), cell, scope).strip()
        find = self._references
        try:
            return find.many(text, cell) if many else [find.one(text, cell)]
        except ReferenceFault as fault:
            self._befall(
                cell, fault.message, self.draft.where(way), fault.code, fault.fix, fault.also
            )
        except Unsaid:
            pass
        raise Failed(text)

    def failed(self, cell: Cell, message: str, way: Way | None, code: str, fix: str = "") -> Failed:
        """Reports what is wrong, at a place or at the shot spec as a whole; to be raised."""
        where = self.family.where if way is None else self.draft.where(way)
        self._befall(cell, message, where, code, fix)
        return Failed(message)

    def missing(self, cell: Cell, name: str, fix: str) -> Failed:
        """Reports a field that has to be there, unless it was written and is wrong already."""
        if not self.was_dropped(name):
            self.failed(cell, f"`{self.family.name}` has no {name}", None, f"no-{name}", fix)
        return Failed(name)

    def was_dropped(self, name: str) -> bool:
        """Whether the field was written and left out for being wrong."""
        if not self.draft.dropped:
            return False
        ways = (self.family.way, ("defaults",))
        return any(self.draft.was_dropped((*way, name)) for way in ways)

    def _reported(self, fault: TemplateFault, cell: Cell, way: Way) -> Failed:
        where = fault.where or self.draft.where(way)
        self._befall(cell, fault.message, where, fault.code, fault.fix)
        return Failed(fault.message)

    def _befall(
        self,
        cell: Cell,
        message: str,
        where: Where,
        code: str,
        fix: str,
        also: tuple[Where, ...] = (),
    ) -> None:
        shot = "" if len(self.family.cells) == 1 else str(cell.id)
        self._findings.befall(shot, message, where, code, fix, also=(*also, cell.row_where))
