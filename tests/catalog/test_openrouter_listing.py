"""OpenRouter's own listing as catalog entries: its facts, and nothing that it does not say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sora_batch.catalog import ModelEntry, load_catalog
from sora_batch.catalog.openrouter_listing import read_model, rows_of, with_listing
from sora_batch.shots import Size

TODAY = date(2026, 11, 23)
SHIPPED = load_catalog()
VEO = {
    "id": "google/veo-3.1",
    "canonical_slug": "google/veo-3.1",
    "name": "Google: Veo 3.1",
    "supported_durations": [8, 4, 6],
    "supported_resolutions": ["720p", "1080p", "4k", "16K"],
    "supported_aspect_ratios": ["16:9", "9:16", "adaptive"],
    "supported_sizes": None,
    "supported_frame_images": ["first_frame", "last_frame"],
    "generate_audio": True,
    "seed": True,
    "allowed_passthrough_parameters": ["personGeneration"],
    "pricing_skus": {
        "duration_seconds_with_audio": "0.44",
        "duration_seconds_without_audio": "0.22",
    },
}


def read(**changes: object) -> ModelEntry:
    entry = read_model({**VEO, **changes}, on=TODAY, shipped=SHIPPED)
    assert entry is not None
    return entry


def test_a_row_says_what_the_model_makes_and_for_how_much() -> None:
    veo = read()
    assert veo.name == "google/veo-3.1"
    assert veo.resolutions == ("720p", "1080p", "4K")
    assert veo.ratios == ("16:9", "9:16")
    assert veo.seconds == (Decimal(4), Decimal(6), Decimal(8))
    assert (veo.frames, veo.seed, veo.audio) == (("first", "last"), True, "optional")
    assert (veo.sure, veo.prices[0].since, veo.prices[0].book) == ("P", TODAY, "listing")
    assert veo.price(Size(1280, 720), Decimal(4), has_reference=False) == Decimal("1.76")
    assert veo.allows_size(Size(3840, 2160))
    assert not veo.allows_size(Size(720, 720))


def test_a_run_of_lengths_is_a_range() -> None:
    seedance = read(supported_durations=[7, 5, 4, 6, 8])
    assert (seedance.seconds, seedance.seconds_text) == ((), "4 to 8")


def test_sizes_that_are_listed_are_the_only_ones() -> None:
    listed = read(supported_sizes=["1280x720", "1248x704", "auto"])
    assert listed.sizes == (Size(1280, 720), Size(1248, 704))
    assert not listed.allows_size(Size(1920, 1080))


@pytest.mark.parametrize(
    ("name", "said", "audio"),
    [
        ("google/veo-3.1", True, "optional"),
        ("google/veo-3.1", False, "never"),
        ("google/veo-3.1", None, "unknown"),
        ("heygen/heygen-video-1", True, "always"),
    ],
)
def test_sound_is_what_the_listing_says_of_it(name: str, said: object, audio: str) -> None:
    assert read(id=name, generate_audio=said).audio == audio


def test_what_is_not_said_bars_nothing() -> None:
    bare = read_model({"id": "maker/model"}, on=TODAY, shipped=SHIPPED)
    assert bare is not None
    assert (bare.frames, bare.seed, bare.prices, bare.audio) == (None, None, (), "unknown")
    assert bare.allows_size(Size(123, 457))
    assert bare.allows_seconds(Decimal("3.5"))
    assert read(supported_frame_images=[]).frames == ()


@pytest.mark.parametrize(
    "row", [None, "veo", [], {}, {"id": 7}, {"id": "veo"}, {"id": "a/b\n"}, {"id": "a/../../b"}]
)
def test_what_is_no_model_is_left_out(row: object) -> None:
    assert read_model(row, on=TODAY, shipped=SHIPPED) is None


def test_the_listing_stands_over_the_catalog_and_its_date_is_said() -> None:
    merged = with_listing(SHIPPED, [VEO, {"id": "maker/new"}, None], on=TODAY)
    assert merged.prices_date == TODAY
    assert [entry.name for entry in merged.models("openrouter")] == ["google/veo-3.1", "maker/new"]
    assert merged.models("openai") == SHIPPED.models("openai")
    assert merged.services() == SHIPPED.services()
    found = merged.find("openrouter", "veo-3.1")
    assert found is not None
    assert found.prices[0].rates[0].usd == Decimal("0.44")
    assert merged.source_text(found.source).endswith("fetched on that day")
    assert merged.find("openrouter", "runway/gen-4.5") is None


@pytest.mark.parametrize("rows", [[], [None], [{"id": 3}]])
def test_an_empty_listing_changes_nothing(rows: list[object]) -> None:
    assert with_listing(SHIPPED, rows, on=TODAY) is SHIPPED


def test_an_answer_that_is_no_listing_has_no_rows() -> None:
    assert rows_of({"data": [1]}) == [1]
    assert rows_of({"data": {}}) is None
    assert rows_of(None) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(sorted(VEO)), JSON))
def test_nothing_that_is_listed_raises(changes: dict[str, object]) -> None:
    entry = read_model({**VEO, **changes}, on=TODAY, shipped=SHIPPED)
    if entry is not None:
        size, seconds = Size(1280, 720), Decimal(4)
        entry.price(size, seconds, has_reference=True)
        assert entry.allows_size(size) in {True, False}
        assert isinstance(entry.sizes_fix + entry.seconds_text, str)
