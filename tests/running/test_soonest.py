"""Of those that wait, the most urgent goes first; nobody is let in twice or forgotten."""

from __future__ import annotations

import asyncio

from sora_batch.running.soonest import Soonest


def test_the_soonest_deadline_goes_first() -> None:
    async def use() -> list[str]:
        gate, went = Soonest(1), []

        async def go(name: str, deadline: float) -> None:
            async with gate.place(deadline):
                went.append(name)
                await asyncio.sleep(0)

        async with gate.place(0.0):
            waiting = [
                asyncio.ensure_future(go(name, deadline))
                for name, deadline in [("never", float("inf")), ("late", 9.0), ("soon", 3.0)]
            ]
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)
        return went

    assert asyncio.run(use()) == ["soon", "late", "never"]


def test_a_place_of_one_who_is_gone_is_given_on() -> None:
    async def use() -> int:
        gate, inside, most = Soonest(2), 0, 0

        async def go() -> None:
            nonlocal inside, most
            async with gate.place(1.0):
                inside += 1
                most = max(most, inside)
                try:
                    await asyncio.sleep(0)
                finally:
                    inside -= 1

        going = [asyncio.ensure_future(go()) for _ in range(12)]
        await asyncio.sleep(0)
        for one in going[::3]:
            one.cancel()
        await asyncio.gather(*going, return_exceptions=True)
        await asyncio.wait_for(go(), 1.0)
        return most

    assert asyncio.run(use()) == 2
