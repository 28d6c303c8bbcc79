"""Asks the server what became of jobs, many with one request where it lists them.

Shots say for which job they wait and when asking is worth while; one loop asks for all of them. A
page of a list answers for a hundred jobs, also for those that were not to be asked about yet and
are over. What a list does not show is asked for by itself: only that answer says that it is gone.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sora_batch.planning.capabilities import Listing
from sora_batch.providers.provider import JobReport, JobStatus, JobUnreachable
from sora_batch.running.tools import Tools
from sora_batch.shots import JobId

PAGE = 100

# Jobs that become due within this share a look: ten looks a second are enough for any server.
_TOGETHER_S = 0.1
_WORTH_A_LIST = 3
_MANY = 10
_OTHERS = 20
_LOOK_TIMEOUT_S = 30.0
_OPEN = frozenset({JobStatus.QUEUED, JobStatus.RENDERING})


@dataclass(slots=True)
class _Waiter:
    answer: asyncio.Future[JobReport | None]
    due: float
    ordered_at: datetime
    is_asked: bool = False


class Watch:
    """The jobs of one run that somebody waits for."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._waiting: dict[JobId, _Waiter] = {}
        self._polls: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None
        self._earlier = asyncio.Event()
        self._wakes_at = float("-inf")
        self._may_list = tools.provider.capabilities.listing is not Listing.NONE
        self._may_skip = True
        self._looked_at = float("-inf")
        self._open_at: dict[JobId, float] = {}
        self._polled_at: dict[JobId, float] = {}

    async def ask(self, job: JobId, *, wait_s: float, ordered_at: datetime) -> JobReport | None:
        """What the server says of the job, in `wait_s` or when it is seen to be over; None when
        the run is told to stop. Raises JobUnreachable, JobMissing."""
        if self._tools.stop.is_set():
            return None
        answer: asyncio.Future[JobReport | None] = asyncio.get_running_loop().create_future()
        due = self._tools.clock.monotonic() + wait_s
        self._waiting[job] = _Waiter(answer, due, ordered_at)
        if due < self._wakes_at:
            self._earlier.set()
        if self._loop is None:
            self._loop = asyncio.ensure_future(self._run())
        try:
            return await answer
        finally:
            self._waiting.pop(job, None)

    def forget(self, job: JobId) -> float | None:
        """Nobody will ask about it any more. For how many seconds it may have been over: since it
        was last seen open; None where it never was."""
        self._polled_at.pop(job, None)
        open_at = self._open_at.pop(job, None)
        return None if open_at is None else self._tools.clock.monotonic() - open_at

    async def _run(self) -> None:
        stopping = asyncio.ensure_future(self._tools.stop.wait())
        stopping.add_done_callback(lambda _: self._stopped())
        try:
            while self._waiting and not self._tools.stop.is_set():
                wait_s = self._next_due() - self._tools.clock.monotonic()
                if wait_s > 0:
                    await self._sleep(wait_s)
                else:
                    await self._look()
        except BaseException as error:
            # Nothing may wait for ever for a loop that is gone.
            self._release(error)
            raise
        finally:
            stopping.cancel()
            self._loop = None

    def _next_due(self) -> float:
        due = min(
            (one.due for one in self._waiting.values() if not one.is_asked), default=float("inf")
        )
        return max(due, self._looked_at + self.floor_s) if self._may_list else due

    @property
    def floor_s(self) -> float:
        """How soon after one question the next is polite: where a page tells of many jobs at once,
        a tenth as often as asking for each of them by itself would be."""
        alone_s = self._tools.provider.poll_floor_s
        if not self._may_list or len(self._waiting) < _MANY:
            return max(alone_s, _TOGETHER_S)
        return max(_TOGETHER_S, alone_s * _MANY / len(self._waiting))

    async def _sleep(self, wait_s: float) -> None:
        """Until the next job is due, or one comes that is due earlier."""
        self._wakes_at = self._tools.clock.monotonic() + wait_s
        self._earlier.clear()
        waiting = [asyncio.ensure_future(self._earlier.wait())]
        if wait_s < float("inf"):
            waiting.append(asyncio.ensure_future(self._tools.clock.sleep(wait_s)))  # type: ignore[arg-type]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._wakes_at = float("-inf")
            for one in waiting:
                one.cancel()

    async def _look(self) -> None:
        now = self._tools.clock.monotonic()
        due = [job for job, one in self._waiting.items() if one.due <= now and not one.is_asked]
        pages = self._pages(due)
        if self._may_list and self._is_worth_a_list(due, pages):
            self._looked_at = now
            due = await self._look_at_list(due, pages)
        for job in due:
            self._poll(job)
        # A poll that is answered at once must not find the loop asleep.
        await asyncio.sleep(0)

    async def _look_at_list(self, due: Sequence[JobId], pages: int) -> list[JobId]:
        """Answers for all that a page shows; the due ones that it does not show."""
        behind = self._younger(due) if self._may_skip else None
        try:
            async with asyncio.timeout(_LOOK_TIMEOUT_S):
                listed = await self._tools.provider.list_jobs(PAGE * pages, after=behind)
        except TimeoutError:
            self._refuse(due, JobUnreachable("no list of jobs in time"))
            return []
        except JobUnreachable as error:
            self._refuse(due, error)
            return []
        shown = {job.id: job for job in listed.jobs if _says_why(job)}
        wanted = set(due)
        for job in shown.keys() & self._waiting.keys():
            is_open = shown[job].status in _OPEN
            if is_open:
                self._open_at[job] = self._tools.clock.monotonic()
            if job in wanted or not is_open:
                self._answer(job, shown[job])
        if not shown.keys() & self._waiting.keys():
            # A list that shows nothing of ours would only cost a request more each time.
            self._may_list, self._may_skip = behind is not None, False
        return [job for job in due if job not in shown]

    def _is_worth_a_list(self, due: Sequence[JobId], pages: int) -> bool:
        """A page costs the server little more than a poll, and tells of all that are over."""
        many = pages == 1 and len(self._waiting) >= _MANY
        return many or len(due) >= _WORTH_A_LIST * pages

    def _pages(self, due: Sequence[JobId]) -> int:
        """How many pages it takes from the youngest due job to the oldest, if all that were
        ordered between them are still shown."""
        moments = [self._waiting[job].ordered_at for job in due]
        oldest, youngest = min(moments), max(moments)
        span = sum(oldest <= one.ordered_at <= youngest for one in self._waiting.values())
        return math.ceil((span + _OTHERS) / PAGE)

    def _younger(self, due: Iterable[JobId]) -> JobId | None:
        """The job ordered just after the youngest due one: a page that begins behind it holds the
        old ones, which are those that will be over; None where a page from the start has them."""
        youngest = max(self._waiting[job].ordered_at for job in due)
        younger = [
            (one.ordered_at, job) for job, one in self._waiting.items() if one.ordered_at > youngest
        ]
        return min(younger)[1] if younger else None

    def _poll(self, job: JobId) -> None:
        waiter = self._waiting.get(job)
        if waiter is None:
            return
        now, polite_s = self._tools.clock.monotonic(), self._tools.provider.poll_floor_s
        if now < (next_at := self._polled_at.get(job, -math.inf) + polite_s):
            # A list may be read often; what it does not show is no reason to press the server.
            waiter.due = next_at
            return
        self._polled_at[job] = now
        waiter.is_asked = True
        poll = asyncio.ensure_future(self._ask_one(job, waiter))
        self._polls.add(poll)
        poll.add_done_callback(self._polls.discard)

    async def _ask_one(self, job: JobId, waiter: _Waiter) -> None:
        try:
            report = await self._tools.provider.poll(job)
        except BaseException as error:  # noqa: BLE001 - it is for whoever waits for the job
            _settle(waiter, error=error)
        else:
            if report.status in _OPEN:
                self._open_at[job] = self._tools.clock.monotonic()
            _settle(waiter, report)

    def _answer(self, job: JobId, report: JobReport) -> None:
        waiter = self._waiting.get(job)
        if waiter is not None and not waiter.is_asked:
            waiter.is_asked = True
            _settle(waiter, report)

    def _refuse(self, due: Iterable[JobId], error: JobUnreachable) -> None:
        for job in due:
            waiter = self._waiting.get(job)
            if waiter is not None:
                waiter.is_asked = True
                _settle(
                    waiter,
                    error=JobUnreachable(error.message, retry_after_s=error.retry_after_s),
                )

    def _stopped(self) -> None:
        # It also ends with a loop that had nobody left; whoever has come since has a new one.
        if self._tools.stop.is_set():
            self._release()

    def _release(self, error: BaseException | None = None) -> None:
        self._earlier.set()
        for waiter in self._waiting.values():
            _settle(waiter, error=error)


def _says_why(report: JobReport) -> bool:
    """Whether a failure has words: a prompt that was refused must not pass for a server in need,
    which would be asked, and paid, again."""
    failure = report.failure
    is_mute = failure is None or not failure.server_words
    return report.status is not JobStatus.FAILED or not is_mute


def _settle(
    waiter: _Waiter, report: JobReport | None = None, error: BaseException | None = None
) -> None:
    if waiter.answer.done():
        return
    if isinstance(error, asyncio.CancelledError):
        waiter.answer.cancel()
    elif error is not None:
        waiter.answer.set_exception(error)
    else:
        waiter.answer.set_result(report)
