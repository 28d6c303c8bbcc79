"""The figures of a gallery: where the shots stand, where the money went, how long models took."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from sora_batch.records import ZERO, Attempt, Ledger
from sora_batch.shots import ShotId
from sora_batch.views.gallery.values import Part, Times
from sora_batch.views.status import Standing
from sora_batch.views.text import counted, dollars, span


def standings(places: Sequence[Standing]) -> tuple[Part, ...]:
    """How many shots stand where, as parts of one bar."""
    counts = Counter(places)
    amounts = [(state_class(one), str(one), str(counts[one]), counts[one]) for one in Standing]
    return _bar(amounts, len(places))


def money(ledger: Ledger, budget: Decimal | None) -> tuple[Part, ...]:
    """The ledger as parts of one bar that is as long as the budget, or as what is committed."""
    amounts = [
        (kind, kind, dollars(usd), usd)
        for kind, usd in (
            ("spent", ledger.spent),
            ("reserved", ledger.reserved),
            ("held", ledger.held),
            ("uncertain", ledger.uncertain),
        )
    ]
    return _bar(amounts, max(ledger.committed, budget or ZERO))


def money_words(ledger: Ledger, budget: Decimal | None) -> str:
    """What stands beside what was spent: the budget, and what is left of it."""
    if budget is None:
        return "spent, no budget"
    left = budget - ledger.committed
    return f"spent of {dollars(budget)}, {dollars(left)} left"


def times(attempts: Mapping[ShotId, Sequence[Attempt]]) -> tuple[tuple[Times, ...], str]:
    """How long every clip rendered, by model, and the longest of all in words."""
    by_model: defaultdict[str, list[float]] = defaultdict(list)
    for attempt in (one for some in attempts.values() for one in some):
        if (took_s := render_s(attempt)) is not None:
            by_model[attempt.model].append(took_s)
    longest = max((max(some) for some in by_model.values()), default=0.0)
    rows = tuple(_times(model, some, longest) for model, some in sorted(by_model.items()))
    return rows, span(longest) if rows else ""


def render_s(attempt: Attempt) -> float | None:
    """From submission to rendered; None where it never was."""
    if attempt.submitted_at is None or attempt.rendered_at is None:
        return None
    return (attempt.rendered_at - attempt.submitted_at).total_seconds()


def state_class(place: Standing) -> str:
    """The standing as a class and as a value of filters."""
    return place.replace(" ", "-")


def _times(model: str, seconds: Sequence[float], longest: float) -> Times:
    median = statistics.median(seconds)
    words = f"{counted(len(seconds), 'render')}, median {span(median)}"
    dots = tuple(sorted({_percent(one, longest) for one in seconds}))
    return Times(model, words, dots, _percent(median, longest))


def _bar(
    amounts: Iterable[tuple[str, str, str, Decimal | int]], whole: Decimal | int
) -> tuple[Part, ...]:
    parts, start = [], 0.0
    for kind, name, value, amount in amounts:
        if amount:
            width = _percent(float(amount), float(whole))
            parts.append(Part(kind, name, value, round(start, 2), width))
            start += width
    return tuple(parts)


def _percent(amount: float, whole: float) -> float:
    return round(100 * amount / whole, 2) if whole > 0 else 0.0
