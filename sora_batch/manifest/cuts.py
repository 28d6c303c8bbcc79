"""Resolves what a cut is assembled from: names and patterns become shot ids, captions text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from sora_batch.manifest.blueprints import Blueprint
from sora_batch.manifest.families import Cell
from sora_batch.manifest.fillings import Workshop
from sora_batch.manifest.holes import has_template
from sora_batch.manifest.references import ReferenceFault, Unsaid
from sora_batch.manifest.schema import CutSpec
from sora_batch.manifest.scope import Way
from sora_batch.manifest.settings import Cut
from sora_batch.manifest.slugs import folded, is_reserved, slug
from sora_batch.problems import Where


def cuts_of(shop: Workshop, maker: Callable[[Cell], Blueprint]) -> tuple[Cut, ...]:
    """The cuts in written order; what is wrong with them goes to the findings."""
    names: dict[str, Where] = {}
    made = []
    for name, spec in shop.draft.spec.cuts.items():
        way = ("cuts", name)
        where = shop.draft.where(way, key=True)
        _check_name(shop, name, where, names)
        cells = _cells(shop, spec, way)
        music = None
        if spec.music is not None:
            music = shop.draft.folder / spec.music
            if not music.is_file():
                message = f"there is no sound file `{spec.music}`"
                fix = "the way starts at the manifest's folder"
                shop.findings.add(message, shop.draft.where((*way, "music")), "music", fix)
        crossfade = spec.transition.crossfade if spec.transition is not None else 0
        made.append(
            Cut(
                name=name,
                shots=tuple(cell.id for cell in cells),
                crossfade_s=Decimal(str(crossfade)),
                captions=spec.captions,
                caption_texts=_captions(spec, cells, (*way, "captions"), maker),
                music=music,
                where=where,
            )
        )
    return tuple(made)


def _check_name(shop: Workshop, name: str, where: Where, names: dict[str, Where]) -> None:
    """A cut's name is its file's."""
    word = slug(name)
    if not word or is_reserved(word):
        message = f"`{name}` cannot be a file name on every system"
        shop.findings.add(message, where, "shot-id", "give the cut another name")
    elif folded(word) in names:
        message = f"two cuts come to the file name `{word}`"
        shop.findings.add(message, where, "same-id", "rename one of them", (names[folded(word)],))
    names.setdefault(folded(word), where)


def _cells(shop: Workshop, spec: CutSpec, way: Way) -> list[Cell]:
    """The shots in order; a pattern brings those that nothing before it has brought."""
    cells: dict[Cell, None] = {}
    ordered: list[Cell] = []
    for index, text in enumerate(spec.shots):
        where = (*way, "shots", index)
        try:
            found = shop.references.exactly(text)
        except ReferenceFault as fault:
            place = shop.draft.where(where)
            shop.findings.add(fault.message, place, fault.code, fault.fix, fault.also)
            continue
        except Unsaid:
            continue
        exact = len(found) == 1
        ordered += [cell for cell in found if exact or cell not in cells]
        cells.update(dict.fromkeys(found))
    return ordered


def _captions(
    spec: CutSpec, cells: Sequence[Cell], way: Way, maker: Callable[[Cell], Blueprint]
) -> tuple[str, ...]:
    if spec.captions is None:
        return ()
    if not has_template(spec.captions):
        return (spec.captions,) * len(cells)
    return tuple(maker(cell).caption(cell, spec.captions, way) or "" for cell in cells)
