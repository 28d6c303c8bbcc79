"""A list of jobs is read to its end or to a moment, and never for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sora_batch.providers.listing import MOST_PAGES, read_list
from sora_batch.providers.provider import JobReport


def job(number: int, created_at: int | None = None) -> dict[str, Any]:
    moment = number if created_at is None else created_at
    return {"id": f"job-{number}", "status": "queued", "created_at": moment}


class Server:
    """Answers pages as it was told, then the last one again and again."""

    def __init__(self, *pages: Mapping[str, Any]) -> None:
        self.pages = list(pages)
        self.asked: list[Mapping[str, str]] = []

    async def page(self, params: Mapping[str, str]) -> Mapping[str, Any]:
        self.asked.append(params)
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]


def read(
    server: Server, limit: int = 1000, since: datetime | None = None
) -> tuple[Sequence[JobReport], bool]:
    return asyncio.run(read_list(server.page, limit=limit, since=since))


def test_pages_are_read_to_the_end() -> None:
    first = {"data": [job(9), job(8)], "has_more": True, "last_id": "job-8"}
    second = {"data": [job(7)], "has_more": False, "last_id": "job-7"}
    server = Server(first, second)
    jobs, whole = read(server)
    assert ([one.id for one in jobs], whole) == (["job-9", "job-8", "job-7"], True)
    assert server.asked[1] == {"limit": "100", "order": "desc", "after": "job-8"}


def test_no_further_back_than_the_moment_asked_for() -> None:
    pages = [
        {"data": [job(n), job(n - 1)], "has_more": True, "last_id": f"job-{n - 1}"}
        for n in range(1000, 900, -2)
    ]
    server = Server(*pages)
    _, whole = read(server, since=datetime.fromtimestamp(995, UTC))
    assert (whole, len(server.asked)) == (True, 4)


def test_a_list_in_another_order_is_not_cut_short_by_time() -> None:
    first = {"data": [job(1), job(2)], "has_more": True, "last_id": "job-2"}
    second = {"data": [job(3)], "has_more": False}
    jobs, whole = read(Server(first, second), since=datetime.fromtimestamp(3, UTC))
    assert ([one.id for one in jobs], whole) == (["job-1", "job-2", "job-3"], True)


def test_an_empty_page_that_promises_more_ends_it_and_proves_nothing() -> None:
    server = Server({"data": [], "has_more": True, "last_id": None})
    assert read(server) == ((), False)
    assert len(server.asked) == 1


def test_a_cursor_that_comes_back_ends_it_and_proves_nothing() -> None:
    server = Server({"data": [job(1)], "has_more": True, "last_id": "job-1"})
    jobs, whole = read(server)
    assert ([one.id for one in jobs], whole, len(server.asked)) == (["job-1"], False, 2)


def test_a_list_without_end_is_left() -> None:
    pages = [
        {"data": [job(n)], "has_more": True, "last_id": f"job-{n}"} for n in range(10_000, 0, -1)
    ]
    server = Server(*pages)
    jobs, whole = read(server, limit=10**9)
    assert (len(jobs), whole) == (MOST_PAGES, False)


def test_without_has_more_an_empty_page_is_the_last() -> None:
    jobs, whole = read(Server({"data": [job(2), job(1)]}, {"data": []}))
    assert (len(jobs), whole) == (2, True)


def test_without_has_more_a_short_page_that_comes_again_proves_nothing() -> None:
    """A server that gives 2 of the 100 asked for, and knows no cursors."""
    jobs, whole = read(Server({"data": [job(2), job(1)]}))
    assert (len(jobs), whole) == (2, False)


def test_no_more_jobs_than_asked_for() -> None:
    first = {"data": [job(n) for n in range(300, 200, -1)], "has_more": True, "last_id": "job-201"}
    second = {"data": [job(n) for n in range(200, 180, -1)], "has_more": True, "last_id": "job-181"}
    server = Server(first, second)
    jobs, whole = read(server, limit=120)
    assert (len(jobs), whole) == (120, False)
    assert [asked["limit"] for asked in server.asked] == ["100", "20"]
