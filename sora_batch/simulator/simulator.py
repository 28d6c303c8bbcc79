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
import secrets
from dataclasses import replace
from decimal import Decimal
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from sora_batch.clock import Clock
from sora_batch.shots import JobId, Json, SourceKind
from sora_batch.simulator.bill import Bill, make_bill
from sora_batch.simulator.job import Derivation, Job, Picture, Status, from_json
from sora_batch.simulator.journal import Journal, sync_folder, write_durably
from sora_batch.simulator.library import Library, Page
from sora_batch.simulator.orders import Order, Reference, plain
from sora_batch.simulator.refusals import Refused, invalid
from sora_batch.simulator.renderers import make_renderer
from sora_batch.simulator.settings import SimulatorSettings
from sora_batch.simulator.stills import STILLS, Still, make_still

_log = logging.getLogger(__name__)

_POLL_SHORTEST_MS, _POLL_LONGEST_MS = 100, 5000
_GUESSED_RENDER_S = 1.0
_VERBS = {"remix": "remixed", "edit": "edited", "extend": "extended"}


class Simulator:
    """One folder of jobs. Everything but `bill` belongs to one event loop."""

    def __init__(self, folder: Path, settings: SimulatorSettings, clock: Clock) -> None:
        self.folder = folder
        self.settings = settings
        self.clock = clock
        self._journal = Journal(folder / "jobs.jsonl")
        self._library = Library()
        self._lock = FileLock(folder / "simulator.lock")
        self._renderer = make_renderer(folder, settings, clock)
        self._queue: asyncio.Queue[JobId] = asyncio.Queue()
        self._workers: list[asyncio.Task[None]] = []
        self._rendering: dict[JobId, asyncio.Task[None]] = {}
        self._progress: dict[JobId, float] = {}
        self._started_at: dict[JobId, float] = {}
        self._render_s = _GUESSED_RENDER_S
        self._numbers = count(1)
        self._state = "new"
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
        for task in [*self._workers, *self._rendering.values()]:
            task.cancel()
        await asyncio.gather(*self._workers, *self._rendering.values(), return_exceptions=True)
        await self._renderer.close()
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
        return min(99, int(100 * self._progress.get(job.id, 0.0)))

    def poll_after_ms(self, job: Job) -> int:
        """When it is worth asking again, by what renders took lately."""
        done = self._progress.get(job.id, 0.0)
        left_s = self._render_s * (1 - done)
        if job.status is Status.QUEUED:
            left_s += self._render_s * (self._queue.qsize() // self.settings.workers)
        return int(min(max(1000 * left_s, _POLL_SHORTEST_MS), _POLL_LONGEST_MS))

    async def order(self, order: Order, *, label: str, key: str) -> Job:
        """Accepts a clip to make; returns when the job would survive a power cut."""
        reference = await self._keep_reference(order.reference)
        return await self._accept(
            Job(
                id=_new_id(),
                number=0,
                prompt=order.prompt,
                model=order.model,
                size=order.size,
                seconds=order.seconds,
                seed=order.seed,
                extra=order.extra,
                picture=Picture(order.prompt, order.seed, reference),
                created_at=0,
                label=label,
                key=key,
            )
        )

    async def derive(
        self,
        kind: SourceKind,
        source_id: str,
        prompt: str,
        *,
        more_seconds: Decimal = Decimal(0),
        extra: dict[str, Json],
        label: str,
        key: str,
    ) -> Job:
        """Accepts a clip made from another's: remixed, edited or extended by so many seconds.

        The new job has the source's model and size, and an extension's length is the whole, as
        OpenAI's was. Raises Refused where the source is not there or not done.
        """
        source = self.job(source_id)
        if source.status is not Status.COMPLETED:
            raise invalid(
                f"Video '{source.id}' is {source.status.value}; it can be {_VERBS[kind]} "
                "once it is completed.",
                param="video.id",
                code="video_not_ready",
            )
        seconds = plain(source.seconds + more_seconds)
        if seconds > self.settings.longest_seconds:
            raise invalid(
                f"Invalid value for 'seconds': the extended clip would last {seconds} seconds; "
                f"{self.settings.longest_seconds} is the most.",
                param="seconds",
            )
        return await self._accept(
            Job(
                id=_new_id(),
                number=0,
                prompt=prompt,
                model=source.model,
                size=source.size,
                seconds=seconds,
                extra=extra,
                picture=source.picture,
                source=Derivation(kind, source.id, source.label, source.seconds),
                created_at=0,
                label=label,
                key=key,
            )
        )

    async def delete(self, job_id: str) -> Job:
        """Forgets a job and its clip; one that is not done yet is cancelled."""
        self._look()
        job = self._library.get(job_id)
        self._must_work()
        job = replace(job, deleted=True, status=job.status if job.status.over else Status.CANCELLED)
        await self._journal.append({"id": job.id, "deleted": True, "status": job.status.value})
        self._library.put(job)
        rendering = self._rendering.get(job.id)
        if rendering is not None:
            rendering.cancel()
            await asyncio.wait([rendering])
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
                write_durably(path, reference.data)

        self._must_work()
        await asyncio.to_thread(keep)
        return path.name

    async def _accept(self, job: Job) -> Job:
        self._must_work()
        job = replace(job, created_at=self._unix_now(), number=next(self._numbers))
        if self._renderer.at_once:
            clip = await self._renderer.render(job, lambda _: None)
            job = self._completed(job, clip)
        await self._journal.append(job.to_json())
        self._library.put(job)
        if not job.status.over:
            self._queue.put_nowait(job.id)
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
        self._library = Library(from_json(job) for job in jobs.values())
        self._numbers = count(self._library.next_number)
        self._queue_again()
        self._workers = [asyncio.create_task(self._work()) for _ in range(self.settings.workers)]
        return True

    def _queue_again(self) -> None:
        """Everything that is not there yet, and what somebody removed by hand."""
        present = {entry.name for entry in os.scandir(self.folder)}
        for job in list(self._library):
            done = job.status is Status.COMPLETED and job.clip in present
            if not (done or job.deleted or job.status is Status.FAILED):
                self._library.put(replace(job, status=Status.QUEUED))
                self._queue.put_nowait(job.id)
        for name in present:
            if name.endswith(".part"):
                (self.folder / name).unlink(missing_ok=True)

    def _look(self) -> None:
        """Where another process works: reads what it has written since."""
        if self._state != "looking" or not self._journal.path.exists():
            return
        stat = self._journal.path.stat()
        seen = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        if seen != self._seen:
            self._seen = seen
            self._library = Library(from_json(job) for job in self._journal.read().values())

    async def _work(self) -> None:
        while True:
            job = self._library.known(await self._queue.get())
            if job.deleted:
                continue
            task = asyncio.create_task(self._render(job))
            self._rendering[job.id] = task
            await asyncio.wait([task])
            del self._rendering[job.id]
            self._progress.pop(job.id, None)
            self._started_at.pop(job.id, None)

    async def _render(self, job: Job) -> None:
        job = replace(job, status=Status.IN_PROGRESS)
        self._library.put(job)
        started = self.clock.monotonic()

        def report(done: float) -> None:
            self._progress[job.id] = max(done, self._progress.get(job.id, 0.0))

        try:
            clip = await self._renderer.render(job, report)
        except Exception as error:  # noqa: BLE001 - a bad job must not stop the others
            _log.exception("job %s failed", job.id)
            job = replace(
                job,
                status=Status.FAILED,
                error=f"The renderer failed: {error}",
                completed_at=self._unix_now(),
            )
        else:
            job = self._completed(job, clip)
            self._render_s += 0.3 * (self.clock.monotonic() - started - self._render_s)
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
        self._library.put(job)

    def _completed(self, job: Job, clip: str) -> Job:
        return replace(
            job,
            status=Status.COMPLETED,
            clip=clip,
            rendered=job.rendered + 1,
            completed_at=self._unix_now(),
        )

    def _unix_now(self) -> int:
        return int(self.clock.now().timestamp())


def _new_id() -> JobId:
    return JobId(f"video_{secrets.token_hex(16)}")
