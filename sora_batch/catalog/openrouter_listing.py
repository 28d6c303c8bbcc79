"""Turns OpenRouter's own listing of video models into catalog entries.

Pure: what was fetched when is given. The listing is not trusted: a row that makes no sense is left
out, a value that makes none bars nothing. What it does not say (frames a second, whether sound can
be switched off) is taken from the catalog that ships.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from sora_batch.catalog.entries import Audio, ModelEntry, PriceList
from sora_batch.catalog.openrouter_prices import read_skus
from sora_batch.catalog.reader import Catalog
from sora_batch.catalog.sizes import spelled
from sora_batch.shots import Size

KIND = "openrouter"
SOURCE = "openrouter-listing"

_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}/[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_SIZE = re.compile(r"([1-9]\d{1,4})x([1-9]\d{1,4})")
_RATIO = re.compile(r"[1-9]\d{0,2}:[1-9]\d{0,2}")
_LONGEST_S = 3600


def with_listing(catalog: Catalog, rows: Iterable[object], *, on: date) -> Catalog:
    """The catalog with OpenRouter's models as it listed them on a day, and only those.

    Unchanged where there is no model in the listing.
    """
    listed = {
        entry.name: entry for row in rows if (entry := read_model(row, on=on, shipped=catalog))
    }
    if not listed:
        return catalog
    others = [entry for entry in catalog.models() if entry.service != KIND]
    return Catalog(
        catalog.services(),
        [*others, *listed.values()],
        prices_date=on,
        sources=catalog.sources,
    )


def read_model(row: object, *, on: date, shipped: Catalog) -> ModelEntry | None:
    """One row as an entry; None where it is no model."""
    if not isinstance(row, dict):
        return None
    name = row.get("id")
    if not isinstance(name, str) or not _SLUG.fullmatch(name):
        return None
    known = shipped.find(KIND, name)
    sizes = tuple(_sizes(row.get("supported_sizes")))
    resolutions = tuple(
        dict.fromkeys(
            word
            for text in _texts(row.get("supported_resolutions"))
            if (word := spelled(text)) is not None
        )
    )
    entry = ModelEntry(
        service=KIND,
        name=name,
        sure="P",
        source=SOURCE,
        sizes=sizes,
        resolutions=resolutions,
        ratios=tuple(t for t in _texts(row.get("supported_aspect_ratios")) if _RATIO.fullmatch(t)),
        audio=_audio(row.get("generate_audio"), known),
        frames=_frames(row.get("supported_frame_images")),
        seed=row["seed"] if isinstance(row.get("seed"), bool) else None,
        fps=known.fps if known is not None else None,
        prices=_prices(row.get("pricing_skus"), resolutions, on),
    )
    return _with_lengths(entry, row.get("supported_durations"))


def _prices(skus: object, resolutions: tuple[str, ...], on: date) -> tuple[PriceList, ...]:
    if not isinstance(skus, dict) or not skus:
        return ()
    read = read_skus({str(name)[:100]: value for name, value in skus.items()}, resolutions)
    return (
        PriceList(
            since=on,
            sure="P",
            source=SOURCE,
            rates=read.rates,
            minimum_usd=read.minimum_usd,
            unread=read.unread,
            book="listing",
        ),
    )


def _with_lengths(entry: ModelEntry, lengths: object) -> ModelEntry:
    """The entry with its lengths: a range where they are a run of whole seconds."""
    numbers = sorted(
        {
            number
            for number in (lengths if isinstance(lengths, list) else ())
            if isinstance(number, int) and not isinstance(number, bool)
            if 0 < number <= _LONGEST_S
        }
    )
    if len(numbers) > 3 and numbers[-1] - numbers[0] == len(numbers) - 1:
        first, last = Decimal(numbers[0]), Decimal(numbers[-1])
        return replace(entry, seconds_from=first, seconds_to=last)
    return replace(entry, seconds=tuple(Decimal(number) for number in numbers))


def _audio(can: object, known: ModelEntry | None) -> Audio:
    """`generate_audio` says whether it can make sound, not whether it can leave it out."""
    if can is False:
        return "never"
    if can is True:
        return "always" if known is not None and known.audio == "always" else "optional"
    return "unknown"


def _frames(frames: object) -> tuple[str, ...] | None:
    if not isinstance(frames, list):
        return None
    return tuple(word.removesuffix("_frame") for word in _texts(frames))


def _sizes(sizes: object) -> Iterable[Size]:
    for text in _texts(sizes):
        if match := _SIZE.fullmatch(text):
            yield Size(int(match[1]), int(match[2]))


def _texts(values: object) -> list[str]:
    items: list[Any] = values if isinstance(values, list) else []
    return [text for text in items if isinstance(text, str) and len(text) <= 40]


def rows_of(answer: Mapping[str, Any] | None) -> list[object] | None:
    """The rows of the listing's answer, None where it is no listing."""
    rows = answer.get("data") if answer is not None else None
    return rows if isinstance(rows, list) else None
