"""Reads the prices in OpenRouter's listing: `pricing_skus`, a map of names to amounts.

A name says what is counted (seconds or video tokens), in which coin (dollars or cents), and under
which conditions (sound, resolution, from text or from a picture). What is not understood is named,
never guessed. The trap: names overlap. Of two that hold for a clip, the one with more conditions
counts; where neither has more, the dearer, so that what is reserved is never too little.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from sora_batch.catalog.entries import Rate
from sora_batch.catalog.sizes import spelled

_RATE = re.compile(
    r"(?P<made>text_to_video_|image_to_video_|reference_)?"
    r"(?P<counted>duration_seconds|cents_per_second_output|cents_per_video_output_second"
    r"|video_tokens)"
    r"(?P<sound>_with_audio|_without_audio)?"
    r"(?P<resolution>_\d{3,4}p|_[124]k)?"
    r"(?P<video>_with_video_input)?"
    r"(?P<late_sound>_with_audio|_without_audio)?"
)
# For what is never ordered here: going on from a clip.
_NEVER = re.compile(r"cents_per_second_video_continuation(_\d{3,4}p|_[124]k)?")
_PER_PICTURE = {"reference_images": 0, "cents_per_image_input": -2}
_MINIMUM = "minimum_cents_per_generation"
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,24})?([eE]-\d{1,2})?")

_MADE = {"text_to_video_": False, "image_to_video_": True, "reference_": True}
_SOUND = {"_with_audio": True, "_without_audio": False}
_TOKENS = 6

_CASES = tuple(itertools.product((True, False), (False, True)))
"""Sound and reference picture, in every combination."""

_Amount: TypeAlias = "tuple[Decimal, bool] | None"
"""USD, and whether it is for a million video tokens rather than a second."""


@dataclass(frozen=True, slots=True)
class SkuPrices:
    """What a map of prices comes to: rates of which the first that holds counts, the least that a
    clip costs, and the names that could not be read."""

    rates: tuple[Rate, ...] = ()
    minimum_usd: Decimal | None = None
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sku:
    """One amount in USD and its conditions; None always holds."""

    usd: Decimal
    tokens: bool
    audio: bool | None
    reference: bool | None
    resolution: str | None

    @property
    def conditions(self) -> frozenset[tuple[str, object]]:
        said = {"a": self.audio, "f": self.reference, "r": self.resolution}
        return frozenset((name, value) for name, value in said.items() if value is not None)

    def holds(self, resolution: str | None, audio: bool, reference: bool) -> bool:
        return (
            self.audio in {None, audio}
            and self.reference in {None, reference}
            and self.resolution in {None, resolution}
        )


def read_skus(skus: Mapping[str, object], resolutions: Sequence[str]) -> SkuPrices:
    """The prices of a model that makes these resolutions."""
    rates: list[_Sku] = []
    unread: list[str] = []
    pictures, minimum = Decimal(0), None
    for name, value in sorted(skus.items()):
        amount = _amount(value)
        if _NEVER.fullmatch(name):
            continue
        if amount is None:
            unread.append(name)
        elif name in _PER_PICTURE:
            pictures += amount.scaleb(_PER_PICTURE[name])
        elif name == _MINIMUM:
            minimum = amount.scaleb(-2)
        elif not _add_rate(rates, name, amount):
            unread.append(name)
    if len({rate.tokens for rate in rates}) > 1:
        unread += [name for name in sorted(skus) if "video_tokens" in name]
    if unread:
        return SkuPrices(unread=tuple(dict.fromkeys(unread)))
    return SkuPrices(_in_order(rates, resolutions, pictures or None), minimum)


def _amount(value: object) -> Decimal | None:
    """A price as written, None where it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value).strip()
    return Decimal(text) if _AMOUNT.fullmatch(text) else None


def _add_rate(rates: list[_Sku], name: str, amount: Decimal) -> bool:
    """Adds what a name says, if it can be read. A rate of nothing would make a clip look free."""
    parts = _RATE.fullmatch(name)
    if parts is None or (parts["sound"] and parts["late_sound"]) or not amount:
        return False
    if parts["video"]:
        return True
    tokens = parts["counted"] == "video_tokens"
    cents = parts["counted"].startswith("cents")
    rates.append(
        _Sku(
            amount.scaleb(_TOKENS if tokens else -2 if cents else 0),
            tokens,
            _SOUND.get(parts["sound"] or parts["late_sound"] or ""),
            _MADE.get(parts["made"] or ""),
            spelled(parts["resolution"][1:]) if parts["resolution"] else None,
        )
    )
    return True


def _in_order(
    skus: Sequence[_Sku], resolutions: Sequence[str], per_picture: Decimal | None
) -> tuple[Rate, ...]:
    """The rates for every case, alike cases told as one; those for any resolution come last."""
    named = [*resolutions, *(sku.resolution for sku in skus if sku.resolution is not None)]
    groups: dict[tuple[_Amount, ...], list[str | None]] = {}
    for resolution in dict.fromkeys([*named, None]):
        amounts = tuple(_chosen(skus, resolution, *case) for case in _CASES)
        if any(amounts):
            groups.setdefault(amounts, []).append(resolution)
    last = next((amounts for amounts, names in groups.items() if None in names), None)
    rates: list[Rate] = []
    for amounts, names in groups.items():
        if amounts != last:
            rates += _rates(amounts, tuple(name for name in names if name), per_picture)
    return (*rates, *(_rates(last, (), per_picture) if last is not None else ()))


def _chosen(skus: Iterable[_Sku], resolution: str | None, audio: bool, reference: bool) -> _Amount:
    """The amount that counts for one case, None where there is none."""
    holding = [sku for sku in skus if sku.holds(resolution, audio, reference)]
    closest = [
        sku for sku in holding if not any(sku.conditions < other.conditions for other in holding)
    ]
    dearest = max(closest, key=lambda sku: sku.usd, default=None)
    return (dearest.usd, dearest.tokens) if dearest is not None else None


def _rates(
    amounts: tuple[_Amount, ...], resolutions: tuple[str, ...], per_picture: Decimal | None
) -> list[Rate]:
    """One rate where sound and picture make no difference, else one for each that does."""
    by_case = dict(zip(_CASES, amounts, strict=True))
    sounds = _differs([(by_case[True, ref], by_case[False, ref]) for ref in (False, True)])
    pictures = _differs([(by_case[audio, False], by_case[audio, True]) for audio in (True, False)])
    rates = []
    for audio, reference in itertools.product(
        (True, False) if sounds else (None,), (False, True) if pictures else (None,)
    ):
        amount = by_case[audio is not False, reference is True]
        if amount is not None:
            usd, tokens = amount
            rates.append(
                Rate(
                    usd=None if tokens else usd,
                    usd_per_million_tokens=usd if tokens else None,
                    usd_per_image=per_picture,
                    resolutions=resolutions,
                    audio=audio,
                    reference=reference,
                )
            )
    return rates


def _differs(pairs: Iterable[tuple[_Amount, _Amount]]) -> bool:
    return any(one != other for one, other in pairs)
