from __future__ import annotations

import asyncio
import resource
import sqlite3
import statistics
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from sora_batch.errors import ChangeRefused, OutputUnusable, StoreBroken, StoreBusy
from sora_batch.records import Ledger
from sora_batch.store import Store, changes
from sora_batch.store.changes import Page
from sora_batch.store.database import open_for_writing
from sora_batch.store.journal import Change, Journal
from tests.store.making import make_attempt, opened, submitted


@contextmanager
def journal_in(folder: Path) -> Iterator[tuple[Journal, sqlite3.Connection]]:
    path = folder / "state.db"
    db = open_for_writing(path)
    journal = Journal(db, path, Ledger())
    try:
        yield journal, db
    finally:
        journal.close()


def put(name: str, note: str = "") -> Change[None]:
    return partial(changes.put_attempt, attempt=make_attempt(name, note=note), budget=None)


def names(folder: Path) -> list[str]:
    db = sqlite3.connect(folder / "state.db")
    found = [str(row[0]) for row in db.execute("SELECT id FROM attempts ORDER BY seq")]
    db.close()
    return found


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    with journal_in(tmp_path) as (_, db):
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_refusal_reaches_only_its_caller(tmp_path: Path) -> None:
    def bug(page: Page) -> None:
        page.ledger = Ledger()
        page.db.execute("INSERT INTO pins VALUES ('half', 'done')")
        raise KeyError("a bug")

    async def scenario(journal: Journal) -> list[BaseException | None]:
        wanted: list[Change[None]] = [put("a1"), put("a2"), bug, put("a1"), put("a3")]
        clash: Change[None] = partial(
            changes.put_attempt,
            attempt=make_attempt(
                "a4", shot_id="shot-a1", fingerprint=make_attempt("a1").fingerprint
            ),
            budget=None,
        )
        return await asyncio.gather(
            *(journal.make(change) for change in [*wanted, clash]), return_exceptions=True
        )

    with journal_in(tmp_path) as (journal, db):
        answers = asyncio.run(scenario(journal))
        assert [type(answer) for answer in answers] == [
            *(type(None), type(None), KeyError, type(None), type(None), ChangeRefused)
        ]
        assert "still open" in str(answers[-1])
        assert str(journal.ledger.reserved) == "2.40"
        assert db.execute("SELECT count(*) FROM pins").fetchone() == (0,)
    assert names(tmp_path) == ["a1", "a2", "a3"]


def test_concurrent_changes_share_a_commit(tmp_path: Path) -> None:
    commits = 0

    def count(statement: str) -> None:
        nonlocal commits
        commits += statement == "COMMIT"

    async def scenario(journal: Journal) -> None:
        await asyncio.gather(*(journal.make(put(f"a{n}")) for n in range(500)))

    with journal_in(tmp_path) as (journal, db):
        db.set_trace_callback(count)
        asyncio.run(scenario(journal))
        db.set_trace_callback(None)
    assert len(names(tmp_path)) == 500
    assert commits < 50


def test_a_full_disk_fails_the_changes_that_do_not_fit_and_no_others(tmp_path: Path) -> None:
    async def scenario(journal: Journal, db: sqlite3.Connection) -> None:
        await journal.make(put("a1"))
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + 2}")
        large = put("large", "x" * 100_000)
        answers = await asyncio.gather(
            *(journal.make(c) for c in [put("a2"), large, put("a3")]), return_exceptions=True
        )
        assert isinstance(answers[1], OutputUnusable)
        assert "the disk is full" in str(answers[1])
        assert answers[0] is answers[2] is None
        assert str(journal.ledger.reserved) == "2.40"
        db.execute(f"PRAGMA max_page_count = {pages + 200}")
        await journal.make(large)

    with journal_in(tmp_path) as (journal, db):
        asyncio.run(scenario(journal, db))
    assert names(tmp_path) == ["a1", "a2", "a3", "large"]


def test_a_file_that_may_not_grow_is_said_and_later_changes_are_tried_honestly(
    tmp_path: Path,
) -> None:
    async def scenario(journal: Journal) -> None:
        await journal.make(put("a1"))
        with at_most((tmp_path / "state.db-wal").stat().st_size):
            for name in ("a2", "a3"):
                with pytest.raises(OutputUnusable, match=r"state\.db cannot be written"):
                    await journal.make(put(name))
        await journal.make(put("a4"))

    with journal_in(tmp_path) as (journal, _):
        asyncio.run(scenario(journal))
        assert str(journal.ledger.reserved) == "1.60"
    assert names(tmp_path) == ["a1", "a4"]


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """No file of this process grows over the size: what a quota does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_IOERR_FSYNC, OutputUnusable),
        (sqlite3.SQLITE_CORRUPT, StoreBroken),
    ],
)
def test_after_a_failure_of_the_disk_nothing_pretends_to_succeed(
    tmp_path: Path, code: int, kind: type[Exception]
) -> None:
    def fail(_page: Page) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = code
        raise error

    async def scenario(journal: Journal) -> None:
        await journal.make(put("a1"))
        failed = await asyncio.gather(
            *(journal.make(c) for c in [fail, put("a2")]), return_exceptions=True
        )
        assert [type(answer) for answer in failed] == [kind, kind]
        assert failed[0] is not failed[1]
        with pytest.raises(kind):
            await journal.make(put("a3"))

    with journal_in(tmp_path) as (journal, _):
        asyncio.run(scenario(journal))
        assert str(journal.ledger.reserved) == "0.80"
    assert names(tmp_path) == ["a1"]


def test_a_store_removed_under_a_run_is_noticed(tmp_path: Path) -> None:
    async def scenario(journal: Journal) -> None:
        await journal.make(put("a1"))
        (tmp_path / "state.db").rename(tmp_path / "moved.db")
        for name in ("a2", "a3"):
            with pytest.raises(OutputUnusable, match="removed or replaced"):
                await journal.make(put(name))

    with journal_in(tmp_path) as (journal, _):
        asyncio.run(scenario(journal))


def test_who_was_overtaken_orders_nothing_and_writes_down_what_it_knows(tmp_path: Path) -> None:
    """A lock that was lost while the process was frozen, or that never reached the other one."""

    async def scenario(frozen: Journal, other: Journal) -> None:
        await other.make(put("b1"))
        for intent in ("a2", "a1"):
            with pytest.raises(StoreBusy, match="another program has written"):
                await frozen.make(put(intent))
        job = submitted(make_attempt("a1"))
        await frozen.make(partial(changes.put_attempt, attempt=job, budget=None))
        with pytest.raises(StoreBusy):
            await frozen.make(put("a2"))

    path = tmp_path / "state.db"
    with journal_in(tmp_path) as (frozen, _):
        asyncio.run(_made(frozen, put("a1")))
        other = Journal(open_for_writing(path), path, Ledger())
        try:
            asyncio.run(scenario(frozen, other))
        finally:
            other.close()
    assert names(tmp_path) == ["a1", "b1"]


async def _made(journal: Journal, change: Change[None]) -> None:
    await journal.make(change)


def test_a_writer_that_dies_leaves_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dying(BaseException):
        pass

    def die(_page: Page) -> None:
        raise Dying

    async def scenario(journal: Journal) -> None:
        answers = await asyncio.gather(
            *(journal.make(c) for c in [die, put("a1")]), return_exceptions=True
        )
        assert all(isinstance(answer, OutputUnusable) for answer in answers)
        with pytest.raises(ChangeRefused, match="closed"):
            await journal.make(put("a2"))

    monkeypatch.setattr("threading.excepthook", lambda _args: None)
    with journal_in(tmp_path) as (journal, _):
        asyncio.run(scenario(journal))
    assert names(tmp_path) == []


def test_closing_makes_what_was_asked_for_and_refuses_the_rest(tmp_path: Path) -> None:
    async def scenario(journal: Journal) -> None:
        asked = [asyncio.ensure_future(journal.make(put(f"a{n}"))) for n in range(300)]
        await asyncio.sleep(0)
        await asyncio.to_thread(journal.close)
        with pytest.raises(ChangeRefused, match="closed"):
            await journal.make(put("late"))
        await asyncio.gather(*asked)

    with journal_in(tmp_path) as (journal, _):
        asyncio.run(scenario(journal))
    assert len(names(tmp_path)) == 300


def test_a_loop_that_is_gone_does_not_stop_the_writer(tmp_path: Path) -> None:
    with journal_in(tmp_path) as (journal, _):

        async def leave(name: str) -> None:
            task = asyncio.ensure_future(journal.make(put(name)))
            await asyncio.sleep(0)
            task.cancel()

        for n in range(5):
            asyncio.run(leave(f"a{n}"))
        asyncio.run(journal.make(put("last")))
    assert names(tmp_path)[-1] == "last"


def test_a_thousand_records_a_second_with_the_event_loop_free_and_memory_flat(
    tmp_path: Path,
) -> None:
    lags: list[float] = []

    async def measure() -> None:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.002)
            lags.append(time.perf_counter() - start - 0.002)

    async def a_hundred_at_once(store: Store, numbers: Iterator[int]) -> float:
        async def worker() -> None:
            for n in numbers:
                await store.record(make_attempt(f"a{n}"))
                await store.record(submitted(make_attempt(f"a{n}")))

        start = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(100)))
        return time.perf_counter() - start

    async def scenario() -> tuple[float, int]:
        async with opened(tmp_path) as store:
            meter = asyncio.create_task(measure())
            seconds = []
            for start in (0, 1000, 2000):
                seconds.append(await a_hundred_at_once(store, iter(range(start, start + 500))))
            meter.cancel()
            tracemalloc.start()
            await a_hundred_at_once(store, iter(range(10_000, 10_200)))
            left = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
            return min(seconds), left

    seconds, left = asyncio.run(scenario())
    assert 1000 / seconds > 1000
    assert statistics.median(lags) < 0.02
    assert left < 500_000
