"""The audit of a client."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from sora_batch.simulator import Latency
from tests.simulator.serving import accepted, serve


def test_the_bill_charges_what_was_rendered_and_nothing_else(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant", price_per_second_usd=Decimal("0.10")) as client:
            first = await client.order(seconds="4")
            body = {"prompt": "x", "seconds": "1.5", "video": {"id": first["id"]}}
            accepted(await client.post("/videos/extensions", body))
            await client.clip(first["id"])
            accepted(await client.http.delete(f"/videos/{first['id']}"))
            bill = client.simulator.bill()
            # An extension's source was paid for already.
            assert [line.price_usd for line in bill.lines] == [Decimal("0.40"), Decimal("0.15")]
            assert bill.owed_usd == Decimal("0.55")
            assert bill.rendered_seconds == Decimal("9.5")
            assert (bill.accepted, bill.rendered, bill.served) == (2, 2, 1)
            assert [line.deleted for line in bill.lines] == [True, False]

    asyncio.run(story())


def test_a_job_that_was_not_rendered_costs_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(
            tmp_path, speed="timed", latency=Latency.fixed(1000), price_per_second_usd=Decimal(1)
        ) as client:
            video_id = (await client.order())["id"]
            accepted(await client.http.delete(f"/videos/{video_id}"))
            bill = client.simulator.bill()
            assert (bill.accepted, bill.rendered, bill.owed_usd) == (1, 0, Decimal(0))

    asyncio.run(story())


def test_an_attempt_that_was_sent_twice_is_seen(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            for key, shot in (("k1", "hero"), ("k2", "hero"), ("k1", "hero"), ("", "")):
                headers = {"Idempotency-Key": key, "X-Sora-Batch-Shot": shot}
                await client.order(headers=headers)
            bill = client.simulator.bill()
            assert bill.repeated_keys == {"k1": 2}
            assert [line.key for line in bill.by_label("hero")] == ["k1", "k2", "k1"]

    asyncio.run(story())
