"""The store of one manifest: what was ordered, what it cost, which clips are kept.

One process writes; any number read. Every awaited change is on the disk before the await
returns, and a change that could not be made raises in exactly the coroutine that asked for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

from sora_batch.clock import Clock
from sora_batch.durable import sync_folder
from sora_batch.errors import OutputUnusable
from sora_batch.records import Attempt, Clip, History, Ledger, RunId, RunRow
from sora_batch.shots import ShotId
from sora_batch.store import changes
from sora_batch.store.database import STORE_NAME, open_for_reading, open_for_writing
from sora_batch.store.failures import broken
from sora_batch.store.journal import Journal
from sora_batch.store.lock import RunLock, take_lock
from sora_batch.store.reader import StoreReader


def open_store(folder: Path, *, clock: Clock) -> Store:
    """The store in the folder, made if there is none, locked for this process.

    Raises StoreBusy, StoreBroken, OutputUnusable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnusable.because(error, folder) from error
    lock = take_lock(folder, clock=clock)
    try:
        return _open_locked(folder / STORE_NAME, lock)
    except BaseException:
        lock.release()
        raise


def _open_locked(path: Path, lock: RunLock) -> Store:
    is_new = not path.exists()
    with ExitStack() as closing:
        db = open_for_writing(path)
        closing.callback(db.close)
        if is_new:
            # Commits save what is in the store; its own name is the folder's to save.
            sync_folder(path.parent)
            sync_folder(path.parent.parent)
        read = open_for_reading(path)
        if read is None:
            raise broken(path, "it is empty after it was made")
        reader = StoreReader(read, path)
        closing.callback(reader.close)
        journal = Journal(db, path, reader.ledger())
        closing.pop_all()
    return Store(journal, reader, lock)


class Store:
    """The one writer. Reading functions see everything that was awaited before."""

    def __init__(self, journal: Journal, reader: StoreReader, lock: RunLock) -> None:
        self._journal = journal
        self._reader = reader
        self._lock = lock

    async def begin_run(self, row: RunRow) -> None:
        """A new run."""
        await self._journal.make(partial(changes.begin_run, run=row))

    async def end_run(self, run_id: RunId, ended_at: datetime, outcome: str) -> None:
        """The run's end and how it ended."""
        await self._journal.make(
            partial(changes.end_run, run_id=run_id, ended_at=ended_at, outcome=outcome)
        )

    async def record(self, attempt: Attempt, *, budget: Decimal | None = None) -> None:
        """The attempt as it now stands, whole.

        With `budget`, a new attempt is refused if its price does not fit beside what the ledger
        has committed; the check and the reservation are one step, whoever else records meanwhile.
        Raises ChangeRefused, BudgetExceeded, OutputUnusable; nothing is recorded then. An intent is
        refused with StoreBusy once anybody else has written. A change whose await is cancelled is
        made all the same.
        """
        await self._journal.make(partial(changes.put_attempt, attempt=attempt, budget=budget))

    async def keep(self, attempt: Attempt | None, clip: Clip) -> None:
        """The clip and, in the same transaction, the finished attempt that made it."""
        await self._journal.make(partial(changes.put_clip, attempt=attempt, clip=clip))

    async def pin(self, url: str, sha256: str) -> None:
        """What the bytes behind the URL were."""
        await self._journal.make(partial(changes.put_pin, url=url, sha256=sha256))

    async def forgive(self, shot_ids: Iterable[ShotId], at: datetime) -> int:
        """Puts the failures of these shots aside; how many shots had any."""
        ids = tuple(shot_ids)
        return await self._journal.make(partial(changes.forgive, shot_ids=ids, at=at))

    async def accept(self, clip: Clip) -> None:
        """A clip that a person keeps for changed inputs: its row, of origin `accepted`."""
        await self.keep(None, replace(clip, origin="accepted"))

    def history(self, *, intact: Callable[[Clip], bool]) -> History:
        """What a plan is told about the past. `intact` says whether a clip's file is whole."""
        return self._reader.history(intact=intact)

    def as_of(self) -> str:
        """A word for the state of the store: another word, another state. "" before the first
        change, as where there is no store."""
        return self._reader.as_of()

    def attempts(self, shot_id: ShotId | None = None) -> list[Attempt]:
        """All attempts, or one shot's, oldest first."""
        return self._reader.attempts(shot_id)

    def open_attempts(self) -> list[Attempt]:
        """The attempts without a final state, oldest first."""
        return self._reader.open_attempts()

    def clips(self, shot_id: ShotId | None = None) -> list[Clip]:
        """All clips, or one shot's, oldest first."""
        return self._reader.clips(shot_id)

    def ledger(self) -> Ledger:
        """The five sums as of the last commit; costs nothing to ask."""
        return self._journal.ledger

    def runs(self) -> list[RunRow]:
        """All runs, oldest first."""
        return self._reader.runs()

    def pins(self) -> dict[str, str]:
        """Digest by URL."""
        return self._reader.pins()

    async def close(self) -> None:
        """Makes the changes that were asked for, then lets the file and the lock go."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._reader.close()
        self._journal.close()
        self._lock.release()
