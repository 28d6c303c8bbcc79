"""The listing that was fetched last: when it counts, and that nothing else depends on it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from sora_batch.catalog import load_catalog
from sora_batch.catalog.cached import MOST_AGE, current_catalog, keep_listing, listing_path

SHIPPED = load_catalog()
FETCHED = SHIPPED.prices_date + timedelta(days=20)
ROWS: list[object] = [{"id": "maker/new", "pricing_skus": {"duration_seconds": "0.1"}}]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_without_a_listing_the_catalog_that_ships_is_used() -> None:
    assert current_catalog("openrouter", today=FETCHED) is SHIPPED
    assert not listing_path().exists()


def test_a_listing_counts_from_the_day_it_was_fetched(cache: Path) -> None:
    path = keep_listing(ROWS, on=FETCHED)
    assert path.is_relative_to(cache)
    for kind in ("openrouter", None):
        catalog = current_catalog(kind, today=FETCHED)
        assert catalog.prices_date == FETCHED
        assert [entry.name for entry in catalog.models("openrouter")] == ["maker/new"]


@pytest.mark.parametrize("kind", ["local", "openai", "vllm-omni"])
def test_other_providers_do_not_look_at_it(kind: str) -> None:
    keep_listing(ROWS, on=FETCHED)
    assert current_catalog(kind, today=FETCHED) is SHIPPED


@pytest.mark.parametrize(
    ("fetched", "today", "counts"),
    [
        (FETCHED, FETCHED + MOST_AGE, True),
        (FETCHED, FETCHED + MOST_AGE + timedelta(days=1), False),
        (FETCHED, FETCHED - timedelta(days=1), True),
        (FETCHED, FETCHED - timedelta(days=2), False),
        (SHIPPED.prices_date, SHIPPED.prices_date, True),
        (SHIPPED.prices_date - timedelta(days=1), SHIPPED.prices_date, False),
    ],
)
def test_it_counts_for_a_month_and_never_over_a_newer_catalog(
    fetched: date, today: date, counts: bool
) -> None:
    keep_listing(ROWS, on=fetched)
    assert (current_catalog("openrouter", today=today) is not SHIPPED) is counts


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[]",
        b'{"version": 1}',
        b'{"version": 2, "fetched": "2026-12-12", "data": [{"id": "a/b"}]}',
        b'{"version": 1, "fetched": "yesterday", "data": [{"id": "a/b"}]}',
        b'{"version": 1, "fetched": 7, "data": [{"id": "a/b"}]}',
        b'{"version": 1, "fetched": "2026-12-12", "data": [{"id": 7}]}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_as_good_as_none(content: bytes) -> None:
    keep_listing(ROWS, on=FETCHED)
    listing_path().write_bytes(content)
    assert current_catalog("openrouter", today=FETCHED) is SHIPPED
