"""The rows of a gallery: one for each shot spec, like beside like.

Variants are always columns, takes within them; without variants the last axis is. Everything else
(rows of a table, other axes) makes lines. What has one dimension only flows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TypeAlias

from sora_batch.records import ZERO
from sora_batch.shots import Shot
from sora_batch.views.gallery.cards import (
    Told,
    axis_words,
    card_of,
    common_facts,
    reference_words,
    spend_of,
)
from sora_batch.views.gallery.values import Head, Row
from sora_batch.views.gallery.words import marked, unwrapped
from sora_batch.views.status import Standing
from sora_batch.views.text import dollars

Key: TypeAlias = tuple[Hashable, ...]

_WIDEST_LINE = 6


def row_of(told: Sequence[Told]) -> Row:
    """The row of one shot spec, whose shots these are, in the order in which they are written."""
    shots = [one.step.shot for one in told]
    facts = [common_facts(shot) for shot in shots]
    shared = tuple(fact for fact in facts[0] if all(fact in some for some in facts))
    prompts = marked([unwrapped(shot.prompt) for shot in shots])
    cards = [
        card_of(
            one,
            label=_label(one.step.shot),
            prompt=prompt,
            own=tuple(fact for fact in own if fact not in shared),
        )
        for one, prompt, own in zip(told, prompts, facts, strict=True)
    ]
    references = {reference_words(shot) for shot in shots}
    made_from = {one.made_from for one in told}
    row = Row(
        spec=shots[0].spec,
        where=str(shots[0].where),
        cards=tuple(cards),
        shared=shared,
        tags=tuple(tag for tag in shots[0].tags if all(tag in shot.tags for shot in shots)),
        counts=_counts([one.place for one in told]),
        price=dollars(sum((spend_of(one.attempts) for one in told), ZERO)),
        reference=told[0].media if len(references) == 1 and told[0].media.reference else None,
        reference_words=references.pop() if len(references) == 1 else "",
        made_from=made_from.pop() if len(made_from) == 1 else (),
    )
    return _arranged(row, shots)


def _arranged(row: Row, shots: Sequence[Shot]) -> Row:
    """The row as a matrix, where there is more than one column of it."""
    column_of, line_of = _ways(shots)
    columns = _numbered([column_of(shot) for shot in shots])
    lines = _numbered([line_of(shot) for shot in shots])
    places = [(columns[column_of(shot)], lines[line_of(shot)]) for shot in shots]
    has_variants = any(shot.variant for shot in shots)
    if (
        len(columns) < 2
        or len(set(places)) < len(places)
        or (len(lines) == 1 and len(columns) > _WIDEST_LINE and not has_variants)
    ):
        return row
    cards = tuple(
        replace(card, column=column, line=line)
        for card, (column, line) in zip(row.cards, places, strict=True)
    )
    takes = [key[-1] for key in columns]
    minor = [Head(f"take {take}", place) for place, take in enumerate(takes, 1) if take]
    majors = groupby(columns, key=lambda key: key[0])
    major, first = [], 1
    for name, keys in majors:
        size = len(list(keys))
        if name:
            major.append(Head(str(name), first, size))
        first += size
    named = [Head(" · ".join(map(str, filter(None, key))), n) for key, n in lines.items()]
    heads = tuple(tuple(some) for some in (major, minor) if some)
    return replace(
        row, cards=cards, columns=len(columns), heads=heads, lines=tuple(h for h in named if h.text)
    )


def _ways(shots: Sequence[Shot]) -> tuple[Callable[[Shot], Key], Callable[[Shot], Key]]:
    """What decides a shot's column (its last part is the take), and what its line."""
    if any(shot.variant for shot in shots):
        return (
            lambda shot: (shot.variant, shot.take),
            lambda shot: (shot.row, *axis_words(shot)),
        )
    return (
        lambda shot: (*(axis_words(shot)[-1:] or ("",)), shot.take),
        lambda shot: (shot.row, *axis_words(shot)[:-1]),
    )


def _numbered(keys: Sequence[Key]) -> dict[Key, int]:
    """The keys in the order in which they first come, from 1; takes stay with their like."""
    firsts: dict[Hashable, int] = {}
    for key in keys:
        firsts.setdefault(key[:-1], len(firsts))
    ordered = sorted(dict.fromkeys(keys), key=lambda key: firsts[key[:-1]])
    return {key: number for number, key in enumerate(ordered, 1)}


def _label(shot: Shot) -> str:
    """What tells the shot from the others of its spec."""
    take = "" if shot.take is None else f"take {shot.take}"
    parts = (shot.row, shot.variant, *axis_words(shot), take)
    return " · ".join(part for part in parts if part) or shot.id


def _counts(places: Sequence[Standing]) -> str:
    counts = Counter(places)
    if len(places) == 1:
        return str(places[0])
    return ", ".join(f"{counts[one]} {one}" for one in Standing if counts[one])
