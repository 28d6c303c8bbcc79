"""A shot's turn: from its order, or a job an earlier run left, to the end of an attempt."""

from __future__ import annotations

import asyncio

from sora_batch.events import ShotSubmitted
from sora_batch.planning.plan import Step
from sora_batch.records import Attempt
from sora_batch.running.attempt import order, wait_for_render
from sora_batch.running.collect import collect
from sora_batch.running.outcome import Outcome
from sora_batch.running.tools import Tools
from sora_batch.shots import JobId

_COLLECTING = 16


class Place:
    """A place among the jobs that render at once; given back once, however the turn ends."""

    def __init__(self, tools: Tools, model: str) -> None:
        self._tools = tools
        self._model = model
        self._taken = True

    def leave(self) -> None:
        """Gives the place back."""
        if self._taken:
            self._taken = False
            self._tools.limits.give_back(self._model)


class Turns:
    """Takes shots through their turns; downloads are bounded apart from the renders."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._collecting = asyncio.Semaphore(_COLLECTING)

    async def make(
        self, step: Step, number: int, *, picture_sha256: str | None, source_job: JobId | None
    ) -> Outcome:
        """Orders the clip and brings it home. Its place was taken by whoever admitted it."""
        place = Place(self._tools, step.shot.model)
        try:
            ordered = await order(
                self._tools, step, number, picture_sha256=picture_sha256, source_job=source_job
            )
            return await self._follow(ordered, step, place)
        finally:
            place.leave()

    async def resume(self, attempt: Attempt, step: Step | None) -> Outcome:
        """Goes on with a job that renders already and has its place. Without a step, nobody asks
        for its clip any more; it is paid for, so it is fetched all the same."""
        place = Place(self._tools, step.shot.model if step is not None else attempt.model)
        try:
            if attempt.job_id is not None:
                submitted = ShotSubmitted(
                    attempt.shot_id, attempt.number, attempt.job_id, attempt.price_usd, resumed=True
                )
                self._tools.tell(submitted)
            return await self._follow(attempt, step, place)
        finally:
            place.leave()

    async def _follow(self, outcome: Outcome | Attempt, step: Step | None, place: Place) -> Outcome:
        if isinstance(outcome, Attempt):
            expected_s = step.render_s if step is not None else None
            outcome = await wait_for_render(self._tools, outcome, expected_s=expected_s)
        if isinstance(outcome, Attempt):
            place.leave()
            async with self._collecting:
                outcome = await collect(self._tools, outcome, step)
        return outcome
