"""Where orders are worked off: a queue, so many workers, and how far each job has come.

Knows nothing of the journal or of HTTP: it is told what to do with a job that has begun and with
one that is finished.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from sora_batch.clock import Clock
from sora_batch.shots import JobId
from sora_batch.simulator import fates
from sora_batch.simulator.job import Job, Status
from sora_batch.simulator.renderers import Renderer

_log = logging.getLogger(__name__)

_GUESSED_RENDER_S = 1.0
_NEWEST_WEIGHS = 0.3


class Workshop:
    """Renders the jobs it is given, oldest first."""

    def __init__(
        self,
        renderer: Renderer,
        clock: Clock,
        workers: int,
        *,
        began: Callable[[Job], None],
        finished: Callable[[Job], Awaitable[None]],
    ) -> None:
        self._renderer = renderer
        self._clock = clock
        self._size = workers
        self._began = began
        self._finished = finished
        self._queue: asyncio.Queue[Job] = asyncio.Queue()
        self._dropped: set[JobId] = set()
        self._workers: list[asyncio.Task[None]] = []
        self._rendering: dict[JobId, asyncio.Task[None]] = {}
        self._done: dict[JobId, float] = {}
        self._render_s = _GUESSED_RENDER_S

    def start(self) -> None:
        """Begins to work."""
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._size)]

    def add(self, job: Job) -> None:
        """Puts a job at the end of the queue."""
        self._queue.put_nowait(job)

    async def at_once(self, job: Job) -> Job:
        """The job, completed without waiting for its turn."""
        clip = await self._renderer.render(job, lambda _: None)
        return fates.ending(replace(job, status=Status.COMPLETED, clip=clip))

    async def drop(self, job: Job) -> None:
        """Takes a job out; returns when nobody works at it any more."""
        if job.status.over:
            return
        rendering = self._rendering.get(job.id)
        if rendering is None:
            self._dropped.add(job.id)
        else:
            rendering.cancel()
            await asyncio.wait([rendering])

    def done(self, job_id: JobId) -> float:
        """How much of a job is rendered, 0 to 1."""
        return self._done.get(job_id, 0.0)

    def remaining_s(self, job: Job) -> float:
        """How long it should take yet, by what renders took lately."""
        left = self._render_s * (1 - self.done(job.id))
        if job.status is Status.QUEUED:
            left += self._render_s * (self._queue.qsize() // self._size)
        return left

    async def close(self) -> None:
        """Stops; what was under way is abandoned."""
        tasks = [*self._workers, *self._rendering.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._renderer.close()

    async def _work(self) -> None:
        while True:
            job = await self._queue.get()
            if job.id in self._dropped:
                self._dropped.discard(job.id)
                continue
            if fates.is_endless(job):
                self._began(replace(job, status=Status.IN_PROGRESS))
                continue
            task = asyncio.create_task(self._render(job))
            self._rendering[job.id] = task
            await asyncio.wait([task])
            del self._rendering[job.id]
            self._done.pop(job.id, None)
            if not task.cancelled() and task.exception() is not None:
                _log.error("job %s could not be put down", job.id, exc_info=task.exception())

    async def _render(self, job: Job) -> None:
        job = replace(job, status=Status.IN_PROGRESS)
        self._began(job)
        started = self._clock.monotonic()

        def report(done: float) -> None:
            self._done[job.id] = max(done, self._done.get(job.id, 0.0))

        try:
            clip = await self._renderer.render(job, report)
        except Exception as error:  # noqa: BLE001 - a bad job must not stop the others
            _log.exception("job %s failed", job.id)
            failed = replace(job, status=Status.FAILED, error=f"The renderer failed: {error}")
            await self._finished(failed)
        else:
            took = self._clock.monotonic() - started
            self._render_s += _NEWEST_WEIGHS * (took - self._render_s)
            await self._finished(fates.ending(replace(job, status=Status.COMPLETED, clip=clip)))
