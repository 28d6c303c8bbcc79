"""Reads `catalog.toml` and finds services and models in it.

The file is our own and its content is proved by tests, so it is read without pydantic: a plan
should not wait for a schema to be compiled. A key nobody knows still raises.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sora_batch.catalog.entries import ModelEntry, PriceList, Rate, ServiceEntry
from sora_batch.shots import Size

_FILE = Path(__file__).with_name("catalog.toml")


class Catalog:
    """Every service and model that is known, in written order.

    `prices_date` is the day on which the prices were last gone through.
    """

    def __init__(
        self,
        services: Iterable[ServiceEntry],
        models: Iterable[ModelEntry],
        *,
        prices_date: date,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        self.prices_date = prices_date
        self.sources: Mapping[str, str] = sources or {}
        self._services = {service.kind: service for service in services}
        self._models = tuple(models)
        self._by_name = _names(self._models)
        self._anywhere: dict[str, ModelEntry] = {}
        for (_, name), entry in self._by_name.items():
            self._anywhere.setdefault(name, entry)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of provider something is known of, in written order."""
        return tuple(self._services)

    def models(self, kind: str | None = None) -> tuple[ModelEntry, ...]:
        """The models of one service, or of all."""
        return tuple(m for m in self._models if kind is None or m.service == kind)

    def find(self, kind: str, model: str) -> ModelEntry | None:
        """A service's model by its name, a snapshot's name, or the part after the maker's."""
        return self._by_name.get((kind, model))

    def named(self, model: str) -> ModelEntry | None:
        """The model of that name in any service: its limits and list price, for rehearsals."""
        return self._anywhere.get(model)

    def service(self, kind: str) -> ServiceEntry | None:
        """What is known of a service as a whole."""
        return self._services.get(kind)

    def services(self) -> tuple[ServiceEntry, ...]:
        """All of them."""
        return tuple(self._services.values())

    def source_text(self, key: str) -> str:
        """The page or document behind a source's short name."""
        return self.sources.get(key, key)


@functools.cache
def load_catalog() -> Catalog:
    """The catalog this version ships."""
    return parse_catalog(_FILE.read_text(encoding="utf-8"))


def parse_catalog(text: str) -> Catalog:
    """A catalog from the text of a `catalog.toml`.

    Raises ValueError or TypeError where it is not one.
    """
    data = tomllib.loads(text, parse_float=Decimal)
    return Catalog(
        [ServiceEntry(**row) for row in data["services"]],
        [_model(row) for row in data["models"]],
        prices_date=data["checked"],
        sources=data.get("sources", {}),
    )


def _model(row: Mapping[str, Any]) -> ModelEntry:
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row.items()
    }
    fields["sizes"] = tuple(_size(text) for text in row.get("sizes", ()))
    fields["seconds"] = tuple(Decimal(seconds) for seconds in row.get("seconds", ()))
    for number in ("seconds_from", "seconds_to", "fps"):
        if number in row:
            fields[number] = Decimal(row[number])
    fields["prices"] = tuple(_price_list(prices) for prices in row.get("prices", ()))
    return ModelEntry(**fields)


def _price_list(row: Mapping[str, Any]) -> PriceList:
    return PriceList(**{**row, "rates": tuple(_rate(rate) for rate in row["rates"])})


def _rate(row: Mapping[str, Any]) -> Rate:
    amounts = {name: Decimal(row[name]) for name in row if name.startswith("usd")}
    return Rate(**{**row, **amounts, "resolutions": tuple(row.get("resolutions", ()))})


def _size(text: str) -> Size:
    width, height = text.split("x")
    return Size(int(width), int(height))


def _names(models: Iterable[ModelEntry]) -> dict[tuple[str, str], ModelEntry]:
    """Every name a model answers to, by service; full names before the parts after the maker's."""
    entries = list(models)
    names = {(m.service, name): m for m in entries for name in (m.name, *m.snapshots)}
    for entry in entries:
        names.setdefault((entry.service, entry.name.rpartition("/")[2]), entry)
    return names
