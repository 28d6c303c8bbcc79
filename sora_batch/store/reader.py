"""Reads a store, also while another process writes it; never changes a byte of it."""

from __future__ import annotations

import sqlite3
import statistics
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sora_batch.records import Attempt, Clip, History, Holder, Ledger, Money, RunRow
from sora_batch.shots import Fingerprint, JobId, ShotId
from sora_batch.store.database import STORE_NAME, open_for_reading
from sora_batch.store.failures import unusable_for_reading
from sora_batch.store.ledger import amount_of, sum_up
from sora_batch.store.lock import holder
from sora_batch.store.rows import (
    ATTEMPT_COLUMNS,
    CLIP_COLUMNS,
    RUN_COLUMNS,
    Row,
    attempt_from,
    clip_from,
    decimal_or_none,
    run_from,
)

_ATTEMPTS = f"SELECT {', '.join(ATTEMPT_COLUMNS)} FROM attempts"  # noqa: S608
_CLIPS = f"SELECT {', '.join(CLIP_COLUMNS)} FROM clips"  # noqa: S608
_RUNS = f"SELECT {', '.join(RUN_COLUMNS)} FROM runs ORDER BY seq"  # noqa: S608
_JOBS = "SELECT job_id FROM attempts WHERE base_url = ? AND job_id IS NOT NULL"
_LAST_FILE = "SELECT file FROM runs ORDER BY seq DESC LIMIT 1"
_OPEN = f"{_ATTEMPTS} WHERE state NOT IN ('done', 'failed', 'cancelled') ORDER BY seq"
_FAILED = f"{_ATTEMPTS} WHERE state = 'failed' AND forgiven = 0 ORDER BY seq"
_SUMS = "SELECT money, price_usd, spent_usd, count(*) FROM attempts GROUP BY 1, 2, 3"
_RENDERS = "SELECT model, seconds, render_s FROM attempts WHERE render_s IS NOT NULL"


def read_store(folder: Path) -> StoreReader | None:
    """The store in the folder for reading; None where there is none yet. Raises StoreBroken."""
    path = folder / STORE_NAME
    db = open_for_reading(path)
    return None if db is None else StoreReader(db, path)


class StoreReader:
    """A look at a store; each function sees one consistent moment of it."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path
        self._one_at_a_time = threading.Lock()

    def history(self, *, intact: Callable[[Clip], bool]) -> History:
        """What a plan is told about the past. `intact` says whether a clip's file is whole."""
        with self._moment() as db:
            clips = [clip_from(row) for row in db.execute(f"{_CLIPS} ORDER BY seq")]
            open_attempts = tuple(attempt_from(row) for row in db.execute(_OPEN))
            failed = _by_fingerprint(attempt_from(row) for row in db.execute(_FAILED))
            ledger = _ledger(db.execute(_SUMS))
            render_seconds = _medians(db.execute(_RENDERS))
            as_of = _as_of(db)
            last = db.execute(_LAST_FILE).fetchone()
        # Files are looked at only now: a slow disk must not keep the writer's log from shrinking.
        return History(
            clips=_intact(clips, intact),
            latest={clip.shot_id: clip for clip in clips},
            open=open_attempts,
            failed=failed,
            ledger=ledger,
            render_seconds=render_seconds,
            as_of=as_of,
            last_file=last[0] if last is not None else "",
        )

    def as_of(self) -> str:
        """A word for the state of the store: another word, another state. "" before the first
        change, as where there is no store."""
        with self._moment() as db:
            return _as_of(db)

    def attempts(self, shot_id: ShotId | None = None) -> list[Attempt]:
        """All attempts, or one shot's, oldest first."""
        with self._moment() as db:
            return [attempt_from(row) for row in _of_shot(db, _ATTEMPTS, shot_id)]

    def open_attempts(self) -> list[Attempt]:
        """The attempts without a final state, oldest first."""
        with self._moment() as db:
            return [attempt_from(row) for row in db.execute(_OPEN)]

    def jobs(self, base_url: str) -> set[JobId]:
        """The jobs on that server that any attempt has or had."""
        with self._moment() as db:
            return {JobId(row[0]) for row in db.execute(_JOBS, (base_url,))}

    def clips(self, shot_id: ShotId | None = None) -> list[Clip]:
        """All clips, or one shot's, oldest first."""
        with self._moment() as db:
            return [clip_from(row) for row in _of_shot(db, _CLIPS, shot_id)]

    def ledger(self) -> Ledger:
        """The five sums over all attempts."""
        with self._moment() as db:
            return _ledger(db.execute(_SUMS))

    def runs(self) -> list[RunRow]:
        """All runs, oldest first."""
        with self._moment() as db:
            return [run_from(row) for row in db.execute(_RUNS)]

    def pins(self) -> dict[str, str]:
        """Digest by URL."""
        with self._moment() as db:
            return dict(db.execute("SELECT url, sha256 FROM pins ORDER BY url"))

    def holder(self) -> Holder | None:
        """Who runs this manifest now; None if nobody does."""
        return holder(self._path.parent)

    def close(self) -> None:
        """Lets the file go."""
        with self._one_at_a_time:
            self._db.close()

    @contextmanager
    def _moment(self) -> Iterator[sqlite3.Connection]:
        """One consistent state of the store, and whatever is wrong with it in our words."""
        with self._one_at_a_time:
            try:
                self._db.execute("BEGIN")
                try:
                    yield self._db
                finally:
                    self._db.rollback()
            except (sqlite3.Error, ValueError, ArithmeticError, LookupError, TypeError) as error:
                raise unusable_for_reading(error, self._path) from error


def _as_of(db: sqlite3.Connection) -> str:
    name, changes = db.execute("SELECT id, changes FROM store").fetchone()
    return f"{name}.{changes}" if changes else ""


def _of_shot(db: sqlite3.Connection, select: str, shot_id: ShotId | None) -> Iterable[Row]:
    if shot_id is None:
        return db.execute(f"{select} ORDER BY seq")
    return db.execute(f"{select} WHERE shot_id = ? ORDER BY seq", (shot_id,))


def _by_fingerprint(attempts: Iterable[Attempt]) -> dict[Fingerprint, tuple[Attempt, ...]]:
    groups: defaultdict[Fingerprint, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        groups[attempt.fingerprint].append(attempt)
    return {fingerprint: tuple(some) for fingerprint, some in groups.items()}


def _intact(clips: list[Clip], intact: Callable[[Clip], bool]) -> dict[Fingerprint, Clip]:
    """By fingerprint the newest clip whose file is whole."""
    found: dict[Fingerprint, Clip] = {}
    for clip in reversed(clips):
        if clip.fingerprint not in found and intact(clip):
            found[clip.fingerprint] = clip
    return dict(reversed(found.items()))


def _ledger(rows: Iterable[Row]) -> Ledger:
    return sum_up(
        (Money(money), count * amount_of(decimal_or_none(price), decimal_or_none(spent)))
        for money, price, spent, count in rows
    )


def _medians(rows: Iterable[Row]) -> dict[tuple[str, str], float]:
    groups: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for model, seconds, render_s in rows:
        groups[model, seconds].append(render_s)
    return {key: statistics.median(values) for key, values in groups.items()}
