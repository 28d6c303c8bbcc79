"""What a shot costs: the user's own price first, then the catalog's, else nobody knows.

A price that is not known is None, with the reason in words; it is never zero. Only the embedded
provider costs nothing, because nobody sends a bill for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sora_batch.catalog import Catalog, ModelEntry
from sora_batch.manifest.settings import ProviderSettings
from sora_batch.records import ZERO
from sora_batch.shots import Shot, Size, Target

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one clip: `usd`, or None with `why` it is not known; `source` is where the
    price is from, in words."""

    usd: Decimal | None
    source: str
    why: str = ""


class Pricer:
    """Prices shots for one provider; remembers what it has worked out."""

    def __init__(
        self, settings: ProviderSettings, catalog: Catalog, *, base_url: str, today: date
    ) -> None:
        self.settings = settings
        self.catalog = catalog
        self.base_url = base_url
        self.today = today
        self._targets: dict[str, Target] = {}
        self._prices: dict[tuple[str, Size, Decimal, bool, bool | None], Price] = {}
        self._list: dict[tuple[str, Size, Decimal, bool, bool | None], Decimal | None] = {}

    def entry(self, model: str) -> ModelEntry | None:
        """The catalog's entry for the manifest's name of a model, at this provider."""
        kind, mapped = self.settings.kind, self.settings.models.get(model, model)
        found = self.catalog.find(kind, mapped) or self.catalog.find(kind, model)
        service = self.catalog.service(kind)
        if found is not None or service is None or not service.deployment_names:
            return found
        # A deployment has any name, and what it deploys is what the service has.
        models = self.catalog.models(kind)
        return models[0] if len(models) == 1 else None

    def target(self, model: str) -> Target:
        """Where shots of that model are rendered, under the server's own name for it."""
        if model not in self._targets:
            mapped = self.settings.models.get(model)
            entry = self.catalog.find(self.settings.kind, model)
            name = mapped or (entry.server_name(model) if entry is not None else model)
            self._targets[model] = Target(self.settings.kind, self.base_url, name)
        return self._targets[model]

    def price(self, shot: Shot) -> Price:
        """What making the shot costs."""
        key = _key(shot)
        if key not in self._prices:
            self._prices[key] = self._work_out(*key)
        return self._prices[key]

    def list_price(self, shot: Shot) -> Decimal | None:
        """What the shot costs at the catalog's price of the model it names, wherever that is
        sold; None where no such price is known."""
        key = _key(shot)
        if key not in self._list:
            model, size, seconds, has_reference, audio = key
            entry = self.catalog.named(model)
            if entry is None:
                self._list[key] = None
            else:
                self._list[key] = entry.price(
                    size, seconds, has_reference=has_reference, audio=audio, on=self.today
                )
        return self._list[key]

    def _work_out(
        self, model: str, size: Size, seconds: Decimal, has_reference: bool, audio: bool | None
    ) -> Price:
        own = self.settings.prices_per_second.get(model, self.settings.price_per_second)
        if own is not None:
            return Price(own * seconds, "your own price")
        if self.settings.kind == LOCAL:
            return Price(ZERO, "nothing is billed")
        entry = self.entry(model)
        prices = entry.price_list(self.today) if entry is not None else None
        if entry is None or prices is None:
            return Price(None, "", "the catalog has no price for it; give `price_per_second`")
        usd = entry.price(size, seconds, has_reference=has_reference, audio=audio, on=self.today)
        source = f"{prices.book}, price of {prices.since}"
        if usd is not None:
            return Price(usd, source)
        why = entry.why_no_price(size, has_reference=has_reference, audio=audio, on=self.today)
        return Price(None, source, why)


def _key(shot: Shot) -> tuple[str, Size, Decimal, bool, bool | None]:
    audio = shot.options.get("generate_audio") if shot.options else None
    return (
        shot.model,
        shot.size,
        shot.seconds,
        shot.reference is not None,
        audio if isinstance(audio, bool) else None,
    )
