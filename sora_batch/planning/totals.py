"""Sums over the steps of a plan: by model, and at list price for rehearsals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from sora_batch.planning.plan import ListPrice, ModelTotal, Step
from sora_batch.planning.price import Pricer
from sora_batch.records import ZERO


def model_totals(to_make: Iterable[Step], pricer: Pricer) -> tuple[ModelTotal, ...]:
    """What would be made on each model, in the order of the plan."""
    by_model: dict[str, list[Step]] = {}
    for step in to_make:
        by_model.setdefault(step.shot.model, []).append(step)
    return tuple(_model_total(steps, pricer) for steps in by_model.values())


def _model_total(steps: Sequence[Step], pricer: Pricer) -> ModelTotal:
    first = steps[0]
    unpriced = [step for step in steps if step.price_usd is None]
    priced = next((step for step in steps if step.price_usd is not None), None)
    return ModelTotal(
        model=first.shot.model,
        server_model=first.target.model,
        shots=len(steps),
        seconds=sum((step.shot.seconds for step in steps), ZERO),
        estimate_usd=sum((s.price_usd for s in steps if s.price_usd is not None), ZERO),
        unpriced=len(unpriced),
        price_source=pricer.price(priced.shot).source if priced is not None else "",
        why=pricer.price(unpriced[0].shot).why if unpriced else "",
    )


def list_prices(steps: Iterable[Step], pricer: Pricer) -> tuple[ListPrice, ...]:
    """What all the steps would cost where their models are sold, by model."""
    sums: dict[str, tuple[int, Decimal]] = {}
    for step in steps:
        if step.list_price_usd is not None:
            shots, usd = sums.get(step.shot.model, (0, ZERO))
            sums[step.shot.model] = (shots + 1, usd + step.list_price_usd)
    return tuple(_list_price(model, shots, usd, pricer) for model, (shots, usd) in sums.items())


def _list_price(model: str, shots: int, usd: Decimal, pricer: Pricer) -> ListPrice:
    entry = pricer.catalog.named(model)
    prices = entry.price_list(pricer.today) if entry is not None else None
    if entry is None or prices is None:
        raise ValueError(f"a list price of {model} that is in no catalog")
    service = pricer.catalog.service(entry.service)
    closed = service.closed if service is not None else None
    return ListPrice(
        model=model,
        service=service.title if service is not None else entry.service,
        shots=shots,
        usd=usd,
        since=prices.since,
        closed=closed or entry.shutdown,
    )
