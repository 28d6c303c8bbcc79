"""The store of one manifest: what was ordered, what it cost, which clips are kept.

One process writes; any number read. Every awaited change is on the disk before the await
returns, and a change that could not be made raises in exactly the coroutine that asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from sora_batch.clock import Clock
from sora_batch.records import Attempt, Clip, History, Ledger, RunId, RunRow
from sora_batch.shots import ShotId


def open_store(folder: Path, *, clock: Clock) -> Store:
    """The store in the folder, made if there is none, locked for this process.

    Raises StoreBusy, StoreBroken, OutputUnusable.
    """
    raise NotImplementedError


class Store:
    """The one writer. Reading functions see everything that was awaited before."""

    async def begin_run(self, row: RunRow) -> None:
        """A new run."""
        raise NotImplementedError

    async def end_run(self, run_id: RunId, ended_at: datetime, outcome: str) -> None:
        """The run's end and how it ended."""
        raise NotImplementedError

    async def record(self, attempt: Attempt, *, budget: Decimal | None = None) -> None:
        """The attempt as it now stands, whole. With `budget`, a new attempt is refused
        (BudgetExceeded) if its price does not fit beside what the ledger has committed."""
        raise NotImplementedError

    async def keep(self, attempt: Attempt | None, clip: Clip) -> None:
        """The clip and, in the same transaction, the finished attempt that made it."""
        raise NotImplementedError

    async def pin(self, url: str, sha256: str) -> None:
        """What the bytes behind the URL were."""
        raise NotImplementedError

    async def forgive(self, shot_ids: Iterable[ShotId], at: datetime) -> int:
        """Puts the failures of these shots aside; how many shots had any."""
        raise NotImplementedError

    async def accept(self, clip: Clip) -> None:
        """A clip row of origin `accepted`."""
        raise NotImplementedError

    def history(self, *, intact: Callable[[Clip], bool]) -> History:
        """What a plan is told about the past."""
        raise NotImplementedError

    def attempts(self, shot_id: ShotId | None = None) -> list[Attempt]:
        """All attempts, or one shot's, oldest first."""
        raise NotImplementedError

    def ledger(self) -> Ledger:
        """The five sums; costs nothing to ask."""
        raise NotImplementedError

    def runs(self) -> list[RunRow]:
        """All runs, oldest first."""
        raise NotImplementedError

    def pins(self) -> dict[str, str]:
        """Digest by URL."""
        raise NotImplementedError

    async def close(self) -> None:
        """Commits what was asked for, then lets the lock go."""
        raise NotImplementedError
