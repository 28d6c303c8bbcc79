"""The sentences of a plan that are about no single shot: prices, closed services, what is left
alone, what is fetched though nobody asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sora_batch.planning.capabilities import Capabilities
from sora_batch.planning.plan import Action, Plan
from sora_batch.planning.price import LOCAL, Pricer
from sora_batch.problems import did_you_mean, joined
from sora_batch.records import AttemptState

_FRESH = timedelta(days=60)


def notices_of(plan: Plan, pricer: Pricer, capabilities: Capabilities) -> tuple[str, ...]:
    """Everything worth saying about a plan, each in a sentence."""
    return (
        *_along(plan),
        *_money(plan),
        *_price_doubts(plan, pricer),
        *_service(pricer),
        *_models(plan, pricer, capabilities),
        *_cuts(plan),
        *_salvage(plan),
    )


def _along(plan: Plan) -> list[str]:
    along = [s for s in plan.steps if s.taken_along and s.action is not Action.REUSE]
    if not along:
        return []
    names = _names([step.shot.id for step in along])
    return [f"not selected, but needed and therefore taken along: {names}"]


def _money(plan: Plan) -> list[str]:
    said = []
    left = plan.budget_left_usd
    if plan.over_budget_usd and left is not None:
        said.append(
            f"over budget: this needs ${plan.estimate_usd:.2f} and ${max(left, 0):.2f} is left of "
            f"${plan.manifest.budget:.2f}; nothing will be submitted"
        )
    if plan.unpriced and left is not None:
        said.append(
            f"the budget cannot be held for {_count(len(plan.unpriced), 'shot')} without a known "
            "price; give `price_per_second`"
        )
    return said


def _price_doubts(plan: Plan, pricer: Pricer) -> list[str]:
    unknown: dict[str, list[str]] = {}
    for total in plan.totals:
        if total.unpriced:
            unknown.setdefault(total.why, []).append(total.model)
    said = [f"no price known for {_names(models)}: {why}" for why, models in unknown.items()]
    service = pricer.catalog.service(pricer.settings.kind)
    elsewhere = service and service.base_url and service.base_url != pricer.base_url
    books = {total.price_source.partition(",")[0] for total in plan.totals}
    from_catalog = "catalog" in books
    age = pricer.today - pricer.catalog.prices_date
    if from_catalog and age > _FRESH:
        said.append(
            f"the catalog's prices were last gone through {age.days} days ago, on "
            f"{pricer.catalog.prices_date}; compare them with the provider's"
        )
    if service is not None and service.listing and from_catalog and not elsewhere:
        said.append(
            f"prices as of the catalog's dates; `sora-batch models {service.kind} --refresh` "
            "fetches today's"
        )
    if service is not None and elsewhere and books & {"catalog", "listing"}:
        said.append(
            f"the prices are those of {service.title}; the server at {pricer.base_url} may ask "
            "others: give `price_per_second`"
        )
    return said


def _service(pricer: Pricer) -> list[str]:
    service = pricer.catalog.service(pricer.settings.kind)
    if service is None or service.retired is None or service.retired > pricer.today:
        return []
    return [
        f"{service.title}: the last published retirement date, {service.retired}, has passed; "
        f"it may refuse everything. If it does, {service.instead}"
    ]


def _models(plan: Plan, pricer: Pricer, capabilities: Capabilities) -> list[str]:
    """Models the service may not have: not in a catalog that is not complete, or not mapped."""
    models = list(dict.fromkeys(step.shot.model for step in plan.steps))
    entries = {model: pricer.entry(model) for model in models}
    said = [
        f"{model}: {entry.note}"
        for model, entry in entries.items()
        if entry is not None and "not established" in entry.note
    ]
    strange = [model for model in models if entries[model] is None]
    if strange and not capabilities.any_model:
        said += _strange_models(strange, pricer)
    elif pricer.settings.kind == LOCAL:
        said += _misspelt_models(strange, pricer)
    return said


def _misspelt_models(models: list[str], pricer: Pricer) -> list[str]:
    """Names that a rehearsal renders like any other, and that no service will know."""
    sold = [entry.name for entry in pricer.catalog.models()]
    unknown = [model for model in models if pricer.catalog.named(model) is None]
    return [
        f"no service is known to sell `{model}`; {closest}"
        for model in unknown
        if (closest := did_you_mean(model, sold))
    ]


def _strange_models(models: list[str], pricer: Pricer) -> list[str]:
    settings = pricer.settings
    service = pricer.catalog.service(settings.kind)
    if service is not None and service.slugs:
        return [
            f"{_names(models)}: not in the catalog of {pricer.catalog.prices_date}, so sizes, "
            "lengths and prices are not checked"
        ]
    sold = [m for m in models if pricer.catalog.named(m) and m not in settings.models]
    if not sold or settings.kind == LOCAL:
        return []
    return [
        f"{settings.name} renders what it serves; if that is not called {joined(sold)}, say so "
        f"under `providers`: models: {{{sold[0]}: NAME}}"
    ]


def _cuts(plan: Plan) -> list[str]:
    """How to get at the cuts; a run leaves them alone."""
    file, cuts = plan.manifest.file, plan.manifest.cuts
    if not cuts:
        return []
    if len(cuts) == 1:
        return [f"cut {cuts[0].name}: assemble it with `sora-batch cut {file}`"]
    names = _names([cut.name for cut in cuts])
    return [f"cuts {names}: assemble them with `sora-batch cut {file}`, or one by its name"]


def _salvage(plan: Plan) -> list[str]:
    there = {AttemptState.RENDERED, AttemptState.SUBMITTED}
    paid = [attempt for attempt in plan.salvage if attempt.state in there]
    unknown = len(plan.salvage) - len(paid)
    said = []
    if paid:
        names = _names(list(dict.fromkeys(attempt.shot_id for attempt in paid)))
        said.append(
            f"{_count(len(paid), 'job')} of earlier inputs still on the server ({names}): paid "
            "for already, so the clips will be fetched"
        )
    if unknown:
        said.append(
            f"{_count(unknown, 'earlier submission')} of inputs that changed since may have been "
            "paid for; `sora-batch resolve` shows what to do"
        )
    return said


def _names(ids: Sequence[str]) -> str:
    if len(ids) <= 5:
        return joined(ids, "and")
    return f"{', '.join(ids[:4])} and {len(ids) - 4:,} more"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
