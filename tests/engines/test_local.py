from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping

from sora_batch.engines.local import LocalEngine
from sora_batch.shots import Json


class Gauge:
    """An operation that knows how many of it run at once; all wait until `width` do."""

    def __init__(self, width: int) -> None:
        self.lock, self.now, self.most = threading.Lock(), 0, 0
        self.together = threading.Barrier(width)

    def __call__(self, spec: Mapping[str, Json]) -> Mapping[str, Json]:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.together.wait(timeout=20)
        with self.lock:
            self.now -= 1
        return {}


def test_as_many_run_at_once_as_there_are_workers_and_no_more() -> None:
    gauge = Gauge(3)

    async def work() -> None:
        engine = LocalEngine(3, operations={"gauge": gauge})
        await asyncio.gather(*(engine.run("gauge", {}, key=str(n)) for n in range(12)))
        await engine.close()

    asyncio.run(work())
    assert gauge.most == 3


def test_who_is_cancelled_leaves_the_others_alone() -> None:
    gauge = Gauge(2)

    async def work() -> Mapping[str, Json]:
        engine = LocalEngine(2, operations={"gauge": gauge})
        first, second = (asyncio.ensure_future(engine.run("gauge", {}, key=k)) for k in "ab")
        await asyncio.sleep(0)
        first.cancel()
        answer = await second
        await engine.close()
        return answer

    assert asyncio.run(work()) == {}
