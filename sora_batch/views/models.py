"""The catalog's models: sizes, lengths, prices, since when the prices are known and from where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby

from sora_batch.catalog import Catalog, ModelEntry, PriceList, load_catalog
from sora_batch.shots import Json
from sora_batch.views.facts import as_json
from sora_batch.views.paint import PLAIN, Paint
from sora_batch.views.text import dollars, table, wrapped

_HEADINGS = ("MODEL", "SIZES", "SECONDS", "A SECOND")
_SURE: Mapping[str, str] = {
    "P": "from the maker's own pages",
    "V": "seen on the server",
    "S": "second hand",
}
_ANY_MODEL = (
    "takes any model, and keeps to the sizes and lengths of those that `sora-batch models` lists"
)


def models_text(
    models: Sequence[ModelEntry], *, today: date, width: int | None = None, paint: Paint = PLAIN
) -> str:
    """One table a service: each model on a line, and under it where the prices are from."""
    blocks = [
        _service_text(kind, list(entries), today, width, paint)
        for kind, entries in groupby(models, key=lambda model: model.service)
    ]
    return "\n\n".join(blocks)


def service_text(kind: str, models: Sequence[ModelEntry], *, today: date, width: int) -> str:
    """One service with every price of every model in full."""
    catalog = load_catalog()
    lines = [_title(kind, catalog)]
    service = catalog.service(kind)
    remarks = (service.note, service.instead) if service is not None else (_ANY_MODEL,)
    for remark in remarks:
        lines += wrapped(remark, width, indent="  ") if remark else []
    for model in models:
        lines += ["", *_model_lines(model, catalog, today, width)]
    return "\n".join(lines)


def models_json(models: Iterable[ModelEntry], *, today: date) -> dict[str, Json]:
    """`prices_checked` and `models`: service, name, sizes, seconds, audio, gone, prices, source."""
    catalog = load_catalog()
    return {
        "prices_checked": catalog.prices_date.isoformat(),
        "models": [_model_json(model, catalog, today) for model in models],
    }


def _model_json(model: ModelEntry, catalog: Catalog, today: date) -> Json:
    prices = model.price_list(today)
    return {
        "service": model.service,
        "name": model.name,
        "snapshots": list(model.snapshots),
        "sizes": as_json(model.sizes or model.resolutions),
        "ratios": list(model.ratios),
        "seconds": as_json(model.seconds),
        "seconds_from": as_json(model.seconds_from),
        "seconds_to": as_json(model.seconds_to),
        "audio": model.audio,
        "frames": as_json(model.frames),
        "seed": model.seed,
        "shutdown": as_json(model.shutdown),
        "gone": model.gone(today),
        "source": catalog.source_text(model.source),
        "note": model.note,
        "prices": None if prices is None else _prices_json(prices, catalog),
    }


def _prices_json(prices: PriceList, catalog: Catalog) -> Json:
    rates: list[Json] = [as_json(rate) for rate in prices.rates]
    return {
        "since": prices.since.isoformat(),
        "source": catalog.source_text(prices.source),
        "sure": _SURE[prices.sure],
        "rates": rates,
        "minimum_usd": as_json(prices.minimum_usd),
        "unread": list(prices.unread),
    }


def _service_text(
    kind: str, models: Sequence[ModelEntry], today: date, width: int | None, paint: Paint
) -> str:
    catalog = load_catalog()
    rows = [_HEADINGS, *(_row(model, today) for model in models)]
    title, head, *lines = [_title(kind, catalog), *table(rows, width=width, indent="  ")]
    origins = dict.fromkeys(
        _origin(prices, catalog) for model in models if (prices := model.price_list(today))
    )
    notes = [line for origin in origins for line in wrapped(origin, width or 100, indent="  ")]
    return "\n".join([paint.strong(title), paint.faint(head), *lines, *map(paint.faint, notes)])


def _row(model: ModelEntry, today: date) -> tuple[str, ...]:
    price = f"gone {model.shutdown}" if model.gone(today) else price_range(model, today)
    sizes = [str(size) for size in sorted(model.sizes)] or model.resolutions
    lengths = [str(seconds) for seconds in model.seconds]
    seconds = _from_to(lengths) if lengths else model.seconds_text
    return (model.name, _from_to(sizes) or "any", seconds or "?", price)


def price_range(model: ModelEntry, today: date) -> str:
    """`$0.20 to $0.60`, the least and the most that a second can cost."""
    prices = model.price_list(today)
    if prices is None:
        return "not known"
    if prices.unread:
        return "not known"
    amounts = sorted({rate.usd for rate in prices.rates if rate.usd is not None})
    return _from_to([dollars(amount) for amount in amounts]) or "by tokens"


def _from_to(words: Sequence[str]) -> str:
    """`480p to 4K`: the first and the last, since the table has no room for all."""
    return f"{words[0]} to {words[-1]}" if len(words) > 1 else "".join(words)


def _model_lines(model: ModelEntry, catalog: Catalog, today: date, width: int) -> list[str]:
    gone = f" (gone since {model.shutdown})" if model.gone(today) else ""
    facts = [
        ("sizes", model.sizes_text or "not known"),
        ("seconds", model.seconds_text or "not known"),
        ("sound", model.audio),
    ]
    prices = model.price_list(today)
    rates = _rate_texts(prices)
    facts += [("price" if place == 0 else "", text) for place, text in enumerate(rates)]
    if prices is not None:
        facts.append(("", _origin(prices, catalog)))
    facts.append(("note", model.note))
    lines = [f"  {model.name}{gone}"]
    for name, text in facts:
        if text:
            lines += wrapped(text, width, indent=f"    {name:<8}")
    return lines


def _rate_texts(prices: PriceList | None) -> list[str]:
    """What is asked, a line each; `not known` where it is not."""
    if prices is None:
        return ["not known"]
    if prices.unread:
        return [f"not known: listed as {', '.join(prices.unread)}, which cannot be read"]
    least = prices.minimum_usd
    texts = [rate.text for rate in prices.rates]
    return [*texts, f"at least {dollars(least)} a clip"] if least is not None else texts


def _title(kind: str, catalog: Catalog) -> str:
    service = catalog.service(kind)
    if service is None:
        return kind
    closed = f", closed since {service.closed}" if service.closed else ""
    return f"{kind}: {service.title} {service.base_url}".rstrip() + closed


def _origin(prices: PriceList, catalog: Catalog) -> str:
    source = catalog.source_text(prices.source)
    return f"prices of {prices.since}, {_SURE[prices.sure]}: {source}"
