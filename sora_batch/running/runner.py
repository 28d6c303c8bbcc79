"""Executes a plan: starts what may start, longest chain first, and counts how it all ended.

One task a shot that is under way, so that ten thousand waiting shots cost nothing. What an earlier
run left rendering takes its places in the limits before anything new is admitted.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sora_batch.events import RunNotice, ShotRetrying
from sora_batch.planning.plan import Action, Plan, Step
from sora_batch.planning.settled import settled
from sora_batch.records import ZERO, Attempt, AttemptState, Clip, Failure, FailureKind, Money
from sora_batch.running.outcome import Ending, Outcome
from sora_batch.running.queue import Queue
from sora_batch.running.reuse import bring, clip_there
from sora_batch.running.tally import Tally
from sora_batch.running.thumbnails import Thumbnails
from sora_batch.running.tools import Tools
from sora_batch.running.turn import Turns, may_render_s
from sora_batch.shots import ImageReference, JobId, ShotId

_LONG_WAIT_S = 60.0


class Runner:
    """One execution of a plan. `stopped` says why nothing more was submitted, "" if nothing, and
    `stopped_by` is the server's refusal where that is why."""

    def __init__(self, plan: Plan, tools: Tools, *, keep_going: bool) -> None:
        self._plan = plan
        self._tools = tools
        self._keep_going = keep_going
        self._queue = Queue(plan.steps)
        self._turns = Turns(tools)
        self._thumbnails = Thumbnails(tools)
        self._models = {shot.id: shot.model for shot in plan.manifest.shots}
        self._clips: dict[ShotId, Clip] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._over: list[asyncio.Task[None]] = []
        self._wake = asyncio.Event()
        self._is_waiting = False
        self.tally = Tally(tools)
        self.stopped = ""
        self.stopped_by: Failure | None = None

    async def run(self) -> None:
        """Returns when nothing is left that this run could do."""
        stopping = asyncio.ensure_future(self._tools.stop.wait())
        stopping.add_done_callback(lambda _: self._wake.set())
        try:
            self._take_over()
            await self._reuse()
            while (wait_s := self._admit()) is not None:
                await self._sleep(wait_s)
            self._block_rest()
            await self._thumbnails.finish()
        except asyncio.CancelledError:
            # Out at once: what was being ordered is on disk as an intent, the rest is resumed.
            for task in self._tasks:
                task.cancel()
            raise
        finally:
            # Whatever goes wrong in one shot's task must not cut another's order in two.
            self._tools.stop.set()
            await asyncio.gather(*self._tasks, stopping, return_exceptions=True)

    def _take_over(self) -> None:
        """Goes on with what is rendering already, and says what the plan leaves out."""
        resumed = set()
        # Before anything is admitted: a limit of 16 was seen at 17 otherwise.
        for step in self._plan.steps:
            if step.action is Action.RESUME and step.attempt is not None:
                resumed.add(step.attempt.id)
                self._tools.limits.occupy(step.shot.model)
                self._start(self._resume(step, step.attempt))
            elif step.action is Action.HOLD:
                self.tally.held(step.shot.id, step.attempt, step.reason)
            elif step.action is Action.BLOCKED:
                self.tally.blocked(step.shot.id, step.reason)
        for attempt in self._plan.salvage:
            if attempt.inputs.get("base_url") == self._tools.provider.base_url:
                resumed.add(attempt.id)
                self._tools.limits.occupy(self._model_of(attempt))
                self._start(self._salvage(attempt))
            else:
                self._tools.tell(RunNotice(elsewhere_words(attempt)))
        for attempt in self._tools.store.open_attempts():
            if attempt.id not in resumed:
                self._make_room_for(attempt)

    def _make_room_for(self, attempt: Attempt) -> None:
        """Counts what may be rendering and is none of this run's business against the limits."""
        is_here = attempt.inputs.get("base_url") == self._tools.provider.base_url
        seconds = may_render_s(self._tools, attempt)
        if is_here and attempt.state is not AttemptState.RENDERED and seconds > 0:
            model = self._model_of(attempt)
            self._tools.limits.occupy(model)
            self._tools.limits.give_back_in(model, seconds)

    def _model_of(self, attempt: Attempt) -> str:
        """The manifest's name of its model, by which limits count; it keeps the server's."""
        given = self._tools.manifest.provider.models.items()
        names = [name for name, server in given if server == attempt.model] or [attempt.model]
        own = self._models.get(attempt.shot_id)
        return own if own in names else names[0]

    async def _reuse(self) -> None:
        for step in self._plan.steps:
            if step.action is Action.REUSE and step.clip is not None:
                await self._take(step, step.clip)

    async def _take(self, step: Step, clip: Clip) -> None:
        """Gives the shot a clip that is there already."""
        mine = replace(clip, shot_id=step.shot.id)
        if not self._tools.outputs.is_visible(mine):
            mine = await bring(self._tools, step, clip)
            self._thumbnails.start(mine, is_new=False)
        self._clips[step.shot.id] = mine
        self.tally.done(step.shot.id, mine, reused=True)
        self._queue.done(step.shot.id)

    def _admit(self) -> float | None:
        """Starts all that may start now; seconds until more may, None when the run is over."""
        while self._over:
            task = self._over.pop()
            self._tasks.discard(task)
            task.result()
        for step in self._queue.twins():
            if step.same_as is not None:
                self._start(self._take(step, self._clips[step.same_as]))
        wait_s = math.inf
        while not self._tools.stop.is_set():
            best, wait_s = self._queue.pop(self._tools.limits.wait_s)
            if best is None:
                break
            self._tools.limits.take(best.shot.model)
            self._start(self._make(best))
        stopped = self._tools.stop.is_set()
        if not self._tasks and _LONG_WAIT_S < wait_s < math.inf:
            self._tell_of_waiting(wait_s)
        return wait_s if self._tasks or (self._queue.has_ready and not stopped) else None

    def _tell_of_waiting(self, wait_s: float) -> None:
        """Says, once, why a run stands still."""
        if not self._is_waiting:
            self._is_waiting = True
            words = f"the next order may be sent in {math.ceil(wait_s / 60)} min"
            if self._tools.limits.are_full:
                words += (
                    ", when a place is free: all are kept for orders whose answer was lost, which "
                    "may be rendering; to free one sooner, press Ctrl-C, then `sora-batch resolve`"
                )
            self._tools.tell(RunNotice(words))

    async def _sleep(self, wait_s: float) -> None:
        """Waits for a task to end, or for the limits to let the next one start."""
        waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._wake.wait())]
        if wait_s < math.inf:
            waiting.append(asyncio.ensure_future(self._tools.clock.sleep(wait_s)))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        self._wake.clear()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._is_over)

    def _is_over(self, task: asyncio.Task[None]) -> None:
        self._over.append(task)
        self._wake.set()

    async def _make(self, step: Step) -> None:
        shot = step.shot
        number = self._queue.number(shot.id)
        image = shot.reference.image if isinstance(shot.reference, ImageReference) else ""
        picture = self._plan.pictures.get(image)
        awaited, step = step.awaits, settled(step, self._clips, picture_sha256=picture)
        if awaited is not None and (clip := clip_there(self._tools, step)) is not None:
            self._tools.limits.give_back(shot.model)
            await self._take(step, clip)
            return
        source_job = self._source_job(step)
        if isinstance(source_job, Failure):
            self._tools.limits.give_back(shot.model)
            outcome = Outcome(ending=Ending.FAILED, failure=source_job)
        else:
            outcome = await self._turns.make(
                step, number, picture_sha256=picture, source_job=source_job
            )
        await self._ended(step, number, outcome)

    async def _resume(self, step: Step, attempt: Attempt) -> None:
        outcome = await self._turns.resume(attempt, step, model=step.shot.model)
        was_held = attempt.state is AttemptState.HELD and attempt.job_id is not None
        if was_held and outcome.ending is Ending.AGAIN:
            # Its price was held, so nobody has agreed to another order; the next plan names it.
            outcome = replace(outcome, ending=Ending.FAILED)
        await self._ended(step, attempt.number, outcome)

    async def _salvage(self, attempt: Attempt) -> None:
        outcome = await self._turns.resume(attempt, None, model=self._model_of(attempt))
        if outcome.ending is Ending.DONE:
            self.tally.counts["salvaged"] += 1
        elif outcome.ending is Ending.HELD or outcome.note:
            self.tally.held(attempt.shot_id, outcome.attempt, outcome.note)
        elif outcome.ending is Ending.LEFT:
            self.tally.left(attempt.shot_id, outcome.note)

    def _source_job(self, step: Step) -> JobId | Failure | None:
        source = step.shot.source
        if source is None or source.shot is None:
            return source.job if source is not None else None
        parent = self._clips.get(source.shot)
        if parent is not None and parent.job_id is not None:
            return parent.job_id
        message = f"the clip of {source.shot} has no job on the server to {source.kind}"
        return Failure(FailureKind.GONE, message)

    async def _ended(self, step: Step, number: int, outcome: Outcome) -> None:
        shot = step.shot.id
        if outcome.stops_run:
            self._stop(outcome.stops_run, outcome.failure)
        if outcome.ending is Ending.DONE and outcome.clip is not None:
            self._clips[shot] = outcome.clip
            self.tally.done(shot, outcome.clip)
            self._thumbnails.start(outcome.clip)
            self._queue.done(shot)
            return
        if outcome.ending is Ending.AGAIN and outcome.failure is not None:
            await self._again(step, number, outcome.failure, outcome.wait_s)
            return
        if outcome.ending is Ending.FAILED and outcome.failure is not None:
            self.tally.failed(shot, number, outcome.failure, _spent_usd(outcome.attempt))
            if not self._keep_going:
                self._stop(f"{shot} failed")
        elif outcome.ending is Ending.UNORDERED:
            self.tally.blocked(shot, outcome.note)
        elif outcome.ending is Ending.HELD:
            self.tally.held(shot, outcome.attempt, outcome.note)
        else:
            self.tally.left(shot, outcome.note)
            if not outcome.note:
                return
        for child, missing in self._queue.drop(shot):
            self.tally.blocked(child, f"needs {missing}, which has no clip")

    async def _again(self, step: Step, number: int, failure: Failure, wait_s: float) -> None:
        self._tools.tell(ShotRetrying(step.shot.id, number, failure, wait_s))
        await self._tools.pause(wait_s)
        # Being told to wait is no try: a busy server must not use up a shot's attempts.
        counted = failure.kind is not FailureKind.THROTTLED
        self._queue.again(step.shot.id, number + counted)

    def _stop(self, reason: str, failure: Failure | None = None) -> None:
        if not self.stopped:
            self.stopped, self.stopped_by = reason, failure
        self._tools.stop.set()

    def _block_rest(self) -> None:
        """What was never started: the run was stopped first."""
        for shot in self._queue.rest():
            if self.stopped:
                self.tally.blocked(shot, f"not started: {self.stopped}")
            else:
                self.tally.counts["pending"] += 1


def elsewhere_words(attempt: Attempt) -> str:
    """That a job of another server is left alone, and how to fetch it."""
    job = f"job {attempt.job_id}" if attempt.job_id else "an order whose answer was lost"
    where = attempt.inputs.get("base_url")
    return f"{attempt.shot_id}: {job} at {where} is left alone; run with that provider to fetch it"


def _spent_usd(attempt: Attempt | None) -> Decimal | None:
    """What a failed attempt came to; None where nobody knows."""
    if attempt is None or attempt.money is Money.RELEASED:
        return ZERO
    return attempt.spent_usd
