"""The jobs in memory, in order, and the pages of a listing.

A deleted job stays: the bill counts it, and a reader who is half-way through the pages may name
it as the last one seen.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sora_batch.shots import JobId
from sora_batch.simulator.job import Job
from sora_batch.simulator.refusals import Refused, invalid, no_such_video


@dataclass(frozen=True, slots=True)
class Page:
    """Some jobs, and whether there are more beyond them."""

    jobs: tuple[Job, ...]
    has_more: bool


class Library:
    """Every job of a folder. Pages cost what they show, however many jobs there are."""

    def __init__(self) -> None:
        self._jobs: dict[JobId, Job] = {}
        self._order: list[JobId] = []
        self._numbers: list[int] = []
        self._forgotten = 0

    def replace(self, jobs: Iterable[Job]) -> None:
        """Forgets what it knew and takes these."""
        self._jobs.clear()
        self._order.clear()
        self._numbers.clear()
        for job in sorted(jobs, key=lambda job: job.number):
            self.put(job)

    def forget(self) -> None:
        """Denies every job there is by now, as a server does that kept them in memory only."""
        self._forgotten = self.next_number - 1

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    @property
    def next_number(self) -> int:
        """One more than any job has."""
        return self._numbers[-1] + 1 if self._numbers else 1

    def put(self, job: Job) -> None:
        """Adds a job or replaces what was known of it."""
        if job.id not in self._jobs:
            place = bisect_right(self._numbers, job.number)
            self._order.insert(place, job.id)
            self._numbers.insert(place, job.number)
        self._jobs[job.id] = job

    def get(self, job_id: str) -> Job:
        """The job. Raises Refused (404) for one that is not there any more, or never was."""
        job = self._jobs.get(JobId(job_id))
        if job is None or self._is_hidden(job):
            raise no_such_video(job_id)
        return job

    def known(self, job_id: JobId) -> Job:
        """The job, deleted or not."""
        return self._jobs[job_id]

    def page(
        self, *, limit: int, after: str | None, newest_first: bool, by_the_second: bool = False
    ) -> Page:
        """The jobs that follow `after`. Raises Refused where nobody knows that id.

        With `by_the_second`, those of one second stand oldest first all the same.
        """
        if by_the_second and newest_first:
            return self._page_by_the_second(limit, after)
        places = self._places_after(after, newest_first=newest_first)
        found: list[Job] = []
        for place in places:
            job = self._jobs[self._order[place]]
            if self._is_hidden(job):
                continue
            if len(found) == limit:
                return Page(tuple(found), has_more=limit > 0)
            found.append(job)
        return Page(tuple(found), has_more=False)

    def _page_by_the_second(self, limit: int, after: str | None) -> Page:
        shown = [self._jobs[name] for name in self._order]
        shown = [job for job in shown if not self._is_hidden(job)]
        shown.sort(key=lambda job: job.created_at, reverse=True)
        if after is not None:
            if after not in self._jobs:
                raise _unknown_cursor(after)
            rest = itertools.dropwhile(lambda job: job.id != after, shown)
            shown = list(rest)[1:]
        return Page(tuple(shown[:limit]), has_more=len(shown) > limit)

    def _is_hidden(self, job: Job) -> bool:
        return job.deleted or job.number <= self._forgotten

    def _places_after(self, after: str | None, *, newest_first: bool) -> range:
        total = len(self._order)
        if after is None:
            return range(total - 1, -1, -1) if newest_first else range(total)
        job = self._jobs.get(JobId(after))
        if job is None:
            raise _unknown_cursor(after)
        place = bisect_left(self._numbers, job.number)
        return range(place - 1, -1, -1) if newest_first else range(place + 1, total)


def _unknown_cursor(after: str) -> Refused:
    return invalid(
        f"Invalid 'after': no video with id '{after[:80]}'. Use the last_id of the page before.",
        param="after",
    )
