"""Reads a store, also while another process writes it; never changes a byte of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sora_batch.records import Attempt, Clip, History, Ledger, RunRow
from sora_batch.shots import ShotId


def read_store(folder: Path) -> StoreReader | None:
    """The store in the folder for reading; None where there is none yet. Raises StoreBroken."""
    raise NotImplementedError


class StoreReader:
    """A look at a store; each function sees one consistent moment of it."""

    def history(self, *, intact: Callable[[Clip], bool]) -> History:
        """What a plan is told about the past."""
        raise NotImplementedError

    def attempts(self, shot_id: ShotId | None = None) -> list[Attempt]:
        """All attempts, or one shot's, oldest first."""
        raise NotImplementedError

    def clips(self, shot_id: ShotId | None = None) -> list[Clip]:
        """All clips, or one shot's, oldest first."""
        raise NotImplementedError

    def ledger(self) -> Ledger:
        """The five sums over all attempts."""
        raise NotImplementedError

    def runs(self) -> list[RunRow]:
        """All runs, oldest first."""
        raise NotImplementedError

    def pins(self) -> dict[str, str]:
        """Digest by URL."""
        raise NotImplementedError

    def holder(self) -> str | None:
        """Who runs this manifest now, in words; None if nobody does."""
        raise NotImplementedError

    def close(self) -> None:
        """Lets the file go."""
        raise NotImplementedError
