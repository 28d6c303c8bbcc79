"""One service, one model, its limits and its prices through time.

Values only, read from `catalog.toml`. What nobody has established is None or empty and bars
nothing; a price that cannot be worked out is None and never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from sora_batch.catalog.sizes import has_shape, resolution_of, shorter_sides
from sora_batch.problems import joined
from sora_batch.shots import Size

Sure = Literal["P", "V", "S"]
Audio = Literal["always", "never", "optional", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEntry:
    """One hosted service, or one family of servers people run themselves.

    `base_url` is its one address, "" where every installation has its own. `closed` is when it
    shut down for everybody at that address; `retired` the last published date after which it may
    be gone. `instead` says what can be used now. `deployment_names` is whether a model is called
    by a name its owner chose, `slugs` whether model names look like `maker/model`, `complete`
    whether the catalog has all of its models, `listing` whether it lists models and prices itself.
    `sure` is P (primary source), V (seen), S (second hand).
    """

    kind: str
    title: str
    sure: Sure
    source: str
    base_url: str = ""
    closed: date | None = None
    retired: date | None = None
    instead: str = ""
    note: str = ""
    complete: bool = False
    deployment_names: bool = False
    slugs: bool = False
    listing: bool = False
    prompt_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one second costs under its conditions; a condition that is empty or None always holds.

    Exactly one of `usd` and `usd_per_million_tokens` is set. `usd_per_image` is added once for a
    reference picture.
    """

    usd: Decimal | None = None
    usd_per_image: Decimal | None = None
    usd_per_million_tokens: Decimal | None = None
    resolutions: tuple[str, ...] = ()
    audio: bool | None = None
    reference: bool | None = None

    def holds(self, size: Size, *, has_reference: bool, audio: bool) -> bool:
        """Whether this is the rate for such a clip."""
        return (
            (not self.resolutions or resolution_of(size, self.resolutions) is not None)
            and self.audio in {None, audio}
            and self.reference in {None, has_reference}
        )

    @property
    def text(self) -> str:
        """`720p with sound: $0.40 a second`."""
        amount = (
            f"${_money(self.usd)} a second"
            if self.usd is not None
            else f"${_money(self.usd_per_million_tokens)} per million video tokens"
        )
        if self.usd_per_image is not None:
            amount += f" + ${_money(self.usd_per_image)} per reference picture"
        conditions = [
            ", ".join(self.resolutions),
            {None: "", True: "with sound", False: "without sound"}[self.audio],
            {None: "", True: "with reference", False: "without reference"}[self.reference],
        ]
        when = " ".join(word for word in conditions if word)
        return f"{when}: {amount}" if when else amount


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """A model's prices since a date: from when they are known, where they were read, how surely.

    `minimum_usd` is the least that a clip costs. `unread` are the names of prices that nobody here
    can read: with any of those, what a clip costs is not known. `book` is what the prices stand
    in, in words.
    """

    since: date
    sure: Sure
    source: str
    rates: tuple[Rate, ...]
    note: str = ""
    minimum_usd: Decimal | None = None
    unread: tuple[str, ...] = ()
    book: str = "catalog"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """One model of one service.

    Sizes are either listed (`sizes`) or given by their resolution (`resolutions`) and sometimes
    their shape (`ratios`); lengths are listed (`seconds`) or a range of whole seconds. `frames` is
    which reference frames it takes, `seed` whether it takes seeds; None where that is not known.
    `snapshots` are dated names of the same model. `shutdown` is when it stopped or stops. `fps` is
    its frames a second where that is known, which is what a price by tokens hangs on. `prices`
    ascend by date.
    """

    service: str
    name: str
    sure: Sure
    source: str
    snapshots: tuple[str, ...] = ()
    sizes: tuple[Size, ...] = ()
    resolutions: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    seconds: tuple[Decimal, ...] = ()
    seconds_from: Decimal | None = None
    seconds_to: Decimal | None = None
    audio: Audio = "unknown"
    frames: tuple[str, ...] | None = None
    seed: bool | None = None
    shutdown: date | None = None
    fps: Decimal | None = None
    prices: tuple[PriceList, ...] = ()
    note: str = ""

    def server_name(self, asked: str) -> str:
        """The service's own name for the model somebody asked for by one of its names."""
        return asked if asked in self.snapshots else self.name

    def gone(self, today: date) -> bool:
        """Whether it has been shut down."""
        return self.shutdown is not None and self.shutdown <= today

    def allows_size(self, size: Size) -> bool:
        """Whether it makes clips of this size, as far as anybody knows."""
        if self.sizes:
            return size in self.sizes
        if self.ratios and not any(has_shape(size, ratio) for ratio in self.ratios):
            return False
        return not self.resolutions or resolution_of(size, self.resolutions) is not None

    def allows_seconds(self, seconds: Decimal) -> bool:
        """Whether it makes clips of this length, as far as anybody knows."""
        if self.seconds:
            return seconds in self.seconds
        if self.seconds_from is None or self.seconds_to is None:
            return True
        return self.seconds_from <= seconds <= self.seconds_to and seconds == int(seconds)

    @property
    def sizes_text(self) -> str:
        """The sizes it makes: `720x1280 or 1280x720`, `720p or 1080p`, or "" where not known."""
        if self.sizes:
            return joined(str(size) for size in self.sizes)
        return joined(self.resolutions) + (f", {joined(self.ratios)} only" if self.ratios else "")

    @property
    def sizes_fix(self) -> str:
        """What to write as a size, "" where nothing is known."""
        if self.sizes:
            return self.sizes_text
        sides = [str(shorter_sides(name)[0]) for name in self.resolutions if shorter_sides(name)]
        if not sides:
            return f"a size of shape {joined(self.ratios)}" if self.ratios else ""
        shape = f" and the shape {joined(self.ratios)}" if self.ratios else ""
        short = int(sides[0])
        wide = round(short * 16 / 9 / 2) * 2
        return f"a size with the shorter side {joined(sides)}{shape}, such as {wide}x{short}"

    @property
    def seconds_text(self) -> str:
        """The lengths it makes: `4, 8 or 12`, `4 to 15`, or "" where not known."""
        if self.seconds:
            return joined(str(seconds) for seconds in self.seconds)
        if self.seconds_from is None or self.seconds_to is None:
            return ""
        return f"{self.seconds_from} to {self.seconds_to}"

    def price_list(self, on: date | None = None) -> PriceList | None:
        """The prices in effect on a day: the newest, or the earliest known for a day before all."""
        if not self.prices:
            return None
        begun = [prices for prices in self.prices if on is None or prices.since <= on]
        return begun[-1] if begun else self.prices[0]

    def price(
        self,
        size: Size,
        seconds: Decimal,
        *,
        has_reference: bool,
        audio: bool | None = None,
        on: date | None = None,
    ) -> Decimal | None:
        """What one such clip costs in USD; None where that is not known.

        `audio` None is what the model does when nobody says: sound, where it can.
        """
        rate = self._rate(size, has_reference=has_reference, audio=audio, on=on)
        per_second = None if rate is None else self._per_second(rate, size)
        if rate is None or per_second is None:
            return None
        pictures = rate.usd_per_image if has_reference else None
        prices = self.price_list(on)
        least = prices.minimum_usd if prices is not None else None
        return max(per_second * seconds + (pictures or Decimal(0)), least or Decimal(0))

    def why_no_price(
        self,
        size: Size,
        *,
        has_reference: bool,
        audio: bool | None = None,
        on: date | None = None,
    ) -> str:
        """Why `price` is None for such a clip, in words; "" where it is not."""
        prices = self.price_list(on)
        if prices is not None and prices.unread:
            names = joined((f"`{name}`" for name in prices.unread), "and")
            return f"its {prices.book} prices it by {names}, which this version cannot read"
        rate = self._rate(size, has_reference=has_reference, audio=audio, on=on)
        if rate is None:
            return f"the {prices.book if prices is not None else 'catalog'} has no price for it"
        if self._per_second(rate, size) is not None:
            return ""
        tokens = _money(rate.usd_per_million_tokens)
        return (
            f"it costs ${tokens} per million video tokens (width x height x frames / 1024) "
            "and its frames per second are not known"
        )

    def _per_second(self, rate: Rate, size: Size) -> Decimal | None:
        if rate.usd is not None or rate.usd_per_million_tokens is None or self.fps is None:
            return rate.usd
        tokens = size.width * size.height * self.fps / 1024
        return tokens * rate.usd_per_million_tokens / 1_000_000

    def _rate(
        self, size: Size, *, has_reference: bool, audio: bool | None, on: date | None
    ) -> Rate | None:
        prices = self.price_list(on)
        sound = {"always": True, "never": False}.get(self.audio, audio is not False)
        rates = prices.rates if prices is not None and not prices.unread else ()
        fitting = (r for r in rates if r.holds(size, has_reference=has_reference, audio=sound))
        return next(fitting, None)


def _money(amount: Decimal | None) -> str:
    """At least two decimals, more where there are any."""
    if amount is None:
        return "?"
    digits = max(2, -int(amount.normalize().as_tuple().exponent))
    return f"{amount:.{digits}f}"
