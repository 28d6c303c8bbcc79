"""Plans with a provider's own listing instead of the shipped catalog; and without it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sora_batch.catalog import Catalog, load_catalog
from sora_batch.catalog.openrouter_listing import with_listing
from sora_batch.planning import make_plan
from sora_batch.planning.plan import Plan
from sora_batch.providers import capabilities
from sora_batch.records import History
from sora_batch.shots import Shot
from tests.planning.values import TODAY, manifest, shot

ADDRESS = "https://openrouter.ai/api/v1"
ROW = {
    "id": "google/veo-3.1",
    "supported_durations": [4, 6, 8],
    "supported_resolutions": ["720p"],
    "generate_audio": False,
    "seed": False,
    "pricing_skus": {"duration_seconds": "0.30"},
}


def listing(**changes: object) -> Catalog:
    return with_listing(load_catalog(), [{**ROW, **changes}], on=TODAY)


def plan_with(catalog: Catalog, **values: Any) -> Plan:
    made: Shot = shot("hero", **{"model": "google/veo-3.1", "seconds": Decimal(4), **values})
    return make_plan(
        manifest(made, kind="openrouter"),
        History(),
        catalog,
        capabilities("openrouter"),
        pictures={},
        today=TODAY,
        base_url=ADDRESS,
    )


def test_the_listings_price_stands_over_the_catalogs_and_says_its_date() -> None:
    made = plan_with(listing())
    assert made.problems == ()
    assert made.estimate_usd == Decimal("1.20")
    assert made.totals[0].price_source == "listing, price of 2026-11-23"
    assert made.prices_date == TODAY
    assert not any("--refresh" in notice for notice in made.notices)


def test_without_a_listing_the_catalogs_date_is_said_and_how_to_fetch_one() -> None:
    made = plan_with(load_catalog())
    assert made.estimate_usd == Decimal("1.60")
    assert made.totals[0].price_source == "catalog, price of 2026-10-31"
    assert any("`sora-batch models openrouter --refresh`" in notice for notice in made.notices)


def test_a_price_that_cannot_be_read_is_unknown_and_says_why() -> None:
    made = plan_with(listing(pricing_skus={"per_banana": "1"}))
    assert made.unpriced == ("hero",)
    assert any("`per_banana`, which this version cannot read" in said for said in made.notices)


def test_a_model_that_is_not_listed_any_more_is_not_priced() -> None:
    made = plan_with(listing(), model="runway/gen-4.5")
    assert made.unpriced == ("hero",)
    assert any("not in the catalog of 2026-11-23" in said for said in made.notices)


def test_what_the_listing_says_a_model_cannot_do_is_a_problem() -> None:
    made = plan_with(listing(), seed=7, options={"generate_audio": True}, seconds=Decimal(5))
    assert {problem.message for problem in made.problems} == {
        "google/veo-3.1 cannot make a 5 second clip",
        "google/veo-3.1 does not know seeds",
        "google/veo-3.1 makes no sound",
    }


def test_a_last_frame_is_for_models_that_take_one() -> None:
    last = {"frame_type": "last_frame"}
    refused = plan_with(listing(supported_frame_images=["first_frame"]), options=last)
    assert [problem.message for problem in refused.problems] == [
        "google/veo-3.1 takes no picture of the last frame"
    ]
    for frames in (["first_frame", "last_frame"], None):
        assert plan_with(listing(supported_frame_images=frames), options=last).problems == ()


def test_an_option_it_would_drop_without_a_word_is_a_problem() -> None:
    made = plan_with(listing(), options={"negative_prompt": "rain"})
    (problem,) = made.problems
    assert problem.message == "openrouter does not know the option `negative_prompt`"
    assert "generate_audio" in problem.fix
