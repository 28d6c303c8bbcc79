"""The writer thread: takes changes from coroutines and commits them in groups.

Changes that arrive while a commit waits for the disk go into the next one together, so a hundred
coroutines share an fsync and the event loop waits for none. Each change has a savepoint of its
own: what one is refused for, no other hears of.

A change is made even if nobody waits for it any more: dropping a job id because its coroutine was
cancelled would lose a clip that was paid for.
"""

from __future__ import annotations

import asyncio
import copy
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from sora_batch.errors import ChangeRefused, OutputUnusable, SoraBatchError
from sora_batch.records import Ledger
from sora_batch.store.changes import Page, changes_of
from sora_batch.store.failures import may_be_tried_again, unusable_for_writing

T = TypeVar("T")
Change: TypeAlias = Callable[[Page], T]

_GROUP = 200
"""The most changes in a transaction: more would make the first of them wait for the last."""


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    change: Change[T]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[T]


@dataclass(frozen=True, slots=True)
class _Outcome:
    entry: _Entry[Any]
    value: object = None
    error: Exception | None = None


class Journal:
    """Owns the connection that writes. `ledger` is always that of the last commit."""

    def __init__(self, db: sqlite3.Connection, path: Path, ledger: Ledger) -> None:
        self.ledger = ledger
        self._path = path
        self._page = Page(db, ledger)
        self._changes = changes_of(db)
        self._file = _identity(path)
        self._broken: SoraBatchError | None = None
        self._closed = False
        self._door = threading.Lock()
        self._queue: queue.SimpleQueue[_Entry[Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="sora-batch-store", daemon=True)
        self._thread.start()

    async def make(self, change: Change[T]) -> T:
        """What the change returns, once it is on the disk; raises what it was refused for."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._door:
            if self._closed:
                raise ChangeRefused(f"{self._path} is closed")
            self._queue.put(_Entry(change, loop, future))
        return await future

    def close(self) -> None:
        """Makes the changes that were asked for, then lets the file go. Blocks until then."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _write(self) -> None:
        group: list[_Entry[Any]] = []
        try:
            while group := self._next_group():
                _deliver(self._commit(group))
        except BaseException as error:
            # Nothing may wait for ever for a thread that is gone.
            self._give_up(f"the store's writer stopped: {error!r}", group)
            raise
        finally:
            self._page.db.close()

    def _next_group(self) -> list[_Entry[Any]]:
        group: list[_Entry[Any]] = []
        entry = self._queue.get()
        while entry is not None:
            group.append(entry)
            if len(group) == _GROUP:
                return group
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                return group
        if group:
            self._queue.put(None)
        return group

    def _commit(self, group: list[_Entry[Any]]) -> list[_Outcome]:
        if self._broken is not None:
            return self._refuse(group, self._broken)
        try:
            return self._transaction(group)
        except sqlite3.Error as error:
            self._roll_back()
            if may_be_tried_again(error):
                if len(group) > 1:
                    # One of them may be too large for what the disk has left; the others are not.
                    return [outcome for entry in group for outcome in self._commit([entry])]
                return [_Outcome(group[0], error=unusable_for_writing(error, self._path))]
            self._broken = unusable_for_writing(error, self._path)
        except OutputUnusable as error:
            self._roll_back()
            self._broken = error
        return self._refuse(group, self._broken)

    def _transaction(self, group: list[_Entry[Any]]) -> list[_Outcome]:
        db, page = self._page.db, self._page
        self._check_file()
        db.execute("BEGIN IMMEDIATE")
        # A lock may be lost, or not reach the other machine at all: who has been overtaken may
        # write down what it knows, and orders nothing.
        page.is_alone = page.is_alone and changes_of(db) == self._changes
        outcomes = [self._change(entry) for entry in group]
        if any(outcome.error is None for outcome in outcomes):
            db.execute("UPDATE store SET changes = changes + 1")
        changed = changes_of(db)
        db.execute("COMMIT")
        self._check_file()
        self._changes = changed
        self.ledger = page.ledger
        return outcomes

    def _change(self, entry: _Entry[Any]) -> _Outcome:
        db, before = self._page.db, self._page.ledger
        db.execute("SAVEPOINT change")
        try:
            value = entry.change(self._page)
        except (sqlite3.IntegrityError, UnicodeDecodeError) as error:
            # Overwritten bytes show in SQLite's own messages too, which then cannot be decoded.
            refusal: Exception = unusable_for_writing(error, self._path)
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - it is the caller's, who gets it
            refusal = error
        else:
            db.execute("RELEASE change")
            return _Outcome(entry, value)
        db.execute("ROLLBACK TO change")
        db.execute("RELEASE change")
        self._page.ledger = before
        return _Outcome(entry, error=refusal)

    def _roll_back(self) -> None:
        self._page.ledger = self.ledger
        if self._page.db.in_transaction:
            with suppress(sqlite3.Error):  # a full disk may have rolled back already
                self._page.db.execute("ROLLBACK")

    def _check_file(self) -> None:
        if _identity(self._path) != self._file:
            # SQLite would go on writing, without an error, into a file that has no name any more.
            raise OutputUnusable(
                f"{self._path} was removed or replaced while it was being written",
                fix="put it back before the next run: it is the record of what was paid",
            )

    def _give_up(self, reason: str, group: list[_Entry[Any]]) -> None:
        with self._door:
            self._closed = True
        self._broken = OutputUnusable(f"{self._path} cannot be written: {reason}")
        waiting = list(group)
        with suppress(queue.Empty):
            while True:
                entry = self._queue.get_nowait()
                if entry is not None:
                    waiting.append(entry)
        _deliver(self._refuse(waiting, self._broken))

    @staticmethod
    def _refuse(group: list[_Entry[Any]], error: SoraBatchError) -> list[_Outcome]:
        # Each caller gets an exception of its own: one that is raised twice mixes its tracebacks.
        return [_Outcome(entry, error=copy.copy(error)) for entry in group]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = os.stat(path)  # noqa: PTH116 - once a commit
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _deliver(outcomes: list[_Outcome]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Outcome]] = {}
    for outcome in outcomes:
        by_loop.setdefault(outcome.entry.loop, []).append(outcome)
    for loop, own in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody is waiting any more
            loop.call_soon_threadsafe(_settle, own)


def _settle(outcomes: list[_Outcome]) -> None:
    for outcome in outcomes:
        future = outcome.entry.future
        if future.done():
            continue
        if outcome.error is None:
            future.set_result(outcome.value)
        else:
            future.set_exception(outcome.error)
