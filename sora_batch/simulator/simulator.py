"""Accepts orders, works them off, remembers all of it: the server behind the protocol.

The folder holds the journal, the references that came with orders and the clips. Whoever has the
folder's lock works; a second process over the same folder can look and fetch, and is told so when
it orders. Killed at any instant, it goes on from the journal: what was queued or rendering is
queued again, and renders to the same bytes.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from sora_batch.clock import Clock
from sora_batch.durable import TEMPORARY, sync_folder, write_atomically
from sora_batch.shots import JobId, Json
from sora_batch.simulator.acceptance import Change, derived_job, ordered_job
from sora_batch.simulator.bill import Bill, make_bill
from sora_batch.simulator.job import Job, Status, from_json
from sora_batch.simulator.journal import Journal
from sora_batch.simulator.library import Library, Page
from sora_batch.simulator.orders import Order
from sora_batch.simulator.reference import Reference
from sora_batch.simulator.refusals import Refused, invalid
from sora_batch.simulator.renderers import make_renderer
from sora_batch.simulator.settings import SimulatorSettings
from sora_batch.simulator.stills import STILLS, Still, make_still
from sora_batch.simulator.workshop import Workshop

_log = logging.getLogger(__name__)

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

    def page(self, *, limit: int, after: str | None, newest_first: bool) -> Page:
        """Some of the jobs. Raises Refused."""
        self._look()
        return self._library.page(limit=limit, after=after, newest_first=newest_first)

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
        reference = await self._keep_reference(order.reference)
        return await self._accept(ordered_job(order, reference, label=label, key=key))

    async def derive(self, change: Change, *, label: str, key: str) -> Job:
        """Accepts a clip made from another's. Raises Refused where that is not there yet."""
        source = self.job(change.source)
        longest = self.settings.longest_seconds
        return await self._accept(
            derived_job(source, change, longest_seconds=longest, label=label, key=key)
        )

    async def delete(self, job_id: str) -> Job:
        """Forgets a job and its clip; one that is not done yet is cancelled."""
        self._look()
        job = self._library.get(job_id)
        self._must_work()
        status = job.status if job.status.over else Status.CANCELLED
        await self._journal.append({"id": job.id, "deleted": True, "status": status.value})
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

    async def _keep_reference(self, reference: Reference | None) -> str | None:
        if reference is None:
            return None
        digest = hashlib.sha256(reference.data).hexdigest()
        path = self.folder / "references" / f"{digest}.{reference.suffix}"

        def keep() -> None:
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                write_atomically(path, reference.data)

        self._must_work()
        await asyncio.to_thread(keep)
        return path.name

    async def _accept(self, job: Job) -> Job:
        self._must_work()
        job = replace(job, created_at=self._unix_now(), number=next(self._numbers))
        if self.settings.speed == "instant":
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
        self._library.replace(_readable(jobs.values()))
        self._numbers = count(self._library.next_number)
        self._queue_again()
        self._workshop.start()
        return True

    def _queue_again(self) -> None:
        """Everything that is not there yet, and what somebody removed by hand."""
        present = {entry.name for entry in os.scandir(self.folder)}
        for job in list(self._library):
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
            self._library.replace(_readable(self._journal.read().values()))

    async def _settle(self, job: Job) -> None:
        """Puts down what became of a job; only then does anybody hear of it."""
        job = self._rendered(job)
        await self._journal.append(
            {
                "id": job.id,
                "status": job.status.value,
                "error": job.error,
                "clip": job.clip,
                "rendered": job.rendered,
                "completed_at": job.completed_at,
            }
        )
        if not self._library.known(job.id).deleted:
            self._library.put(job)

    def _rendered(self, job: Job) -> Job:
        times = job.rendered + (job.status is Status.COMPLETED)
        return replace(job, rendered=times, completed_at=self._unix_now())

    def _unix_now(self) -> int:
        return int(self.clock.now().timestamp())


def _readable(written: Iterable[Mapping[str, Json]]) -> Iterator[Job]:
    """The jobs that can be made out; a damaged one must not take the others with it."""
    for values in written:
        try:
            yield from_json(values)
        except (KeyError, TypeError, ValueError) as error:
            _log.warning("job %s cannot be read and is left out: %s", values.get("id"), error)
