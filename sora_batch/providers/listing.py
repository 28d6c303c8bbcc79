"""Reads a server's list of jobs, page by page, and never for ever.

The trap: pages may be empty while more are promised (vLLM-Omni 0.30 with `limit=0`), a cursor may
come back or be null, the order that was asked for may be ignored. Reading then stops, and the list
is not called whole: what is missing from it proves nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sora_batch.providers import replies
from sora_batch.providers.provider import JobReport
from sora_batch.shots import JobId

PAGE = 100
MOST_PAGES = 100

AskPage = Callable[[Mapping[str, str]], Awaitable[Mapping[str, Any]]]
"""One page, as the server sent it: at least a list under `data`."""


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    jobs: dict[JobId, JobReport]
    cursors: set[str]
    falling: bool = True


async def read_list(
    ask: AskPage, *, limit: int, since: datetime | None = None, after: str | None = None
) -> tuple[tuple[JobReport, ...], bool]:
    """At most `limit` jobs back to `since`, and whether none of those is missing. With `after`,
    the list begins behind that job."""
    reading = _Reading({}, set())
    for _ in range(MOST_PAGES):
        size = min(PAGE, limit - len(reading.jobs))
        if size <= 0:
            return tuple(reading.jobs.values()), False
        params = {"limit": str(size), "order": "desc", **({"after": after} if after else {})}
        answer = await ask(params)
        items = answer["data"]
        page = _reports(items)
        _add(reading, page)
        if not _promises_more(answer, items):
            return tuple(reading.jobs.values()), True
        if _is_behind(reading, page, since):
            return tuple(reading.jobs.values()), True
        after = _next_cursor(answer, page, reading.cursors)
        if not page or after is None:
            break
    return tuple(reading.jobs.values()), False


def _reports(items: Sequence[object]) -> list[JobReport]:
    reports = (replies.job_report(item) for item in items if isinstance(item, dict))
    return [report for report in reports if report is not None]


def _add(reading: _Reading, page: Sequence[JobReport]) -> None:
    moments = [*list(reading.jobs.values())[-1:], *page]
    times = [job.created_at for job in moments]
    reading.falling = reading.falling and all(
        earlier is not None and later is not None and earlier >= later
        for earlier, later in itertools.pairwise(times)
    )
    for job in page:
        reading.jobs.setdefault(job.id, job)


def _promises_more(answer: Mapping[str, Any], items: Sequence[object]) -> bool:
    more = answer.get("has_more")
    # A page may be shorter than was asked for: without a word, only an empty one is the last.
    return more if isinstance(more, bool) else bool(items)


def _is_behind(reading: _Reading, page: Sequence[JobReport], since: datetime | None) -> bool:
    """Whether everything that follows is older than anybody asked for."""
    oldest = page[-1].created_at if page else None
    return reading.falling and since is not None and oldest is not None and oldest < since


def _next_cursor(
    answer: Mapping[str, Any], page: Sequence[JobReport], seen: set[str]
) -> str | None:
    given = answer.get("last_id")
    cursor = given if isinstance(given, str) and given else (str(page[-1].id) if page else None)
    if cursor is None or cursor in seen:
        return None
    seen.add(cursor)
    return cursor
