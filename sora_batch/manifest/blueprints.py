"""Makes the shots of one variant and combination of a shot spec, cell by cell.

Everything that is the same for all of them is worked out once and shared: names in scope, fields
without templates, places, options. What is left per shot is rendering and putting together.

What a shot must have: a prompt and a model. Without a size or a length it takes the protocol's
own, 720x1280 and 4 seconds. Model, size and seconds are rendered in this order, and each template
knows what is decided so far; all others know all three.
"""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from sora_batch.manifest.draft import Draft
from sora_batch.manifest.families import Cell, Family
from sora_batch.manifest.faults import TemplateFault
from sora_batch.manifest.findings import Findings
from sora_batch.manifest.holes import has_template
from sora_batch.manifest.layers import SOURCES, Fields, Written, vars_of
from sora_batch.manifest.measures import (
    MAX_PROMPT,
    fraction_of,
    moment_of,
    plain_number,
    seconds_of,
    seed_of,
    size_of,
)
from sora_batch.manifest.references import ReferenceFault, References, Unsaid
from sora_batch.manifest.scope import Scope, Way
from sora_batch.manifest.scopes import Scopes
from sora_batch.manifest.shot_schema import EachSpec, JobSpec, ReferenceSpec
from sora_batch.manifest.sweeps import Combination
from sora_batch.problems import Where
from sora_batch.shots import (
    FrameReference,
    ImageReference,
    JobId,
    Json,
    Shot,
    ShotId,
    Size,
    Source,
    SourceKind,
)

DEFAULT_SIZE = Size(720, 1280)
DEFAULT_SECONDS = Decimal(4)

_Made = TypeVar("_Made")
_KINDS: Mapping[str, SourceKind] = {"remix_of": "remix", "edit_of": "edit", "extend_of": "extend"}
_SCALARS = ("model", "size", "seconds")


class _Failed(Exception):
    """A field of the shot has a problem, which has been reported."""


class Places(Mapping[str, Where]):
    """Where each field of a shot was written, looked up when somebody asks."""

    __slots__ = ("_draft", "_known", "_paths")

    def __init__(self, draft: Draft, paths: Mapping[str, Way]) -> None:
        self._draft = draft
        self._paths = paths
        self._known: dict[str, Where] = {}

    def __getitem__(self, name: str) -> Where:
        if name not in self._known:
            self._known[name] = self._draft.where(self._paths[name])
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every blueprint needs."""

    draft: Draft
    scopes: Scopes
    references: References
    findings: Findings


class Blueprint:
    """The shots of one variant and combination of a shot spec, for any row, take and parent."""

    def __init__(
        self, shop: Workshop, family: Family, fields: Fields, combination: Combination
    ) -> None:
        self._shop = shop
        self._family = family
        self._fields = fields
        self._combination = combination
        self._names, self._late = shop.scopes.names(fields.vars, combination)
        own = vars_of(fields.vars)
        self._own: dict[str, Json] = {**own, **dict(combination.axes)}
        paths = {name: written.path for name, written in fields.values.items()}
        if fields.options:
            paths["options"] = _parent_path(fields.options)
        if family.spec.needs is not None:
            paths["needs"] = (*family.path, "needs")
        self._places = Places(shop.draft, paths)
        self._axes = combination.axes
        self._inherited: dict[Cell, tuple[tuple[str, Json], ...]] = {}
        self._options = self._fixed_options()
        self._tags = self._fixed_tags()
        self._scalars = self._fixed_scalars()
        for clash in fields.clashes:
            shop.findings.add(clash.message, shop.draft.where(clash.path), "clash", clash.fix)

    def scope(self, cell: Cell) -> Scope:
        """The names for this cell's templates, without model, size and seconds."""
        names = dict(self._names)
        if cell.parent is not None:
            names = {**_inherited_names(cell.parent), **names}
        if cell.row is not None and self._family.rows is not None:
            names["row"] = self._family.rows.records[self._family.row_numbers[cell.row]]
        names["shot"] = {"id": cell.id, "take": _take_of(cell) or 1}
        return Scope(self._shop.scopes.templates, names, self._late)

    def make(self, cell: Cell) -> Shot | None:
        """The shot; None where model, size or length cannot be told. Problems are reported."""
        scope = self.scope(cell)
        try:
            model, size, seconds = self._scalars or self._rendered_scalars(cell, scope)
        except _Failed:
            self._try(lambda: self._prompt(cell, scope))
            return None
        self._tell(scope, model, size, seconds)
        template = self._fields.values.get("prompt")
        return Shot(
            id=cell.id,
            spec=self._family.name,
            where=self._family.where,
            prompt=self._try(lambda: self._prompt(cell, scope)) or "",
            model=model,
            size=size,
            seconds=seconds,
            template=template.value if template else "",
            seed=self._try(lambda: self._seed(cell, scope)),
            options=self._filled_options(cell, scope) if self._options is None else self._options,
            reference=self._try(lambda: self._reference(cell, scope)),
            source=self._try(lambda: self._source(cell, scope)),
            needs=self._needs(cell, scope),
            tags=self._filled_tags(cell, scope) if self._tags is None else self._tags,
            row=_row_of(cell),
            variant=_variant_of(cell),
            axes=self._axes if cell.parent is None else self._all_axes(cell.parent),
            take=cell.take,
            variables=self._variables(scope),
            places=self._places,
        )

    def caption(self, cell: Cell, text: str, path: Way) -> str | None:
        """A caption's template, rendered for this cell; None where it fails."""
        scope = self.scope(cell)
        try:
            model, size, seconds = self._scalars or self._rendered_scalars(cell, scope)
            self._tell(scope, model, size, seconds)
            return self._text(Written(text, path), cell, scope)
        except _Failed:
            return None

    # What one field comes to. Each reports what is wrong and raises _Failed.

    def _prompt(self, cell: Cell, scope: Scope) -> str:
        written = self._fields.values.get("prompt")
        if written is None:
            path = self._family.path
            self._missing(cell, "prompt", "write `prompt:`, here or in every variant")
            raise _Failed(path)
        text = self._text(written, cell, scope)
        if len(text) > MAX_PROMPT or not text.strip():
            size = f"{len(text):,} characters long, and {MAX_PROMPT:,} are the most"
            said = f"this prompt is {size if text.strip() else 'empty'}"
            fix = "shorten it" if text.strip() else "write what to render"
            self._befall(cell, said, written.path, "prompt", fix)
            raise _Failed(said)
        return text

    def _rendered_scalars(self, cell: Cell, scope: Scope) -> tuple[str, Size, Decimal]:
        values = self._fields.values
        model = self._try(lambda: self._model(cell, scope))
        scope.names["model"] = model or ""
        size = self._try(lambda: self._measure("size", DEFAULT_SIZE, size_of, cell, scope))
        if size is not None:
            self._tell_size(scope, size)
        seconds = self._try(
            lambda: self._measure("seconds", DEFAULT_SECONDS, seconds_of, cell, scope)
        )
        if model is None or size is None or seconds is None:
            raise _Failed(values)
        return model, size, seconds

    def _model(self, cell: Cell, scope: Scope) -> str:
        written = self._fields.values.get("model")
        if written is None:
            self._missing(cell, "model", "write `model:` in the shot or under `defaults`")
            raise _Failed("model")
        text = self._text(written, cell, scope).strip()
        if not text:
            self._befall(cell, "this model has no name", written.path, "model", "name a model")
            raise _Failed("model")
        return text

    def _measure(
        self, name: str, default: _Made, read: Callable[[str], _Made], cell: Cell, scope: Scope
    ) -> _Made:
        written = self._fields.values.get(name)
        if written is None:
            if self._dropped(name):
                raise _Failed(name)
            return default
        return self._read(name, written, read, cell, scope)

    def _read(
        self, name: str, written: Written, read: Callable[[str], _Made], cell: Cell, scope: Scope
    ) -> _Made:
        text = self._text(written, cell, scope)
        try:
            return read(text)
        except ValueError as error:
            shown = text if len(text) <= 40 else f"{text[:40]}..."
            self._befall(cell, f"`{shown}` is no {name}", written.path, name, str(error))
            raise _Failed(name) from error

    def _seed(self, cell: Cell, scope: Scope) -> int | None:
        written = self._fields.values.get("seed")
        return None if written is None else self._read("seed", written, seed_of, cell, scope)

    def _reference(self, cell: Cell, scope: Scope) -> ImageReference | FrameReference | None:
        written = self._fields.values.get("reference")
        if written is None:
            return None
        value, path = written.value, written.path
        where = self._shop.draft.where(path)
        if isinstance(value, str):
            return ImageReference(self._image(written, cell, scope), where=where)
        assert isinstance(value, ReferenceSpec)
        focus = self._focus(value, path, cell, scope)
        if (value.image is None) == (value.frame_of is None):
            message = "a reference is a picture or a frame of another shot: one of the two"
            fix = "write either `image` or `frame_of`"
            self._befall(cell, message, path, "reference", fix)
            raise _Failed(path)
        if value.frame_of is None:
            image = self._image(Written(value.image, (*path, "image")), cell, scope)
            if value.at is not None:
                message = "`at` is for a frame of another shot, and this is a picture"
                self._befall(cell, message, (*path, "at"), "reference", "leave `at` out")
            return ImageReference(image, value.fit, focus, where)
        parent = self._one("reference", Written(value.frame_of, (*path, "frame_of")), cell, scope)
        at = Written("last" if value.at is None else value.at, (*path, "at"))
        return FrameReference(
            parent.id, self._read("moment", at, moment_of, cell, scope), value.fit, focus, where
        )

    def _focus(
        self, value: ReferenceSpec, path: Way, cell: Cell, scope: Scope
    ) -> tuple[float, float]:
        if value.focus is None:
            return 0.5, 0.5
        x, y = (
            self._read("focus", Written(part, (*path, "focus", i)), fraction_of, cell, scope)
            for i, part in enumerate(value.focus)
        )
        return x, y

    def _image(self, written: Written, cell: Cell, scope: Scope) -> str:
        image = self._text(written, cell, scope).strip()
        if not image:
            message, fix = "this reference names no picture", "write a path or an http(s) URL"
            self._befall(cell, message, written.path, "reference", fix)
            raise _Failed(message)
        if image.startswith(("http://", "https://")):
            return image
        return os.path.normpath(self._shop.draft.folder / image)

    def _source(self, cell: Cell, scope: Scope) -> Source | None:
        for name in SOURCES:
            written = self._fields.values.get(name)
            if written is None:
                continue
            where = self._shop.draft.where(written.path)
            if isinstance(written.value, JobSpec):
                job = self._text(Written(written.value.job, (*written.path, "job")), cell, scope)
                return Source(_KINDS[name], job=JobId(job.strip()), where=where)
            parent = self._one(name, written, cell, scope)
            return Source(_KINDS[name], shot=parent.id, where=where)
        return None

    def _needs(self, cell: Cell, scope: Scope) -> tuple[ShotId, ...]:
        found: list[ShotId] = []
        for index, need in enumerate(self._family.spec.needs or ()):
            written = Written(need, (*self._family.path, "needs", index))
            if isinstance(need, EachSpec) and need.each and cell.parent is not None:
                found.append(cell.parent.id)
                continue
            meant = self._try(lambda w=written: self._meant(w, cell, scope, many=True))
            found += [other.id for other in meant or ()]
        return tuple(dict.fromkeys(found))

    def _one(self, name: str, written: Written, cell: Cell, scope: Scope) -> Cell:
        each = isinstance(written.value, EachSpec) and written.value.each
        if each and cell.parent is not None and name in self._family.each:
            return cell.parent
        if each:
            message = "`each` belongs to the shot itself, not to a variant or an axis"
            fix = "make a shot of its own of it"
            self._befall(cell, message, written.path, "each", fix)
            raise _Failed(message)
        return self._meant(written, cell, scope, many=False)[0]

    def _meant(self, written: Written, cell: Cell, scope: Scope, *, many: bool) -> list[Cell]:
        value, path = written.value, written.path
        if isinstance(value, EachSpec):
            value, path = value.shot, (*path, "shot")
        text = self._text(Written(value, path), cell, scope).strip()
        find = self._shop.references
        try:
            return list(find.many(text, cell)) if many else [find.one(text, cell)]
        except ReferenceFault as fault:
            self._befall(cell, fault.message, path, fault.code, fault.fix, fault.also)
        except Unsaid:
            pass
        raise _Failed(text)

    def _text(self, written: Written, cell: Cell, scope: Scope) -> str:
        """A value as text, rendered."""
        value = written.value
        if not isinstance(value, str):
            return str(value)
        if "{" not in value:
            return value
        try:
            return scope.templates.text(value, scope, written.path)
        except TemplateFault as fault:
            self._report(fault, cell, written.path)
            raise _Failed(value) from fault

    def _filled_options(self, cell: Cell, scope: Scope) -> dict[str, Json]:
        made: dict[str, Json] = {}
        for name, written in self._fields.options.items():
            try:
                made[name] = scope.templates.fill(written.value, scope, written.path)
            except TemplateFault as fault:
                self._report(fault, cell, written.path)
        return made

    def _filled_tags(self, cell: Cell, scope: Scope) -> tuple[str, ...]:
        made = [self._try(lambda w=tag: self._text(w, cell, scope)) for tag in self._fields.tags]
        return tuple(dict.fromkeys(tag.strip() for tag in made if tag and tag.strip()))

    def _variables(self, scope: Scope) -> Mapping[str, Json]:
        made = self._own
        if self._late:
            names = scope.names
            made = {name: names.get(name, value) for name, value in made.items()}
        if "row" in scope.names:
            made = {**made, "row": scope.names["row"]}
        return made

    def _tell(self, scope: Scope, model: str, size: Size, seconds: Decimal) -> None:
        scope.names["model"] = model
        scope.names["seconds"] = plain_number(seconds)
        self._tell_size(scope, size)

    @staticmethod
    def _tell_size(scope: Scope, size: Size) -> None:
        scope.names.update(size=str(size), width=size.width, height=size.height)

    def _fixed_options(self) -> dict[str, Json] | None:
        if any(has_template(item.value) for item in self._fields.options.values()):
            return None
        return vars_of(self._fields.options)

    def _fixed_tags(self) -> tuple[str, ...] | None:
        if has_template([item.value for item in self._fields.tags]):
            return None
        return tuple(dict.fromkeys(tag.value.strip() for tag in self._fields.tags if tag.value))

    def _fixed_scalars(self) -> tuple[str, Size, Decimal] | None:
        """Model, size and seconds where no template has a say in them and they are right."""
        values = [self._fields.values.get(name) for name in _SCALARS]
        model, size, seconds = (None if item is None else str(item.value) for item in values)
        if model is None or any(has_template(text) for text in (model, size, seconds)):
            return None
        if any(
            text is None and self._dropped(name)
            for name, text in zip(_SCALARS, (model, size, seconds), strict=True)
        ):
            return None
        try:
            return (
                model.strip(),
                DEFAULT_SIZE if size is None else size_of(size),
                DEFAULT_SECONDS if seconds is None else seconds_of(seconds),
            )
        except ValueError:
            return None

    def _all_axes(self, parent: Cell) -> tuple[tuple[str, Json], ...]:
        found = self._inherited.get(parent)
        if found is None:
            own = {name for name, _ in self._axes}
            kept = tuple(axis for axis in _axes_of(parent) if axis[0] not in own)
            found = self._inherited[parent] = (*kept, *self._axes)
        return found

    # Saying what is wrong.

    def _try(self, make: Callable[[], _Made]) -> _Made | None:
        try:
            return make()
        except _Failed:
            return None

    def _dropped(self, name: str) -> bool:
        draft = self._shop.draft
        if not draft.dropped:
            return False
        paths = (self._family.path, ("defaults",))
        return any(draft.was_dropped((*path, name)) for path in paths)

    def _missing(self, cell: Cell, name: str, fix: str) -> None:
        if not self._dropped(name):
            message = f"`{self._family.name}` has no {name}"
            self._befall(cell, message, None, f"no-{name}", fix)

    def _befall(
        self,
        cell: Cell,
        message: str,
        path: Way | None,
        code: str,
        fix: str = "",
        also: tuple[Where, ...] = (),
    ) -> None:
        where = self._family.where if path is None else self._shop.draft.where(path)
        self._befall_at(cell, message, where, code, fix, also)

    def _report(self, fault: TemplateFault, cell: Cell, path: Way) -> None:
        where = fault.where or self._shop.draft.where(path)
        self._befall_at(cell, fault.message, where, fault.code, fault.fix)

    def _befall_at(
        self,
        cell: Cell,
        message: str,
        where: Where,
        code: str,
        fix: str,
        also: tuple[Where, ...] = (),
    ) -> None:
        alone = len(self._family.cells) == 1
        shot = "" if alone else str(cell.id)
        self._shop.findings.befall(shot, message, where, code, fix, (*also, cell.row_where))


def _parent_path(written: Mapping[str, Written]) -> Way:
    first = next(iter(written.values())).path
    return first[:-1] if first and first[-1] in written else first


def _row_of(cell: Cell) -> str | None:
    if cell.row is not None:
        return cell.family.row_words[cell.row]
    return _row_of(cell.parent) if cell.parent is not None else None


def _variant_of(cell: Cell) -> str | None:
    if cell.variant is not None or cell.parent is None:
        return cell.variant
    return _variant_of(cell.parent)


def _take_of(cell: Cell) -> int | None:
    if cell.take is not None or cell.parent is None:
        return cell.take
    return _take_of(cell.parent)


def _axes_of(cell: Cell) -> tuple[tuple[str, Json], ...]:
    if cell.parent is None:
        return cell.combination.axes
    own = {name for name, _ in cell.combination.axes}
    kept = tuple(axis for axis in _axes_of(cell.parent) if axis[0] not in own)
    return (*kept, *cell.combination.axes)


def _inherited_names(parent: Cell) -> dict[str, Any]:
    """The row and axes of the shots a child is made for each of."""
    names = _inherited_names(parent.parent) if parent.parent is not None else {}
    names.update(parent.combination.axes)
    if parent.row is not None and parent.family.rows is not None:
        names["row"] = parent.family.rows.records[parent.family.row_numbers[parent.row]]
    return names
