"""Resolves what a cut is assembled from: names and patterns become shot ids, templates text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from sora_batch.manifest.beside import Unreadable, find_beside
from sora_batch.manifest.blueprints import Blueprint
from sora_batch.manifest.families import Cell
from sora_batch.manifest.fillings import Workshop
from sora_batch.manifest.holes import has_template
from sora_batch.manifest.measures import size_of
from sora_batch.manifest.references import ReferenceFault, Unsaid
from sora_batch.manifest.schema import CutShotSpec, CutSpec, TransitionSpec
from sora_batch.manifest.scope import Way
from sora_batch.manifest.settings import Cut
from sora_batch.manifest.slugs import folded, is_reserved, slug
from sora_batch.problems import Where
from sora_batch.shots import ShotId, Size

_LOUDNESS = -14.0
# The rates of television, which people write with three digits.
_BROKEN_RATES = tuple(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120))


@dataclass(frozen=True, slots=True)
class _Entry:
    """One shot of a cut, and how it follows the one before; `way` leads to where that is said."""

    cell: Cell
    crossfade_s: Decimal
    way: Way


def cuts_of(
    shop: Workshop, maker: Callable[[Cell], Blueprint], lengths: Mapping[ShotId, Decimal]
) -> tuple[Cut, ...]:
    """The cuts in written order; what is wrong with them goes to the findings.

    `lengths` are the seconds of the shots, as far as they are known.
    """
    names: dict[str, Where] = {}
    made = []
    for name, spec in shop.draft.spec.cuts.items():
        way = ("cuts", name)
        where = shop.draft.where(way, key=True)
        _check_name(shop, name, where, names)
        entries = _entries(shop, spec, way)
        _check_room(shop, entries, lengths)
        cells = [entry.cell for entry in entries]
        made.append(
            Cut(
                name=name,
                shots=tuple(cell.id for cell in cells),
                crossfade_s=_crossfade(spec.transition),
                crossfades_s=tuple(entry.crossfade_s for entry in entries),
                title=_title(spec, cells, (*way, "title"), maker),
                captions=spec.captions,
                caption_texts=_captions(spec, cells, (*way, "captions"), maker),
                music=_music(shop, spec, way),
                loudness=_LOUDNESS if spec.loudness is None else spec.loudness,
                size=_size(shop, spec, way),
                fps=_fps(spec),
                where=where,
                music_where=shop.draft.where((*way, "music")),
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


def _entries(shop: Workshop, spec: CutSpec, way: Way) -> list[_Entry]:
    """The shots in order; a pattern brings those that nothing before it has brought."""
    seen: dict[Cell, None] = {}
    ordered: list[_Entry] = []
    for index, written in enumerate(spec.shots):
        said: Way = (*way, "transition")
        where: Way = (*way, "shots", index)
        transition, text = spec.transition, written
        if isinstance(written, CutShotSpec):
            text, own = written.shot, written.transition
            if own is not None:
                transition, said = own, (*where, "transition")
            where = (*where, "shot")
        try:
            found = shop.references.exactly(str(text))
        except ReferenceFault as fault:
            place = shop.draft.where(where)
            shop.findings.add(fault.message, place, fault.code, fault.fix, fault.also)
            continue
        except Unsaid:
            continue
        exact, seconds = len(found) == 1, _crossfade(transition)
        ordered += [_Entry(cell, seconds, said) for cell in found if exact or cell not in seen]
        seen.update(dict.fromkeys(found))
    return ordered


def _crossfade(transition: TransitionSpec | None) -> Decimal:
    return Decimal(str(transition.crossfade)) if transition is not None else Decimal(0)


def _check_room(
    shop: Workshop, entries: Sequence[_Entry], lengths: Mapping[ShotId, Decimal]
) -> None:
    """Every clip must be long enough for the crossfades at its two ends."""
    for place, entry in enumerate(entries):
        length = lengths.get(entry.cell.id)
        after = entries[place + 1] if place + 1 < len(entries) else None
        into = entry.crossfade_s if place else Decimal(0)
        out = after.crossfade_s if after is not None else Decimal(0)
        if length is None or into + out <= length:
            continue
        blamed = after if after is not None and out > into else entry
        message = f"`{entry.cell.id}` lasts {length} s, too short for crossfades of {into + out} s"
        where = shop.draft.where((*blamed.way, "crossfade"))
        shop.findings.befall("", message, where, "crossfade", "make the crossfade shorter")


def _captions(
    spec: CutSpec, cells: Sequence[Cell], way: Way, maker: Callable[[Cell], Blueprint]
) -> tuple[str, ...]:
    if spec.captions is None:
        return ()
    if not has_template(spec.captions):
        return (spec.captions,) * len(cells)
    return tuple(maker(cell).caption(cell, spec.captions, way) or "" for cell in cells)


def _title(
    spec: CutSpec, cells: Sequence[Cell], way: Way, maker: Callable[[Cell], Blueprint]
) -> str:
    if spec.title is None or not cells:
        return ""
    if not has_template(spec.title):
        return spec.title
    return maker(cells[0]).caption(cells[0], spec.title, way) or ""


def _music(shop: Workshop, spec: CutSpec, way: Way) -> Path | None:
    if spec.music is None:
        return None
    try:
        return find_beside(shop.draft.folder, spec.music)
    except Unreadable as error:
        where = shop.draft.where((*way, "music"))
        shop.findings.add(error.message, where, "music", error.fix)
        return None


def _size(shop: Workshop, spec: CutSpec, way: Way) -> Size | None:
    if spec.size is None:
        return None
    fix = "write an even width and height in pixels, such as 1280x720"
    try:
        size = size_of(spec.size)
        if size.width % 2 or size.height % 2 or min(size) < 16 or max(size) > 8192:
            raise ValueError(f"a video's sides are even, from 16 to 8192 pixels; {size} is not")
    except ValueError as error:
        message = f"`{spec.size}` cannot be the size of a cut: {error}"
        shop.findings.add(message, shop.draft.where((*way, "size")), "size", fix)
        return None
    return size


def _fps(spec: CutSpec) -> Fraction | None:
    if spec.fps is None:
        return None
    written = Fraction(str(spec.fps))
    return next((rate for rate in _BROKEN_RATES if abs(rate - written) < Fraction(1, 200)), written)
