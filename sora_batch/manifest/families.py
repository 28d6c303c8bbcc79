"""Names every shot before any is made: one family for each shot spec, one cell for each shot.

A family is row times variant times axes times take, and with `each` times the shots of another
family. Cells are counted before they are made. Two that come to one id are a problem and only the
first stays, so that nothing after this sees an id twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sora_batch.manifest.rows import Rows
from sora_batch.manifest.scope import Way
from sora_batch.manifest.shot_schema import ShotSpec
from sora_batch.manifest.slugs import slug
from sora_batch.manifest.sweeps import Combination
from sora_batch.problems import Where
from sora_batch.shots import Json, ShotId

Dimensions: TypeAlias = tuple[str, ...]

ROW, VARIANT, TAKE = "row", "variant", "take"
AXIS = "="
"""Dimensions are called `row`, `variant`, `take`, and `=lens` for the axis `lens`."""


@dataclass(slots=True, eq=False)
class Family:
    """The shots of one shot spec. `word` is the first part of their ids.

    `origin` tells where rows come from: rows of two families are the same rows where it is equal,
    or where both have a key. `variants` are None where the field is absent.
    """

    name: str
    word: str
    spec: ShotSpec
    way: Way
    where: Where
    origin: object = None
    rows: Rows | None = None
    row_words: Sequence[str] = ()
    row_numbers: Sequence[int] = ()
    variants: tuple[str, ...] | None = None
    axes: tuple[str, ...] = ()
    combinations: Sequence[Combination] = (Combination(),)
    dimensions: Dimensions = ()
    cells: list[Cell] = field(default_factory=list)
    each: tuple[str, ...] = ()
    _index: dict[Dimensions, dict[tuple[str, ...], list[Cell]]] = field(default_factory=dict)

    @property
    def own_dimensions(self) -> Dimensions:
        """What tells the shots of this spec apart, without those of a parent it follows."""
        return (
            *((ROW,) if self.rows is not None else ()),
            *((VARIANT,) if self.variants is not None else ()),
            *(AXIS + axis for axis in self.axes),
            *((TAKE,) if self.spec.takes is not None else ()),
        )

    def at(self, dimensions: Dimensions, words: tuple[str, ...]) -> Sequence[Cell]:
        """The cells with these words in these dimensions."""
        if not dimensions:
            return self.cells
        index = self._index.get(dimensions)
        if index is None:
            index = self._index[dimensions] = {}
            for cell in self.cells:
                index.setdefault(tuple(map(cell.word, dimensions)), []).append(cell)
        return index.get(words, ())

    def values(self, dimension: str) -> list[str]:
        """The words the shots have in a dimension, each once, in order."""
        return list(dict.fromkeys(cell.word(dimension) for cell in self.cells))


class Cell:
    """One shot to be: which row, variant, combination, take and parent it stands for."""

    __slots__ = ("combination", "family", "id", "order", "parent", "row", "take", "variant")

    def __init__(
        self,
        family: Family,
        row: int | None,
        variant: str | None,
        combination: Combination,
        take: int | None,
        parent: Cell | None = None,
    ) -> None:
        self.family = family
        self.row = row
        self.variant = variant
        self.combination = combination
        self.take = take
        self.parent = parent
        self.id = ShotId("")
        self.order = 0

    def word(self, dimension: str) -> str:
        """Its part in a dimension, as it stands in an id; "" where it has none."""
        if dimension == ROW and self.row is not None:
            return self.family.row_words[self.row]
        if dimension == VARIANT and self.variant is not None:
            return slug(self.variant)
        if dimension == TAKE and self.take is not None:
            return f"take{self.take}"
        if dimension[:1] == AXIS and dimension[1:] in self.family.axes:
            return self.combination.words[self.family.axes.index(dimension[1:])]
        return self.parent.word(dimension) if self.parent is not None else ""

    def parts(self) -> list[tuple[str, str]]:
        """The parts of the id behind the family's word, each with its dimension."""
        own = self.family.own_dimensions
        made = [part for part in self.parent.parts() if part[0] not in own] if self.parent else []
        for dimension in own:
            word = self.word(dimension)
            axis = dimension[:1] == AXIS
            made.append((dimension, f"{slug(dimension[1:])}={word}" if axis else word))
        return made

    @property
    def record(self) -> Json | None:
        """Its row, or that of the shots it follows."""
        if self.row is not None and self.family.rows is not None:
            return self.family.rows.records[self.family.row_numbers[self.row]]
        return self.parent.record if self.parent is not None else None

    @property
    def has_row(self) -> bool:
        """Whether it stands for a row, or follows a shot that does."""
        return self.row is not None or (self.parent is not None and self.parent.has_row)

    @property
    def row_word(self) -> str | None:
        """The part of its id that names the row."""
        return self.word(ROW) if self.has_row else None

    @property
    def any_variant(self) -> str | None:
        """Its variant, or that of the shot it follows."""
        if self.variant is not None or self.parent is None:
            return self.variant
        return self.parent.any_variant

    @property
    def any_take(self) -> int | None:
        """Its take, or that of the shot it follows."""
        return self.take if self.take is not None or self.parent is None else self.parent.any_take

    @property
    def all_axes(self) -> tuple[tuple[str, Json], ...]:
        """Its axes, and those of the shots it follows before them."""
        own = self.combination.axes
        if self.parent is None:
            return own
        names = {name for name, _ in own}
        return (*(axis for axis in self.parent.all_axes if axis[0] not in names), *own)

    @property
    def row_where(self) -> Where | None:
        """The line of its row, where it has one in a file."""
        if self.row is not None and self.family.rows is not None:
            return self.family.rows.where(self.family.row_numbers[self.row])
        return self.parent.row_where if self.parent is not None else None


def cells_of(family: Family) -> Iterator[Cell]:
    """Every cell of a family without a parent: row, variant, axes, take."""
    takes = _takes(family.spec)
    parts = [combination.parts for combination in family.combinations]
    for row in range(len(family.row_words)) if family.rows is not None else (None,):
        head = family.word if row is None else f"{family.word}.{family.row_words[row]}"
        for variant in family.variants if family.variants is not None else (None,):
            start = head if variant is None else f"{head}.{slug(variant)}"
            for combination, words in zip(family.combinations, parts, strict=True):
                name = ".".join((start, *words))
                for take in takes:
                    cell = Cell(family, row, variant, combination, take)
                    cell.id = ShotId(name if take is None else f"{name}.take{take}")
                    yield cell


def cells_for_each(family: Family, parents: Sequence[Family], meant: Sequence[Cell]) -> list[Cell]:
    """Every cell of a family, once for each parent that agrees with it in what both have."""
    shared = shared_dimensions(family, parents, own=True)
    by_words: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells_of(family):
        by_words.setdefault(tuple(map(cell.word, shared)), []).append(cell)
    made = []
    for parent in meant:
        for cell in by_words.get(tuple(map(parent.word, shared)), ()):
            child = Cell(family, cell.row, cell.variant, cell.combination, cell.take, parent)
            child.id = ShotId(".".join((family.word, *(part for _, part in child.parts()))))
            made.append(child)
    return made


def shared_dimensions(child: Family, parents: Sequence[Family], *, own: bool = False) -> Dimensions:
    """The dimensions on which a child is matched with its parents.

    Rows match where they are the same rows or both have a key; a row number of one file says
    nothing of a row of another.
    """
    found = []
    for dimension in child.own_dimensions if own else child.dimensions:
        if not all(dimension in parent.dimensions for parent in parents):
            continue
        if dimension == ROW and not all(_same_rows(child, parent) for parent in parents):
            continue
        found.append(dimension)
    return tuple(found)


def count(family: Family, combinations: int, parents: int = 1) -> int:
    """How many shots the family will be at most."""
    rows = len(family.row_words) if family.rows is not None else 1
    variants = len(family.variants) if family.variants is not None else 1
    return rows * variants * combinations * len(_takes(family.spec)) * parents


def _takes(spec: ShotSpec) -> Sequence[int | None]:
    return (None,) if spec.takes is None else range(1, spec.takes + 1)


def _same_rows(child: Family, parent: Family) -> bool:
    keyed = child.spec.key is not None and parent.spec.key is not None
    return keyed or child.origin == parent.origin
