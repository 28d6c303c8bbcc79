"""Makes the shots of one variant and combination of a shot spec, cell by cell.

Everything that is the same for all of them is worked out once and shared: names in scope, fields
without templates, places, options. What is left per shot is rendering and putting together.

What a shot must have: a prompt and a model. Without a size or a length it takes the protocol's
own, 720x1280 and 4 seconds. Model, size and seconds are rendered in this order, and each template
knows what is decided so far; all others know all three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

from sora_batch.manifest.draft import Draft
from sora_batch.manifest.families import Cell, Family
from sora_batch.manifest.fillings import Failed, Filler, Workshop, attempt
from sora_batch.manifest.holes import has_template
from sora_batch.manifest.layers import Fields, Written, vars_of
from sora_batch.manifest.measures import (
    MAX_PROMPT,
    plain_number,
    seconds_of,
    seed_of,
    size_of,
)
from sora_batch.manifest.relations import needs_of, reference_of, source_of
from sora_batch.manifest.scope import Scope, Way
from sora_batch.manifest.sweeps import Combination
from sora_batch.problems import Where
from sora_batch.shots import (
    FrameReference,
    ImageReference,
    Json,
    Shot,
    Size,
    SourceKind,
)

DEFAULT_SIZE = Size(720, 1280)
DEFAULT_SECONDS = Decimal(4)

_Made = TypeVar("_Made")
_KINDS: Mapping[str, SourceKind] = {"remix_of": "remix", "edit_of": "edit", "extend_of": "extend"}
_SCALARS = ("model", "size", "seconds")


class Places(Mapping[str, Where]):
    """Where each field of a shot was written, looked up when somebody asks."""

    __slots__ = ("_draft", "_known", "_ways")

    def __init__(self, draft: Draft, ways: Mapping[str, Way]) -> None:
        self._draft = draft
        self._ways = ways
        self._known: dict[str, Where] = {}

    def __getitem__(self, name: str) -> Where:
        if name not in self._known:
            self._known[name] = self._draft.where(self._ways[name])
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ways)

    def __len__(self) -> int:
        return len(self._ways)


class Blueprint:
    """The shots of one variant and combination of a shot spec, for any row, take and parent."""

    def __init__(
        self, shop: Workshop, family: Family, fields: Fields, combination: Combination
    ) -> None:
        self._shop = shop
        self._filler = Filler(shop, family)
        self._family = family
        self._fields = fields
        self._combination = combination
        self._names, self._late = shop.scopes.names(fields.vars, combination)
        own = vars_of(fields.vars)
        self._own: dict[str, Json] = {**own, **dict(combination.axes)}
        ways = {name: written.way for name, written in fields.values.items()}
        if fields.options:
            ways["options"] = _way_of_all(fields.options)
        if family.spec.needs is not None:
            ways["needs"] = (*family.way, "needs")
        self._places = Places(shop.draft, ways)
        self._axes = combination.axes
        self._inherited: dict[Cell, tuple[tuple[str, Json], ...]] = {}
        self._options = self._fixed_options()
        self._tags = self._fixed_tags()
        self._scalars = self._fixed_scalars()
        for clash in fields.clashes:
            shop.findings.add(clash.message, shop.draft.where(clash.way), "clash", clash.fix)

    def scope(self, cell: Cell) -> Scope:
        """The names for this cell's templates, without model, size and seconds."""
        names = dict(self._names)
        if cell.parent is not None:
            names = {**dict(cell.parent.all_axes), **names}
        if cell.has_row:
            names["row"] = cell.record
        names["shot"] = {"id": cell.id, "variant": cell.any_variant, "take": cell.any_take or 1}
        return Scope(self._shop.scopes.templates, names, self._late)

    def make(self, cell: Cell) -> Shot | None:
        """The shot; None where model, size or length cannot be told. Problems are reported."""
        scope = self.scope(cell)
        try:
            model, size, seconds = self._scalars or self._rendered_scalars(cell, scope)
        except Failed:
            attempt(self._prompt, cell, scope)
            return None
        _tell(scope, model, size, seconds)
        template = self._fields.values.get("prompt")
        return Shot(
            id=cell.id,
            spec=self._family.name,
            where=self._family.where,
            prompt=attempt(self._prompt, cell, scope) or "",
            model=model,
            size=size,
            seconds=seconds,
            template=template.value if template else "",
            seed=attempt(self._seed, cell, scope),
            options=self._filled_options(cell, scope) if self._options is None else self._options,
            reference=attempt(self._reference, cell, scope),
            source=attempt(source_of, self._filler, self._fields.values, cell, scope),
            needs=needs_of(self._filler, cell, scope),
            tags=self._filled_tags(cell, scope) if self._tags is None else self._tags,
            row=cell.row_word,
            variant=cell.any_variant,
            axes=self._axes if cell.parent is None else self._all_axes(cell.parent),
            take=cell.take,
            variables=self._variables(scope),
            places=self._places,
        )

    def caption(self, cell: Cell, text: str, way: Way) -> str | None:
        """A caption's template, rendered for this cell; None where it fails."""
        scope = self.scope(cell)
        try:
            model, size, seconds = self._scalars or self._rendered_scalars(cell, scope)
            _tell(scope, model, size, seconds)
            return self._filler.text(Written(text, way), cell, scope)
        except Failed:
            return None

    def _prompt(self, cell: Cell, scope: Scope) -> str:
        written = self._fields.values.get("prompt")
        if written is None:
            raise self._filler.missing(cell, "prompt", "write `prompt:`, here or in every variant")
        text = self._filler.text(written, cell, scope)
        if not text.strip():
            message, fix = "this prompt is empty", "write what to render"
        elif len(text) > MAX_PROMPT:
            message = f"this prompt has {len(text):,} characters, and {MAX_PROMPT:,} are the most"
            fix = "shorten it"
        else:
            return text
        raise self._filler.failed(cell, message, written.way, "prompt", fix)

    def _rendered_scalars(self, cell: Cell, scope: Scope) -> tuple[str, Size, Decimal]:
        model = attempt(self._model, cell, scope)
        scope.names["model"] = model or ""
        size = attempt(self._measure, "size", DEFAULT_SIZE, size_of, cell, scope)
        if size is not None:
            _tell_size(scope, size)
        seconds = attempt(self._measure, "seconds", DEFAULT_SECONDS, seconds_of, cell, scope)
        if model is None or size is None or seconds is None:
            raise Failed(cell.id)
        return model, size, seconds

    def _model(self, cell: Cell, scope: Scope) -> str:
        written = self._fields.values.get("model")
        if written is None:
            fix = "write `model:` in the shot or under `defaults`"
            raise self._filler.missing(cell, "model", fix)
        text = self._filler.text(written, cell, scope).strip()
        if not text:
            fix = "name a model"
            raise self._filler.failed(cell, "this model has no name", written.way, "model", fix)
        return text

    def _measure(
        self, name: str, default: _Made, read: Callable[[str], _Made], cell: Cell, scope: Scope
    ) -> _Made:
        written = self._fields.values.get(name)
        if written is not None:
            return self._filler.read(name, read, written, cell, scope)
        if self._filler.was_dropped(name):
            raise Failed(name)
        return default

    def _seed(self, cell: Cell, scope: Scope) -> int | None:
        written = self._fields.values.get("seed")
        return None if written is None else self._filler.read("seed", seed_of, written, cell, scope)

    def _reference(self, cell: Cell, scope: Scope) -> ImageReference | FrameReference | None:
        written = self._fields.values.get("reference")
        return None if written is None else reference_of(self._filler, written, cell, scope)

    def _filled_options(self, cell: Cell, scope: Scope) -> dict[str, Json]:
        made: dict[str, Json] = {}
        for name, written in self._fields.options.items():
            try:
                made[name] = self._filler.value(written, cell, scope)
            except Failed:
                continue
        return made

    def _filled_tags(self, cell: Cell, scope: Scope) -> tuple[str, ...]:
        made = [attempt(self._filler.text, tag, cell, scope) for tag in self._fields.tags]
        return tuple(dict.fromkeys(tag.strip() for tag in made if tag and tag.strip()))

    def _variables(self, scope: Scope) -> Mapping[str, Json]:
        made = self._own
        if self._late:
            names = scope.names
            made = {name: names.get(name, value) for name, value in made.items()}
        if "row" in scope.names:
            made = {**made, "row": scope.names["row"]}
        return made

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
            text is None and self._filler.was_dropped(name)
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
            kept = tuple(axis for axis in parent.all_axes if axis[0] not in own)
            found = self._inherited[parent] = (*kept, *self._axes)
        return found


def _way_of_all(written: Mapping[str, Written]) -> Way:
    first = next(iter(written.values())).way
    return first[:-1] if first and first[-1] in written else first


def _tell(scope: Scope, model: str, size: Size, seconds: Decimal) -> None:
    scope.names["model"] = model
    scope.names["seconds"] = plain_number(seconds)
    _tell_size(scope, size)


def _tell_size(scope: Scope, size: Size) -> None:
    scope.names.update(size=str(size), width=size.width, height=size.height)
