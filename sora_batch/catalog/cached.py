"""The catalog as of now: the one that ships, with OpenRouter's own listing where one was fetched.

A listing is kept in the user's cache folder with the day it was fetched on. It counts until it is
a month old or older than the catalog that ships; then, and offline, the shipped one does. No
request is made here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from sora_batch.catalog.openrouter_listing import KIND, rows_of, with_listing
from sora_batch.catalog.reader import Catalog, load_catalog
from sora_batch.durable import write_atomically

MOST_AGE = timedelta(days=30)

_VERSION = 1


def current_catalog(kind: str | None, *, today: date) -> Catalog:
    """What is known of one kind of provider today, or of all."""
    shipped = load_catalog()
    if kind not in {None, KIND}:
        return shipped
    kept = _read(listing_path())
    if kept is None:
        return shipped
    rows, on = kept
    # A day of grace: the clock may have crossed midnight in another time zone.
    if not shipped.prices_date <= on <= today + timedelta(days=1) or today - on > MOST_AGE:
        return shipped
    return with_listing(shipped, rows, on=on)


def keep_listing(rows: Sequence[object], *, on: date) -> Path:
    """Keeps a listing that was fetched on a day; where. Raises OSError."""
    path = listing_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {"version": _VERSION, "fetched": on.isoformat(), "data": list(rows)}
    write_atomically(path, json.dumps(kept, ensure_ascii=False).encode())
    return path


def listing_path() -> Path:
    """Where the listing is kept."""
    return user_cache_path("sora-batch", appauthor=False) / "openrouter-models.json"


def _read(path: Path) -> tuple[list[object], date] | None:
    """The rows and their day; None where there is nothing of use: it can be fetched again."""
    try:
        kept: Any = json.loads(path.read_bytes())
        if not isinstance(kept, dict) or kept.get("version") != _VERSION:
            return None
        rows = rows_of(kept)
        return None if rows is None else (rows, date.fromisoformat(kept["fetched"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
