"""Accepts orders, works them off, remembers all of it: the server behind the protocol.

The folder holds the journal, the references that came with orders and the clips. Whoever has the
folder's lock works; a second process over the same folder can look and fetch, and is told so when
it orders. Killed at any instant, it goes on from the journal: what was queued or rendering is
queued again, and renders to the same bytes.
"""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from sora_batch.clock import Clock
from sora_batch.durable import TEMPORARY, sync_folder
from sora_batch.shots import JobId
from sora_batch.simulator.acceptance import Change, derived_job, ordered_job
from sora_batch.simulator.bill import Bill, make_bill
from sora_batch.simulator.fates import ending, fate_in, is_endless, is_stopped_at_once
from sora_batch.simulator.job import Job, Status, readable_jobs
from sora_batch.simulator.journal import Journal
from sora_batch.simulator.library import Library, Page
from sora_batch.simulator.mischief import Mischief
from sora_batch.simulator.orders import Order
from sora_batch.simulator.pace import Pace
from sora_batch.simulator.reference import keep_reference
from sora_batch.simulator.refusals import Refused, invalid
from sora_batch.simulator.renderers import make_renderer
from sora_batch.simulator.settings import SimulatorSettings
from sora_batch.simulator.stills import STILLS, Still, make_still
from sora_batch.simulator.workshop import Workshop

_POLL_SHORTEST_MS, _POLL_LONGEST_MS = 100, 5000


class Simulator:
    """One folder of jobs. Everything but `bill` belongs to one event loop."""

    def __init__(self, folder: Path, settings: SimulatorSettings, clock: Clock) -> None:
        self.folder = folder
        self.settings = settings
        self.clock = clock
        self._journal = Journal(folder / "jobs.jsonl")
        self._library = Library()
        self._lock = FileLock(folder / "simulator.lock")
        self._workshop = Workshop(
            make_renderer(folder, settings, clock),
            clock,
            settings.workers,
            began=self._library.put,
            finished=self._settle,
        )
        self._numbers = count(1)
        self.dialect = settings.speaks
        self.mischief = Mischief(settings.faults)
        self.pace = Pace(settings.requests_per_minute, clock)
        self._state: Literal["new", "working", "looking", "closed"] = "new"
        self._seen: tuple[int, int, int] | None = None

    async def start(self) -> None:
        """Reads the folder and begins to work. Does nothing when it was started before."""
        if self._state != "new":
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._state = "looking"
        if not self._take_over():
            self._look()

    async def close(self) -> None:
        """Stops working; what was under way is queued again at the next start."""
        if self._state == "closed":
            return
        working, self._state = self._state == "working", "closed"
        await self._workshop.close()
        if working:
            await self._journal.close()
            self._lock.release()

    def bill(self) -> Bill:
        """What was accepted, rendered and served in this folder, ever."""
        return make_bill(self._library, self.settings.price_per_second_usd)

    def job(self, job_id: str) -> Job:
        """The job. Raises Refused (404)."""
        self._look()
        return self._library.get(job_id)

    def peek(self, job_id: str) -> Job | None:
        """The job, None where there is none."""
        try:
            return self.job(job_id)
        except Refused:
            return None

    def page(self, *, limit: int, after: str | None, newest_first: bool) -> Page:
        """Some of the jobs. Raises Refused."""
        self._look()
        by_the_second = self.dialect.paging is not None and self.dialect.paging.by_the_second
        return self._library.page(
            limit=limit, after=after, newest_first=newest_first, by_the_second=by_the_second
        )

    def forget(self) -> None:
        """Denies every job there is by now; what it has rendered stays on the bill."""
        self._library.forget()

    def progress(self, job: Job) -> int:
        """0 to 100; 100 only once the clip is there."""
        if job.status is Status.COMPLETED:
            return 100
        return min(99, int(100 * self._workshop.done(job.id)))

    def poll_after_ms(self, job: Job) -> int:
        """When it is worth asking again, by what renders took lately."""
        remaining_ms = int(1000 * self._workshop.remaining_s(job))
        return min(max(remaining_ms, _POLL_SHORTEST_MS), _POLL_LONGEST_MS)

    async def order(self, order: Order, *, label: str, key: str) -> Job:
        """Accepts a clip to make; returns when the job would survive a power cut."""
        self._must_work()
        reference = None
        if order.reference is not None:
            reference = await asyncio.to_thread(keep_reference, order.reference, self.folder)
        return await self._accept(
            ordered_job(order, reference, id=self._new_id(), label=label, key=key)
        )

    async def derive(self, change: Change, *, label: str, key: str) -> Job:
        """Accepts a clip made from another's. Raises Refused where that is not there yet."""
        source = self.job(change.source)
        longest = self.settings.longest_seconds
        return await self._accept(
            derived_job(
                source,
                change,
                longest_seconds=longest,
                id=self._new_id(),
                label=label,
                key=key,
            )
        )

    async def delete(self, job_id: str) -> Job:
        """Forgets a job and its clip; one that is not done yet is cancelled."""
        self._look()
        job = self._library.get(job_id)
        self._must_work()
        goes_on = job.status.over or self.dialect.delete != "cancels"
        status = job.status if goes_on else Status.CANCELLED
        await self._journal.append({"id": job.id, "deleted": True, "status": status.value})
        if not goes_on:
            await self._workshop.drop(job)
        job = replace(self._library.known(job.id), deleted=True, status=status)
        self._library.put(job)
        for suffix in (".mp4", *(still.suffix for still in STILLS.values())):
            (self.folder / f"{job.id}{suffix}").unlink(missing_ok=True)
        return job

    def clip_path(self, job: Job) -> Path:
        """Where the finished clip is. Raises Refused where there is none (yet)."""
        if job.status is Status.FAILED:
            raise invalid(
                f"Video '{job.id}' failed and has no content: {job.error}",
                code="video_generation_failed",
            )
        if job.status is not Status.COMPLETED:
            raise invalid(
                f"Video is not ready yet, use GET /v1/videos/{job.id} to check status.",
                code="video_not_ready",
            )
        expires_s, done = self.dialect.expires_s, job.completed_at
        if expires_s is not None and done is not None and self._unix_now() > done + expires_s:
            raise Refused(410, f"Video '{job.id}' has expired.", code="video_expired")
        return self.folder / job.clip

    async def still(self, job: Job, still: Still) -> Path:
        """A thumbnail or spritesheet of a finished clip, made the first time it is asked for."""
        clip = self.clip_path(job)
        path = clip.with_suffix(still.suffix)
        if not path.exists():
            await asyncio.to_thread(make_still, clip, path, still)
        return path

    async def note_served(self, job_id: JobId) -> None:
        """Puts on the bill that the video was sent to its end."""
        job = self._library.known(job_id)
        job = replace(job, served=job.served + 1)
        self._library.put(job)
        if self._state == "working":
            self._journal.note({"id": job.id, "served": job.served})

    async def _accept(self, job: Job) -> Job:
        self._must_work()
        one_at_a_time = self.dialect.orders.one_at_a_time
        if one_at_a_time and not all(other.status.over for other in self._library):
            raise Refused(409, "A video is being generated already; try again when it is done.")
        fate = self.mischief.fate(job) or fate_in(self.dialect, job)
        number = next(self._numbers)
        job = replace(job, created_at=self._unix_now(), number=number, fate=fate)
        if is_stopped_at_once(job):
            job = self._rendered(ending(job))
        elif self.settings.speed == "instant" and not is_endless(job):
            job = self._rendered(await self._workshop.at_once(job))
        await self._journal.append(job.to_json())
        self._library.put(job)
        if not job.status.over:
            self._workshop.add(job)
        return job

    def _must_work(self) -> None:
        if self._state == "looking" and not self._take_over():
            raise Refused(
                409,
                f"Another process is rendering in '{self.folder}'. Wait until it is done; "
                "until then clips can be looked at and fetched, not ordered or deleted.",
                code="folder_busy",
            )
        if self._state != "working":
            raise Refused(503, "The simulator is not running: await simulator.start() first.")

    def _take_over(self) -> bool:
        """Becomes the one who works in the folder, if nobody else is."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        self._state = "working"
        jobs = self._journal.mend()
        self._journal.path.touch()
        sync_folder(self.folder)
        self._library.replace(readable_jobs(jobs.values()))
        self._numbers = count(self._library.next_number)
        if self.dialect.forgets:
            self._library.forget()
        self._queue_again()
        self._workshop.start()
        return True

    def _queue_again(self) -> None:
        """Everything that is not there yet, and what somebody removed by hand."""
        present = {entry.name for entry in os.scandir(self.folder)}
        for job in list(self._library):
            if self.dialect.forgets:
                continue
            done = job.status is Status.COMPLETED and job.clip in present
            if not (done or job.deleted or job.status is Status.FAILED):
                again = replace(job, status=Status.QUEUED, completed_at=None)
                self._library.put(again)
                self._workshop.add(again)
        for name in present:
            if name.endswith(".part") or re.fullmatch(TEMPORARY, name):
                (self.folder / name).unlink(missing_ok=True)

    def _look(self) -> None:
        """Where another process works: reads what it has written since."""
        if self._state != "looking" or not self._journal.path.exists():
            return
        stat = self._journal.path.stat()
        seen = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        if seen != self._seen:
            self._seen = seen
            self._library.replace(readable_jobs(self._journal.read().values()))

    async def _settle(self, job: Job) -> None:
        """Puts down what became of a job; only then does anybody hear of it."""
        job = self._rendered(job)
        await self._journal.append(
            {
                "id": job.id,
                "status": job.status.value,
                "error": job.error,
                "error_code": job.error_code,
                "clip": job.clip,
                "rendered": job.rendered,
                "completed_at": job.completed_at,
            }
        )
        known = self._library.known(job.id)
        self._library.put(replace(job, deleted=known.deleted))

    def _rendered(self, job: Job) -> Job:
        rendered = job.status is Status.COMPLETED or job.fate == "moderate-output"
        times = job.rendered + rendered
        return replace(job, rendered=times, completed_at=self._unix_now())

    def _new_id(self) -> JobId:
        return JobId(self.dialect.new_id())

    def _unix_now(self) -> int:
        return int(self.clock.now().timestamp())
