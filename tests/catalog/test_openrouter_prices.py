"""The grammar of `pricing_skus`: what is read, in which coin, and what is never guessed."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_batch.catalog import ModelEntry, PriceList
from sora_batch.catalog.openrouter_prices import read_skus
from sora_batch.shots import Size

SIZES = {
    "480p": Size(854, 480),
    "720p": Size(1280, 720),
    "768p": Size(1366, 768),
    "1080p": Size(1920, 1080),
    "2K": Size(2560, 1440),
    "4K": Size(3840, 2160),
}
KLING = {
    "text_to_video_duration_seconds_480p": "0.028",
    "text_to_video_duration_seconds_720p": "0.056",
    "image_to_video_duration_seconds_480p": "0.028",
    "image_to_video_duration_seconds_720p": "0.056",
    "duration_seconds_with_audio": "0.168",
}
VEO = {
    "duration_seconds_with_audio": "0.40",
    "duration_seconds_without_audio": "0.20",
    "duration_seconds_with_audio_4k": "0.60",
    "duration_seconds_without_audio_4k": "0.40",
}
FLUX = {
    "cents_per_second_output": "17",
    "cents_per_second_output_720p": "17",
    "cents_per_second_output_1080p": "29",
    "cents_per_second_video_continuation_720p": "41",
    "cents_per_second_video_continuation": "41",
}
WAN = {
    "text_to_video_duration_seconds_720p": "0.08",
    "text_to_video_duration_seconds_1080p": "0.12",
    "image_to_video_duration_seconds_720p": "0.10",
    "image_to_video_duration_seconds_1080p": "0.15",
}
GROK = {"cents_per_image_input": "0.2", "cents_per_video_output_second_720p": "7"}
HEYGEN = {"duration_seconds_480p": "0.02", "reference_duration_seconds_480p": "0.04"}
SEEDANCE = {
    "video_tokens": "0.000007",
    "video_tokens_1080p": "0.0000077",
    "video_tokens_with_video_input": "0.0000043",
    "video_tokens_1080p_with_video_input": "0.0000047",
}


def model(
    skus: dict[str, object], *, resolutions: tuple[str, ...] = (), fps: int | None = None
) -> ModelEntry:
    read = read_skus(skus, resolutions)
    prices = PriceList(
        since=date(2026, 11, 1),
        sure="P",
        source="x",
        rates=read.rates,
        minimum_usd=read.minimum_usd,
        unread=read.unread,
        book="listing",
    )
    return ModelEntry(
        service="openrouter",
        name="m/m",
        sure="P",
        source="x",
        resolutions=resolutions,
        fps=None if fps is None else Decimal(fps),
        prices=(prices,),
    )


@pytest.mark.parametrize(
    ("skus", "resolution", "audio", "reference", "usd"),
    [
        ({"duration_seconds": "0.1"}, "720p", True, False, "0.5"),
        ({"duration_seconds": 0.1}, "4K", False, True, "0.5"),
        (VEO, "720p", True, False, "2.00"),
        (VEO, "720p", False, False, "1.00"),
        (VEO, "4K", True, True, "3.00"),
        (VEO, "4K", False, False, "2.00"),
        (KLING, "720p", False, False, "0.28"),
        (KLING, "720p", True, False, "0.84"),
        (KLING, "480p", False, True, "0.14"),
        (FLUX, "720p", True, False, "0.85"),
        (FLUX, "1080p", True, False, "1.45"),
        (FLUX, "480p", True, False, "0.85"),
        (WAN, "1080p", True, False, "0.60"),
        (WAN, "1080p", True, True, "0.75"),
        (GROK, "720p", False, False, "0.35"),
        (GROK, "720p", False, True, "0.352"),
        (HEYGEN, "480p", True, False, "0.10"),
        (HEYGEN, "480p", True, True, "0.20"),
        ({"duration_seconds": "0.13", "reference_images": "0.04"}, "2K", True, True, "0.69"),
        ({"duration_seconds": "0.1", "minimum_cents_per_generation": "56"}, "720p", True, False,
         "0.56"),
        ({"duration_seconds": "0.2", "minimum_cents_per_generation": "56"}, "720p", True, False,
         "1.0"),
    ],
)  # fmt: skip
def test_what_five_seconds_cost(
    skus: dict[str, object], resolution: str, audio: bool, reference: bool, usd: str
) -> None:
    price = model(skus).price(SIZES[resolution], Decimal(5), has_reference=reference, audio=audio)
    assert price == Decimal(usd)


def test_tokens_are_priced_only_where_the_frames_a_second_are_known() -> None:
    size = SIZES["720p"]
    unknown = model(dict(SEEDANCE))
    assert unknown.price(size, Decimal(8), has_reference=False) is None
    assert "frames per second are not known" in unknown.why_no_price(size, has_reference=False)
    known = model(dict(SEEDANCE), fps=24)
    assert known.price(size, Decimal(8), has_reference=False) == Decimal("1.2096")
    assert known.price(SIZES["1080p"], Decimal(8), has_reference=False) == Decimal("2.99376")


def test_a_resolution_nobody_prices_has_no_price() -> None:
    only = model({"duration_seconds_480p": "0.05"})
    assert only.price(SIZES["1080p"], Decimal(5), has_reference=False) is None
    why = only.why_no_price(SIZES["1080p"], has_reference=False)
    assert why == "the listing has no price for it"


@pytest.mark.parametrize(
    ("skus", "unread"),
    [
        ({"per-video-second": "0.50"}, ("per-video-second",)),
        ({"cents_per_megapixel_second_precise": "7.5"}, ("cents_per_megapixel_second_precise",)),
        ({"duration_seconds": "0.1", "per_banana": "1"}, ("per_banana",)),
        ({"duration_seconds": "free"}, ("duration_seconds",)),
        ({"duration_seconds": "-0.1"}, ("duration_seconds",)),
        ({"duration_seconds": "NaN"}, ("duration_seconds",)),
        ({"duration_seconds": "0"}, ("duration_seconds",)),
        ({"duration_seconds": True}, ("duration_seconds",)),
        ({"duration_seconds": None}, ("duration_seconds",)),
        ({"duration_seconds": "1" * 4000}, ("duration_seconds",)),
        ({"duration_seconds_720p_1080p": "1"}, ("duration_seconds_720p_1080p",)),
        ({"duration_seconds_9k": "1"}, ("duration_seconds_9k",)),
        ({"duration_seconds": "1", "video_tokens": "1e-6"}, ("video_tokens",)),
    ],
)
def test_what_cannot_be_read_is_named_and_nothing_is_guessed(
    skus: dict[str, object], unread: tuple[str, ...]
) -> None:
    entry = model(skus)
    assert entry.prices[0].unread == unread
    assert entry.price(SIZES["720p"], Decimal(5), has_reference=False) is None
    why = entry.why_no_price(SIZES["720p"], has_reference=False)
    assert why == f"its listing prices it by `{unread[0]}`, which this version cannot read"


def test_alike_cases_are_one_rate_and_conditions_read_as_sentences() -> None:
    assert [rate.text for rate in read_skus(VEO, ("720p", "1080p", "4K")).rates] == [
        "4K with sound: $0.60 a second",
        "4K without sound: $0.40 a second",
        "with sound: $0.40 a second",
        "without sound: $0.20 a second",
    ]
    (rate,) = read_skus({"cents_per_second_output": "12"}, ("720p",)).rates
    assert rate.text == "$0.12 a second"


AMOUNTS = st.integers(1, 10**6).map(lambda n: Decimal(n).scaleb(-4))
CONDITIONS = st.tuples(
    st.sampled_from(["", "text_to_video_", "image_to_video_"]),
    st.sampled_from(["", "_with_audio", "_without_audio"]),
    st.sampled_from(["", "_480p", "_720p", "_1080p", "_4k"]),
)
LISTED = st.dictionaries(CONDITIONS, AMOUNTS, min_size=1, max_size=12)
CASES = list(itertools.product(["480p", "720p", "1080p", "4K"], [True, False], [True, False]))


def named(listed: dict[tuple[str, str, str], Decimal]) -> dict[str, object]:
    return {f"{made}duration_seconds{a}{r}": str(usd) for (made, a, r), usd in listed.items()}


def expected(
    listed: dict[tuple[str, str, str], Decimal], resolution: str, audio: bool, reference: bool
) -> Decimal | None:
    """The rule, said another way: drop what does not hold, then what another one refines."""
    wanted = (
        "image_to_video_" if reference else "text_to_video_",
        "_with_audio" if audio else "_without_audio",
        f"_{resolution.lower()}",
    )
    holding = {
        said: usd
        for said, usd in listed.items()
        if all(part in {"", want} for part, want in zip(said, wanted, strict=True))
    }

    def refined(said: tuple[str, str, str]) -> bool:
        return any(
            other != said
            and all(mine in {"", theirs} for mine, theirs in zip(said, other, strict=True))
            for other in holding
        )

    return max((usd for said, usd in holding.items() if not refined(said)), default=None)


@given(LISTED, st.sampled_from([(), ("480p", "720p"), ("720p", "1080p", "4K")]))
def test_every_case_costs_what_the_rule_says(
    listed: dict[tuple[str, str, str], Decimal], resolutions: tuple[str, ...]
) -> None:
    entry = model(named(listed), resolutions=resolutions)
    for resolution, audio, reference in CASES:
        price = entry.price(SIZES[resolution], Decimal(7), has_reference=reference, audio=audio)
        rate = expected(listed, resolution, audio, reference)
        assert price == (None if rate is None else rate * 7)


@given(LISTED)
def test_cents_are_dollars_and_order_is_nothing(
    listed: dict[tuple[str, str, str], Decimal],
) -> None:
    dollars = named(listed)
    cents = {
        name.replace("duration_seconds", "cents_per_second_output"): str(Decimal(str(usd)) * 100)
        for name, usd in dollars.items()
    }
    again = dict(reversed(dollars.items()))
    read = [read_skus(skus, ("720p",)) for skus in (dollars, cents, again)]
    assert read[0] == read[2]
    entries = [model(dollars), model({**cents}), model(again)]
    for resolution, audio, reference in CASES:
        size = SIZES[resolution]
        prices = [
            entry.price(size, Decimal(3), has_reference=reference, audio=audio) for entry in entries
        ]
        assert prices[0] == prices[1] == prices[2]


@given(LISTED, st.integers(1, 10**5), st.integers(1, 60))
def test_no_clip_costs_less_than_the_minimum_or_less_for_being_longer(
    listed: dict[tuple[str, str, str], Decimal], minimum: int, seconds: int
) -> None:
    entry = model({**named(listed), "minimum_cents_per_generation": str(minimum)})
    for resolution, audio, reference in CASES:
        prices = [
            entry.price(SIZES[resolution], Decimal(s), has_reference=reference, audio=audio)
            for s in (seconds, seconds + 1)
        ]
        if prices[0] is not None and prices[1] is not None:
            assert Decimal(minimum) / 100 <= prices[0] <= prices[1]


@given(LISTED, st.from_regex(r"[a-z_]{1,40}", fullmatch=True).filter(lambda n: "_" in n), AMOUNTS)
def test_a_name_nobody_knows_makes_the_price_unknown(
    listed: dict[tuple[str, str, str], Decimal], name: str, usd: Decimal
) -> None:
    strange = f"zz_{name}"
    entry = model({**named(listed), strange: str(usd)})
    assert entry.prices[0].unread == (strange,)
    for resolution, audio, reference in CASES:
        size = SIZES[resolution]
        assert entry.price(size, Decimal(5), has_reference=reference, audio=audio) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.text(max_size=30) | CONDITIONS.map("duration_seconds".join), JSON))
def test_nothing_that_is_listed_raises(skus: dict[str, object]) -> None:
    read = read_skus(skus, ("720p",))
    assert all(rate.usd is None or rate.usd > 0 for rate in read.rates)
