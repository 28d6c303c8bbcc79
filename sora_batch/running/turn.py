"""A shot's turn: from its order, or a job an earlier run left, to the end of an attempt."""

from __future__ import annotations

import math

from sora_batch.events import ShotSubmitted
from sora_batch.planning.plan import Step
from sora_batch.records import Attempt
from sora_batch.running.attempt import order, wait_for_render
from sora_batch.running.collect import collect
from sora_batch.running.outcome import Ending, Outcome
from sora_batch.running.polling import Pace
from sora_batch.running.reconcile import Reconciler, is_unknown
from sora_batch.running.soonest import Soonest
from sora_batch.running.tools import Tools
from sora_batch.running.watch import Watch
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

    def leave_late(self, attempt: Attempt) -> None:
        """Gives it back when a job that may be rendering unseen must be over."""
        if self._taken:
            self._taken = False
            self._tools.limits.give_back_in(self._model, may_render_s(self._tools, attempt))


def may_render_s(tools: Tools, attempt: Attempt) -> float:
    """For how long a job that nobody can ask about may still be rendering; 0 where it cannot."""
    begun = attempt.submitted_at or attempt.created_at
    return (begun + tools.manifest.limits.render_timeout - tools.clock.now()).total_seconds()


class Turns:
    """Takes shots through their turns; downloads are bounded apart from the renders."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._collecting = Soonest(_COLLECTING)
        self._reconciler = Reconciler(tools)
        self._watch = Watch(tools)
        self._pace = Pace()

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

    async def resume(self, attempt: Attempt, step: Step | None, *, model: str) -> Outcome:
        """Goes on with a job that renders already and has its place, by that name of its model.
        Without a step, nobody asks for its clip any more; it is paid for, so it is fetched all the
        same."""
        place = Place(self._tools, model)
        try:
            self._tell_resumed(attempt)
            return await self._follow(attempt, step, place)
        finally:
            place.leave()

    def _expires(self, attempt: Attempt) -> float:
        """When its clip goes; never, where the server does not say."""
        expires = self._tools.expiries.get(attempt.job_id or JobId(""))
        return math.inf if expires is None else expires.timestamp()

    def _tell_resumed(self, attempt: Attempt) -> None:
        if attempt.job_id is not None:
            number, price = attempt.number, attempt.price_usd
            self._tools.tell(
                ShotSubmitted(attempt.shot_id, number, attempt.job_id, price, resumed=True)
            )

    async def _follow(self, outcome: Outcome | Attempt, step: Step | None, place: Place) -> Outcome:
        lost = outcome if isinstance(outcome, Attempt) else outcome.attempt
        if lost is not None and is_unknown(lost):
            outcome = await self._reconciler.settle(lost)
            if isinstance(outcome, Outcome) and outcome.ending is Ending.HELD:
                place.leave_late(lost)
            elif isinstance(outcome, Attempt):
                self._tell_resumed(outcome)
        if isinstance(outcome, Attempt):
            outcome = await self._wait(outcome, step)
        if isinstance(outcome, Attempt):
            place.leave()
            async with self._collecting.place(self._expires(outcome)):
                outcome = await collect(self._tools, outcome, step)
        return outcome

    async def _wait(self, attempt: Attempt, step: Step | None) -> Outcome | Attempt:
        usual_s = step.render_s if step is not None else None
        key = (attempt.model, str(attempt.inputs.get("seconds")))
        waited = await wait_for_render(
            self._tools,
            attempt,
            watch=self._watch,
            took_s=lambda: self._pace.took_s(key, usual_s=usual_s),
        )
        unsure_s = self._watch.forget(attempt.job_id) if attempt.job_id is not None else None
        if isinstance(waited, Attempt) and waited.rendered_at and waited.submitted_at:
            seen_s = (waited.rendered_at - waited.submitted_at).total_seconds()
            # It was over somewhere between two looks. What is learned from the later one alone is
            # asked for as late the next time, and can never become shorter.
            self._pace.took(key, seen_s - (seen_s if unsure_s is None else unsure_s) / 2)
        return waited
