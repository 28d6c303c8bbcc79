from __future__ import annotations

import asyncio
import random
import tempfile
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sora_batch.errors import SoraBatchError
from sora_batch.records import Attempt, Ledger, Money
from sora_batch.store import read_store
from sora_batch.store.ledger import amount_of, sum_up
from tests.store.making import done, failed, held, make_attempt, opened, rendered, submitted, whole

PRICES = st.decimals(0, 10**12, allow_nan=False, places=9)


@given(st.lists(st.tuples(st.sampled_from(Money), st.decimals(0, 10**40, places=30))))
def test_sums_are_exact(entries: list[tuple[Money, Decimal]]) -> None:
    ledger = sum_up(entries)
    for money in Money:
        exact = sum((Fraction(amount) for kind, amount in entries if kind is money), Fraction())
        assert Fraction(getattr(ledger, money.value)) == exact


def test_a_price_that_is_not_known_counts_nothing() -> None:
    assert amount_of(None, None) == 0
    assert amount_of(Decimal(2), None) == 2
    assert amount_of(Decimal(2), Decimal(0)) == 0


def life(name: str, price: Decimal, ending: int) -> list[Attempt]:
    """What an attempt goes through, in order; the same state twice is allowed."""
    first = make_attempt(name, price_usd=price)
    return [
        [first, submitted(first), rendered(first), done(first, spent=None)],
        [first, held(first), held(submitted(first)), done(first, spent="0.123456789")],
        [first, failed(first, Money.RELEASED)],
        [first, submitted(first), failed(submitted(first), Money.UNCERTAIN)],
        [first, first, submitted(first), submitted(first)],
    ][ending]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(PRICES, st.integers(0, 4)), max_size=8), st.randoms())
def test_any_interleaving_keeps_the_ledger_and_survives_reopening(
    kinds: list[tuple[Decimal, int]], chance: random.Random
) -> None:
    lives = [life(f"a{n}", price, ending) for n, (price, ending) in enumerate(kinds)]

    async def live(store_record: object, steps: list[Attempt]) -> None:
        for step in steps:
            if chance.random() < 0.5:
                await asyncio.sleep(0)
            await store_record(step)  # type: ignore[operator]

    async def scenario(folder: Path) -> None:
        async with opened(folder) as store:
            await asyncio.gather(*(live(store.record, steps) for steps in lives))
            late = [store.record(replace(steps[0], note="too late")) for steps in lives[:1]]
            refused = await asyncio.gather(*late, return_exceptions=True)
            for steps, answer in zip(lives, refused, strict=False):
                still_first = steps[-1].state is steps[0].state
                assert still_first == (not isinstance(answer, SoraBatchError))
            before = store.attempts(), store.ledger(), store.history(intact=whole)
        assert before[1] == before[2].ledger == of(before[0])
        reader = read_store(folder)
        assert reader is not None
        assert (reader.attempts(), reader.ledger()) == before[:2]
        reader.close()
        async with opened(folder) as store:
            assert (store.attempts(), store.ledger(), store.history(intact=whole)) == before

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(scenario(Path(folder)))


def of(attempts: list[Attempt]) -> Ledger:
    return sum_up((a.money, amount_of(a.price_usd, a.spent_usd)) for a in attempts)
