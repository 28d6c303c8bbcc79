"""The catalog that ships: it parses, its dates ascend, every price says where it is from."""

from __future__ import annotations

import itertools
import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest

from sora_batch.catalog import Catalog, ModelEntry, PriceList, load_catalog
from sora_batch.catalog.reader import parse_catalog
from sora_batch.shots import Size

CATALOG = load_catalog()
EVERY_PRICE = [(entry, prices) for entry in CATALOG.models() for prices in entry.prices]
WIDE, TALL = Size(1280, 720), Size(720, 1280)
FULL_HD, UHD = Size(1920, 1080), Size(3840, 2160)


def test_the_prices_were_gone_through_on_the_day_of_the_facts() -> None:
    assert CATALOG.prices_date == date(2026, 11, 22)


@pytest.mark.parametrize(("entry", "prices"), EVERY_PRICE, ids=lambda v: getattr(v, "name", ""))
def test_every_price_has_a_date_a_known_source_and_how_sure_it_is(
    entry: ModelEntry, prices: PriceList
) -> None:
    assert prices.since <= CATALOG.prices_date
    assert CATALOG.source_text(prices.source) != prices.source
    assert prices.sure in {"P", "V", "S"}
    assert prices.rates


@pytest.mark.parametrize("entry", CATALOG.models(), ids=lambda entry: entry.name)
def test_every_model_has_a_source_and_its_prices_ascend_by_date(entry: ModelEntry) -> None:
    dates = [prices.since for prices in entry.prices]
    assert dates == sorted(set(dates))
    assert CATALOG.source_text(entry.source) != entry.source
    assert CATALOG.service(entry.service) is not None


@pytest.mark.parametrize("entry", CATALOG.models("openrouter"), ids=lambda entry: entry.name)
def test_every_clip_a_hosted_model_can_make_has_exactly_one_rate(entry: ModelEntry) -> None:
    sides = {"480p": 480, "720p": 720, "768p": 768, "1080p": 1080, "2K": 1440, "4K": 2160}
    sizes = [Size(sides[name] * 16 // 9, sides[name]) for name in entry.resolutions]
    sounds = {"always": [True], "never": [False]}.get(entry.audio, [True, False])
    for size, audio, reference in itertools.product(sizes, sounds, [True, False]):
        assert entry.allows_size(size)
        rates = [
            rate
            for rate in entry.prices[-1].rates
            if rate.holds(size, has_reference=reference, audio=audio)
        ]
        assert len(rates) == 1, (size, audio, reference)
        assert (rates[0].usd is None) != (rates[0].usd_per_million_tokens is None)


def test_services_and_models_are_those_of_the_facts() -> None:
    assert [service.kind for service in CATALOG.services()] == [
        "openai",
        "azure",
        "openrouter",
        "vllm-omni",
        "sglang",
        "litellm",
        "new-api",
        "unsloth",
    ]
    assert [entry.name for entry in CATALOG.models("openai")] == ["sora-2", "sora-2-pro"]
    assert len(CATALOG.models("openrouter")) == 26
    for kind in ("vllm-omni", "sglang", "litellm", "new-api", "unsloth"):
        assert CATALOG.models(kind) == ()


def test_openai_is_closed_and_says_what_can_be_used_instead() -> None:
    openai = CATALOG.service("openai")
    assert openai is not None
    assert openai.closed == date(2026, 9, 24)
    assert "openrouter" in openai.instead
    azure = CATALOG.service("azure")
    assert azure is not None
    assert (azure.closed, azure.retired) == (None, date(2026, 11, 2))


@pytest.mark.parametrize(
    ("kind", "model", "size", "seconds", "reference", "audio", "usd"),
    [
        ("openai", "sora-2", WIDE, 8, False, None, "0.80"),
        ("openai", "sora-2-2025-12-08", TALL, 20, True, None, "2.00"),
        ("openai", "sora-2-pro", WIDE, 4, False, None, "1.20"),
        ("openai", "sora-2-pro", Size(1024, 1792), 4, False, None, "2.00"),
        ("openai", "sora-2-pro", FULL_HD, 12, False, None, "8.40"),
        ("azure", "sora-2", WIDE, 8, False, None, None),
        ("openrouter", "google/veo-3.1", UHD, 8, False, None, "4.80"),
        ("openrouter", "google/veo-3.1", UHD, 8, False, False, "3.20"),
        ("openrouter", "veo-3.1-fast", WIDE, 4, False, True, "0.40"),
        ("openrouter", "kwaivgi/kling-v3.0-pro", WIDE, 5, False, False, "0.560"),
        ("openrouter", "kwaivgi/kling-v3.0-pro", WIDE, 5, False, None, "0.840"),
        ("openrouter", "alibaba/wan-2.6", FULL_HD, 5, False, None, "0.60"),
        ("openrouter", "alibaba/wan-2.6", FULL_HD, 5, True, None, "0.75"),
        ("openrouter", "minimax/hailuo-3", Size(2560, 1440), 5, True, None, "0.69"),
        ("openrouter", "x-ai/grok-imagine-video", WIDE, 10, True, None, "0.702"),
        ("openrouter", "heygen/heygen-video-1", Size(1366, 768), 10, True, None, "0.60"),
        ("openrouter", "openai/sora-2-pro", FULL_HD, 4, False, None, "2.00"),
        ("openrouter", "bytedance/seedance-2.5", WIDE, 5, False, None, None),
    ],
)
def test_what_a_clip_costs(
    kind: str,
    model: str,
    size: Size,
    seconds: int,
    reference: bool,
    audio: bool | None,
    usd: str | None,
) -> None:
    entry = CATALOG.find(kind, model)
    assert entry is not None
    price = entry.price(size, Decimal(seconds), has_reference=reference, audio=audio)
    assert price == (None if usd is None else Decimal(usd))


def test_a_price_by_tokens_is_unknown_and_says_why_until_the_frame_rate_is_known() -> None:
    entry = CATALOG.find("openrouter", "bytedance/seedance-2.5")
    assert entry is not None
    why = entry.why_no_price(WIDE, has_reference=False)
    assert why.startswith("it costs $10.70 per million video tokens")
    text = """
        checked = 2026-11-22
        services = []
        [[models]]
        service = "s"
        name = "m"
        sure = "S"
        source = "x"
        fps = 24
        [[models.prices]]
        since = 2026-10-31
        sure = "S"
        source = "x"
        rates = [{ usd_per_million_tokens = 10.7 }]
    """
    timed = parse_catalog(text).models()[0]
    assert timed.price(WIDE, Decimal(5), has_reference=False) == Decimal("1.1556")
    assert timed.why_no_price(WIDE, has_reference=False) == ""


@pytest.mark.parametrize(
    ("kind", "model", "size", "allowed"),
    [
        ("openai", "sora-2", WIDE, True),
        ("openai", "sora-2", FULL_HD, False),
        ("openai", "sora-2-pro", FULL_HD, True),
        ("azure", "sora-2", FULL_HD, False),
        ("openrouter", "runway/gen-4.5", TALL, True),
        ("openrouter", "runway/gen-4.5", FULL_HD, False),
        ("openrouter", "minimax/hailuo-2.3", FULL_HD, True),
        ("openrouter", "minimax/hailuo-2.3", Size(1080, 1920), False),
        ("openrouter", "minimax/hailuo-3", Size(2048, 1152), True),
    ],
)
def test_which_sizes_a_model_makes(kind: str, model: str, size: Size, allowed: bool) -> None:
    entry = CATALOG.find(kind, model)
    assert entry is not None
    assert entry.allows_size(size) is allowed


@pytest.mark.parametrize(
    ("kind", "model", "text", "allowed", "refused"),
    [
        ("openai", "sora-2", "4, 8, 12, 16 or 20", ["4", "20"], ["5", "24"]),
        ("azure", "sora-2", "4, 8 or 12", ["12"], ["16", "20"]),
        ("openrouter", "alibaba/wan-3.0", "2 to 30", ["2", "17", "30"], ["1", "31", "4.5"]),
        ("openrouter", "minimax/hailuo-3-max", "", ["1", "4.5"], []),
    ],
)
def test_which_lengths_a_model_makes(
    kind: str, model: str, text: str, allowed: list[str], refused: list[str]
) -> None:
    entry = CATALOG.find(kind, model)
    assert entry is not None
    assert entry.seconds_text == text
    assert [s for s in [*allowed, *refused] if entry.allows_seconds(Decimal(s))] == allowed


def test_a_model_is_found_by_its_short_name_and_called_by_its_full_one() -> None:
    entry = CATALOG.find("openrouter", "veo-3.1")
    assert entry is not None
    assert entry.server_name("veo-3.1") == "google/veo-3.1"
    sora = CATALOG.find("openai", "sora-2-2025-10-06")
    assert sora is not None
    assert sora.server_name("sora-2-2025-10-06") == "sora-2-2025-10-06"
    assert CATALOG.find("openai", "veo-3.1") is None


def test_a_name_that_several_services_have_means_the_first_of_them() -> None:
    named = CATALOG.named("sora-2-pro")
    assert named is not None
    assert named.service == "openai"
    assert CATALOG.named("gen-4.5") is CATALOG.find("openrouter", "runway/gen-4.5")
    assert CATALOG.named("no-such-model") is None


@pytest.mark.parametrize(
    ("on", "usd"),
    [(None, "3"), (date(2025, 1, 1), "1"), (date(2026, 3, 1), "2"), (date(2027, 1, 1), "3")],
)
def test_the_price_is_the_one_in_effect_on_the_day(on: date | None, usd: str) -> None:
    rows = "\n".join(
        f'[[models.prices]]\nsince = {since}\nsure = "S"\nsource = "x"\nrates = [{{ usd = {usd} }}]'
        for since, usd in [("2026-01-01", 1), ("2026-03-01", 2), ("2026-06-01", 3)]
    )
    text = (
        'checked = 2026-06-01\nservices = []\n[[models]]\nservice = "s"\nname = "m"\n'
        f'sure = "S"\nsource = "x"\n{rows}'
    )
    entry = parse_catalog(text).models()[0]
    assert entry.price(WIDE, Decimal(1), has_reference=False, on=on) == Decimal(usd)


def test_a_key_nobody_knows_is_refused() -> None:
    text = 'checked = 2026-01-01\nmodels = []\n[[services]]\nkind = "s"\ntitel = "S"'
    with pytest.raises(TypeError, match="titel"):
        parse_catalog(text)


def test_an_empty_catalog_knows_nothing_and_says_so() -> None:
    empty = Catalog([], [], prices_date=date(2026, 1, 1))
    assert (empty.models(), empty.service("openai"), empty.named("sora-2")) == ((), None, None)


def test_reading_the_catalog_does_not_import_pydantic() -> None:
    code = "import sys, sora_batch.catalog as c; c.load_catalog(); print('pydantic' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"


def test_rates_read_as_sentences() -> None:
    entry = CATALOG.find("openrouter", "x-ai/grok-imagine-video")
    assert entry is not None
    assert entry.prices[0].rates[1].text == "720p: $0.07 a second + $0.002 per reference picture"
