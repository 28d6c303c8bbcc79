"""Adds up what attempts cost, exactly.

What counts for an attempt is what it came to, where that is known, else what was reserved for it:
a price that may have been paid is never counted as nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from decimal import Context, Decimal, localcontext

from sora_batch.records import ZERO, Attempt, Ledger, Money

# The default context rounds sums to 28 digits; this one is wide enough to round nothing.
_EXACT = Context(prec=2000)


def amount_of(price_usd: Decimal | None, spent_usd: Decimal | None) -> Decimal:
    """What an attempt counts for in its column of the ledger."""
    if spent_usd is not None:
        return spent_usd
    return ZERO if price_usd is None else price_usd


def sum_up(entries: Iterable[tuple[Money, Decimal]]) -> Ledger:
    """The five sums."""
    sums = dict.fromkeys((field.name for field in fields(Ledger)), ZERO)
    with localcontext(_EXACT):
        for money, amount in entries:
            sums[money.value] += amount
    return Ledger(**sums)


def moved(ledger: Ledger, old: Attempt | None, new: Attempt) -> Ledger:
    """The sums after an attempt has changed."""
    with localcontext(_EXACT):
        if old is not None:
            before = getattr(ledger, old.money.value) - amount_of(old.price_usd, old.spent_usd)
            ledger = replace(ledger, **{old.money.value: before})
        after = getattr(ledger, new.money.value) + amount_of(new.price_usd, new.spent_usd)
        return replace(ledger, **{new.money.value: after})
