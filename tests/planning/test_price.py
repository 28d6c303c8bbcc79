"""What a shot costs, whoever knows it first."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sora_batch.catalog import load_catalog
from sora_batch.manifest.settings import ProviderSettings
from sora_batch.planning.price import Price, Pricer
from sora_batch.shots import ImageReference, Size
from tests.planning.values import TODAY, shot

VEO = "google/veo-3.1"


def pricer(kind: str, **values: Any) -> Pricer:
    settings = ProviderSettings(name=kind, kind=kind, **values)
    return Pricer(settings, load_catalog(), base_url="http://x/v1", today=TODAY)


@pytest.mark.parametrize(
    ("kind", "values", "model", "usd", "source"),
    [
        ("local", {}, "sora-2", "0", "nothing is billed"),
        ("local", {"price_per_second": Decimal("0.5")}, "sora-2", "4.0", "your own price"),
        ("openai", {}, "sora-2", "0.80", "catalog, price of 2026-08-02"),
        ("openai", {"price_per_second": Decimal(0)}, "sora-2", "0", "your own price"),
        ("openrouter", {}, VEO, "3.20", "catalog, price of 2026-10-31"),
        ("openrouter", {}, "veo-3.1", "3.20", "catalog, price of 2026-10-31"),
        ("openrouter", {"models": {"hd": VEO}}, "hd", "3.20", "catalog, price of 2026-10-31"),
        ("vllm-omni", {"prices_per_second": {"wan": Decimal("0.02")}}, "wan", "0.16", None),
        (
            "vllm-omni",
            {"prices_per_second": {"wan": Decimal(1)}, "price_per_second": Decimal(2)},
            "other",
            "16",
            "your own price",
        ),
    ],
)
def test_a_known_price(
    kind: str, values: dict[str, Any], model: str, usd: str, source: str | None
) -> None:
    price = pricer(kind, **values).price(shot("a", model=model))
    assert price == Price(Decimal(usd), source or "your own price")


@pytest.mark.parametrize(
    ("kind", "values", "model", "why"),
    [
        ("vllm-omni", {}, "sora-2", "the catalog has no price for it; give `price_per_second`"),
        ("azure", {}, "sora-2", "the catalog has no price for it; give `price_per_second`"),
        ("litellm", {"prices_per_second": {"b": Decimal(1)}}, "a", "the catalog has no price"),
        ("openrouter", {}, "bytedance/seedance-2.5", "its frames per second are not known"),
        ("openrouter", {}, "google/veo-9", "the catalog has no price for it"),
    ],
)
def test_an_unknown_price_is_none_and_says_why(
    kind: str, values: dict[str, Any], model: str, why: str
) -> None:
    price = pricer(kind, **values).price(shot("a", model=model))
    assert price.usd is None
    assert why in price.why


def test_sound_and_references_change_the_price() -> None:
    one = pricer("openrouter")
    assert one.price(shot("a", model=VEO, options={"generate_audio": False})).usd == Decimal("1.60")
    assert one.price(shot("a", model=VEO, options={"generate_audio": "x"})).usd == Decimal("3.20")
    wan = shot("a", model="wan-2.6", seconds=Decimal(5), reference=ImageReference("a.png"))
    assert one.price(wan).usd == Decimal("0.50")


def test_the_list_price_is_that_of_the_model_named() -> None:
    one = pricer("local", models={"sora-2": "whatever"})
    assert one.list_price(shot("a")) == Decimal("0.80")
    assert one.list_price(shot("a", model="veo-3.1", size=Size(3840, 2160))) == Decimal("4.80")
    assert one.list_price(shot("a", model="my-own")) is None


@pytest.mark.parametrize(
    ("kind", "values", "asked", "name"),
    [
        ("openai", {}, "sora-2", "sora-2"),
        ("openai", {}, "sora-2-2025-10-06", "sora-2-2025-10-06"),
        ("openrouter", {}, "veo-3.1", VEO),
        ("openrouter", {"models": {"veo-3.1": "acme/veo"}}, "veo-3.1", "acme/veo"),
        ("vllm-omni", {"models": {"sora-2": "Wan"}}, "sora-2", "Wan"),
        ("local", {}, "veo-3.1", "veo-3.1"),
    ],
)
def test_the_servers_own_name(kind: str, values: dict[str, Any], asked: str, name: str) -> None:
    target = pricer(kind, **values).target(asked)
    assert (target.provider, target.base_url, target.model) == (kind, "http://x/v1", name)
