"""Finds out what became of orders whose answer was lost, by the server's own list of jobs.

Used by a run for what is lost under its eyes and for what an earlier process left, and by
`resolve`. What a list says is matched in `matching.py`; here it is asked for, believed or not, and
written down. The trap: a job that is missing from a list proves something only when the list is
whole, shows the jobs that we know to be there, and enough time has passed; and even then twice.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sora_batch.errors import ChangeRefused
from sora_batch.events import RunNotice
from sora_batch.planning.capabilities import Listing
from sora_batch.providers.provider import JobList, JobReport, JobUnreachable
from sora_batch.records import Attempt, AttemptId, AttemptState, Failure, FailureKind, Money
from sora_batch.running.attempt import INTENT_TTL_S, POST_TIMEOUT_S, fail, hold
from sora_batch.running.claims import owners_of, since_on_server, was_set_back
from sora_batch.running.matching import Findings, Lost, match, origin_of, shown_fields
from sora_batch.running.outcome import Outcome
from sora_batch.running.tools import Tools
from sora_batch.shots import JobId

MOST_JOBS = 10_000
SECOND_LOOK_S = 10.0

_FIRST_WAIT_S = 2.0
_LONGEST_WAIT_S = 60.0
_PATIENCE_S = 120.0
_TOGETHER_S = 2.0

_NOBODY_KNOWS = "; nobody knows whether it was accepted: "
_KILLED = "the program was stopped before the server's answer came"
_NO_PROOF = {
    Listing.BARE: "this server's list of jobs shows no prompts",
    Listing.NONE: "this server has no list of jobs",
}


@dataclass(slots=True)
class Look:
    """What one look at the server's list came to. `doubt` says why nothing may be concluded from
    what is missing, "" where it may; `ahead_s` is the server's clock against ours."""

    began: float
    findings: Findings = field(default_factory=Findings)
    doubt: str = ""
    ahead_s: float | None = None


def is_unknown(attempt: Attempt) -> bool:
    """Whether nobody knows if the server has accepted it."""
    return attempt.job_id is None and not attempt.state.final


class Reconciler:
    """Looks for lost jobs; one look serves all who wait for one."""

    def __init__(self, tools: Tools, *, patient: bool = True) -> None:
        """Without patience, an order that is too young to be given up stays on hold at once."""
        self._tools = tools
        self._patient = patient
        self._adopted: dict[AttemptId, Attempt] = {}
        self._last: Look | None = None
        self._one_at_a_time = asyncio.Lock()

    async def settle(self, attempt: Attempt) -> Outcome | Attempt:
        """The attempt with its job, or how it ended: never accepted, or on hold."""
        proof = self._tools.provider.capabilities.listing
        if proof is not Listing.PROMPTS:
            return await self._hold(attempt, _NO_PROOF[proof])
        lost = attempt.note.partition(_NOBODY_KNOWS)[0] or _KILLED
        self._tell(attempt, f"{lost}; looking for its job on the server")
        deadline = self._deadline(attempt)
        left_s = max(0.0, (deadline - self._tools.clock.now()).total_seconds())
        began = self._tools.clock.monotonic()
        settled, gives_up = began + self._settle_s(attempt), began + left_s + _PATIENCE_S
        agreed, wait_s = 0, self._first_wait_s(attempt)
        while not await self._tools.pause(wait_s):
            look = await self.look()
            if attempt.id in self._adopted:
                return self._adopted[attempt.id]
            now = self._tools.clock.now()
            is_absent = attempt.id in look.findings.absent and not look.doubt
            is_time = now >= deadline and self._tools.clock.monotonic() >= settled
            agreed = agreed + 1 if is_absent and is_time else 0
            if agreed >= 2:
                return await self._never_accepted(attempt)
            why = self._why_now(attempt, look, deadline=deadline, gives_up=gives_up)
            if why and not agreed:
                return await self._hold(attempt, why)
            wait_s = self._next_wait_s(wait_s, deadline)
        return await self._hold(attempt, "the search was interrupted; the next run goes on with it")

    def _deadline(self, attempt: Attempt) -> datetime:
        """From when on a job that is not listed was never accepted."""
        server = self._tools.provider.capabilities
        late_s = 0.0 if server.embedded else INTENT_TTL_S + POST_TIMEOUT_S
        return attempt.created_at + timedelta(seconds=late_s + server.settle_s)

    def _settle_s(self, attempt: Attempt) -> float:
        """How long an order of this run is looked for also if the clock is set forward."""
        is_mine = attempt.run_id == self._tools.run_id
        return self._tools.provider.capabilities.settle_s if is_mine else 0.0

    def _first_wait_s(self, attempt: Attempt) -> float:
        return _FIRST_WAIT_S if attempt.run_id == self._tools.run_id else 0.0

    def _next_wait_s(self, last_s: float, deadline: datetime) -> float:
        left_s = (deadline - self._tools.clock.now()).total_seconds()
        if left_s <= 0:
            # One's own journal does not change its mind.
            return 0.0 if self._tools.provider.capabilities.embedded else SECOND_LOOK_S
        return min(max(left_s, _FIRST_WAIT_S), _LONGEST_WAIT_S, max(_FIRST_WAIT_S, 2 * last_s))

    def _why_now(self, attempt: Attempt, look: Look, *, deadline: datetime, gives_up: float) -> str:
        """Why the search ends here without an answer, "" where it goes on."""
        now = self._tools.clock.now()
        if now < deadline:
            return "" if self._patient else f"it may still appear until {deadline:%H:%M:%S} UTC"
        if found := look.findings.candidates.get(attempt.id):
            return f"{_jobs(found)} may be its; `sora-batch resolve` shows more"
        if self._tools.clock.monotonic() >= gives_up:
            return look.doubt or "an order that looks the same is on its way all the time"
        return ""

    async def look(self) -> Look:
        """A look at the list as it is by now, or was a moment ago; what it finds is adopted."""
        due = self._tools.clock.monotonic()
        async with self._one_at_a_time:
            last = self._last
            if last is None or last.began < math.floor(due / _TOGETHER_S) * _TOGETHER_S:
                self._last = last = await self._look_now()
            return last

    async def _look_now(self) -> Look:
        look = Look(self._tools.clock.monotonic())
        began = self._tools.clock.now()
        before = await asyncio.to_thread(self._tools.store.attempts)
        try:
            listed = await self._listed(before)
        except JobUnreachable as error:
            look.doubt = f"its list of jobs could not be read: {error.message}"
            return look
        # Read again: what was on its way when the list was made has claimed its job by now.
        attempts = await asyncio.to_thread(self._tools.store.attempts)
        look.ahead_s = listed.ahead_s
        self._examine(look, attempts, listed, began)
        for name, job in look.findings.adopted.items():
            await self._adopt(next(a for a in attempts if a.id == name), job, listed.ahead_s)
        return look

    async def _listed(self, attempts: Sequence[Attempt]) -> JobList:
        lost = [a for a in attempts if is_unknown(a) and self._is_here(a)]
        oldest = min((a.created_at for a in lost), default=self._tools.clock.now())
        # One request, to learn the server's clock before anything is asked by its time.
        ahead_s = (await self._tools.provider.list_jobs(1)).ahead_s
        since = since_on_server(oldest, ahead_s)
        return await self._tools.provider.list_jobs(MOST_JOBS, since=since)

    def _examine(
        self, look: Look, attempts: Sequence[Attempt], listed: JobList, began: datetime
    ) -> None:
        here = [attempt for attempt in attempts if self._is_here(attempt)]
        owners = owners_of(here, listed.jobs, ahead_s=listed.ahead_s)
        ours = [(owners[job.id], job) for job in listed.jobs if job.id in owners]
        lists_models = self._tools.provider.capabilities.lists_models
        shown = shown_fields(ours, lists_models=lists_models)
        orders = lost_orders(here, attempts, ahead_s=listed.ahead_s)
        moving = [one for one in orders if self._is_on_its_way(one.attempt)]
        lost = [one for one in orders if one not in moving]
        free = [job for job in listed.jobs if job.id not in owners]
        look.findings = match(lost, free, on_their_way=moving, shown=shown)
        look.doubt = self._doubt(here, listed, began, shown_prompts=shown.get("prompt"))
        if not look.doubt and was_set_back(ours, lost, ahead_s=listed.ahead_s):
            look.doubt = "this machine's clock was set back since, so its jobs look older"

    def _doubt(
        self,
        attempts: Sequence[Attempt],
        listed: JobList,
        asked_at: datetime,
        *,
        shown_prompts: bool | None,
    ) -> str:
        if not listed.whole:
            return "its list of jobs cannot be read to the end"
        if shown_prompts is False:
            return "its list of jobs shows other prompts than were ordered"
        # A long list takes long to read: what was ordered meanwhile need not be in it.
        settled = asked_at - timedelta(seconds=self._tools.provider.capabilities.settle_s)
        oldest = min((a.created_at for a in attempts if is_unknown(a)), default=settled)
        listed_ids = {job.id for job in listed.jobs}
        for attempt in attempts:
            is_there = attempt.state is AttemptState.SUBMITTED
            began = attempt.submitted_at or attempt.created_at
            must_show = is_there and oldest <= attempt.created_at and began < settled
            if must_show and attempt.job_id not in listed_ids:
                return f"its list of jobs leaves out job {attempt.job_id}, which it accepted"
        return ""

    def _is_here(self, attempt: Attempt) -> bool:
        return attempt.inputs.get("base_url") == self._tools.provider.base_url

    def _is_on_its_way(self, attempt: Attempt) -> bool:
        is_mine = attempt.run_id == self._tools.run_id
        return is_mine and attempt.state is AttemptState.SUBMITTING

    async def _adopt(self, attempt: Attempt, job: JobReport, ahead_s: float | None) -> None:
        adopted = adopted_attempt(attempt, job, now=self._tools.clock.now(), ahead_s=ahead_s)
        try:
            await self._tools.store.record(adopted)
        except ChangeRefused:
            return
        self._adopted[attempt.id] = adopted
        self._tell(attempt, f"its job was found on the server: {job.id}")

    async def _never_accepted(self, attempt: Attempt) -> Outcome:
        if self._tools.manifest.on_unknown == "hold":
            why = "the server's list shows no such job, and `on_unknown: hold` forbids another"
            return await self._hold(attempt, why)
        self._tell(attempt, "the server never accepted the order; its price is released")
        failure = Failure(FailureKind.TRANSIENT, "the server never accepted the order")
        return await fail(self._tools, attempt, failure, accepted=False)

    async def _hold(self, attempt: Attempt, why: str) -> Outcome:
        lost = attempt.note.partition(_NOBODY_KNOWS)[0] or _KILLED
        return await hold(self._tools, attempt, f"{lost}{_NOBODY_KNOWS}{why}")

    def _tell(self, attempt: Attempt, words: str) -> None:
        self._tools.tell(RunNotice(f"{attempt.shot_id}: {words}"))


def adopted_attempt(
    attempt: Attempt, job: JobReport, *, now: datetime, ahead_s: float | None
) -> Attempt:
    """The attempt with the job that was found for it."""
    created = now if job.created_at is None else job.created_at - timedelta(seconds=ahead_s or 0.0)
    return replace(
        attempt,
        state=AttemptState.SUBMITTED,
        money=Money.RESERVED,
        job_id=job.id,
        submitted_at=min(now, max(created, attempt.created_at)),
        note="",
    )


def lost_orders(
    unknown: Sequence[Attempt], attempts: Sequence[Attempt], *, ahead_s: float | None
) -> list[Lost]:
    """The unknown ones among the first, with what a list can be searched by."""
    jobs: dict[str, set[JobId]] = {}
    for attempt in attempts:
        if attempt.job_id is not None:
            jobs.setdefault(attempt.fingerprint, set()).add(attempt.job_id)
    orders = []
    for attempt in unknown:
        if is_unknown(attempt):
            origin = origin_of(attempt)
            sources = jobs.get(origin or "", set()) | ({JobId(origin)} if origin else set())
            since = since_on_server(attempt.created_at, ahead_s)
            orders.append(Lost(attempt=attempt, since=since, sources=frozenset(sources)))
    return orders


def _jobs(found: Sequence[JobReport]) -> str:
    named = ", ".join(job.id for job in found[:3])
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return f"{'job' if len(found) == 1 else 'each of the jobs'} {named}{more}"
