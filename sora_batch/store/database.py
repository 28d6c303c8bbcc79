"""Opens the SQLite file of a store, for writing or for reading, and says what is wrong with it.

The trap is durability: WAL with synchronous=FULL puts every commit on the disk before it returns;
with the usual NORMAL a power cut would take back orders that were already paid.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sora_batch.errors import SoraBatchError, StoreBroken
from sora_batch.store.failures import (
    broken,
    code_of,
    unusable_for_reading,
    unusable_for_writing,
)
from sora_batch.store.filesystem import MOUNTS, on_network
from sora_batch.store.migrations import STEPS, is_ours, needed_program, upgrade, version_of

STORE_NAME = "state.db"

_MAGIC = b"SQLite format 3\0"
_BUSY_S = 20.0
_CHECKED_WHOLE_BYTES = 8 << 20
_UNOPENED = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}


def open_for_writing(
    path: Path, *, steps: Sequence[str] = STEPS, mounts: Path = MOUNTS
) -> sqlite3.Connection:
    """The store, made or upgraded where needed. Raises StoreBroken, OutputUnusable, StoreBusy."""
    with _in_our_words(path, unusable_for_writing):
        _check_header(path)
        db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        with _closed_on_error(db):
            _check_version(db, path, len(steps))
            # SQLite's WAL needs memory shared by all its users, which no network file system
            # gives to two machines; there a rollback journal is slower and right.
            mode = "DELETE" if on_network(path, mounts=mounts) else "WAL"
            db.execute(f"PRAGMA journal_mode = {mode}")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA fullfsync = ON")
            db.execute("PRAGMA journal_size_limit = 67108864")
            upgrade(db, steps=steps)
            _check_bytes(db, path)
        return db


def open_for_reading(path: Path, *, steps: Sequence[str] = STEPS) -> sqlite3.Connection | None:
    """The store as it is, or None while nothing has been made. Raises StoreBroken.

    A store of an older version, and one in a folder where SQLite cannot keep its shared memory,
    is read from a copy in memory.
    """
    with _in_our_words(path, unusable_for_reading):
        if not path.exists() or not path.stat().st_size:
            return None
        _check_header(path)
        db = _connect_to_read(path)
        with _closed_on_error(db):
            _check_version(db, path, len(steps))
            version = version_of(db)
        if not version:
            db.close()
            return None
        return db if version == len(steps) else _upgraded(_in_memory(db), steps)


def _connect_to_read(path: Path) -> sqlite3.Connection:
    try:
        return _connect_in_place(path)
    except sqlite3.OperationalError as error:
        if (code_of(error) & 0xFF) not in _UNOPENED:
            raise
    with tempfile.TemporaryDirectory(prefix="sora-batch-") as folder:
        copy = Path(folder, STORE_NAME)
        shutil.copyfile(path, copy)
        for ending in ("-wal", "-journal"):
            log = path.with_name(path.name + ending)
            if log.exists():
                shutil.copyfile(log, copy.with_name(copy.name + ending))
        return _in_memory(sqlite3.connect(copy, isolation_level=None))


def _connect_in_place(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    with _closed_on_error(db):
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return db


def _in_memory(source: sqlite3.Connection) -> sqlite3.Connection:
    """A copy that nothing else can see; the source is closed, whether or not it could be read."""
    with closing(source):
        db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        with _closed_on_error(db):
            source.backup(db)
        return db


def _upgraded(db: sqlite3.Connection, steps: Sequence[str]) -> sqlite3.Connection:
    with _closed_on_error(db):
        upgrade(db, steps=steps)
    return db


def _check_header(path: Path) -> None:
    if not path.exists():
        return
    if path.is_dir():
        raise StoreBroken(f"{path} is a folder, not a store", fix="move it away")
    with path.open("rb") as file:
        start = file.read(len(_MAGIC))
    if start and start != _MAGIC:
        raise broken(path, "it is not an SQLite database")


def _check_version(db: sqlite3.Connection, path: Path, known: int) -> None:
    if not is_ours(db):
        raise StoreBroken(f"{path} is another program's database, not a store", fix="move it away")
    found = version_of(db)
    if found <= known:
        return
    program = needed_program(db)
    needed = f"sora-batch {program} or newer" if program else "a newer sora-batch"
    raise StoreBroken(
        f"{path} has store version {found}; this program knows versions up to {known}",
        fix=f"use {needed}; nothing was changed",
    )


def _check_bytes(db: sqlite3.Connection, path: Path) -> None:
    """A look at every page of a small store, and at the ends of a large one."""
    if path.stat().st_size <= _CHECKED_WHOLE_BYTES:
        found = [str(row[0]) for row in db.execute("PRAGMA quick_check(3)")]
        if found != ["ok"]:
            raise broken(path, "; ".join(found))
        return
    for table in ("runs", "attempts", "clips"):
        for order in ("ASC", "DESC"):
            db.execute(f"SELECT * FROM {table} ORDER BY seq {order} LIMIT 100").fetchall()  # noqa: S608


@contextmanager
def _closed_on_error(db: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        db.close()
        raise


@contextmanager
def _in_our_words(path: Path, said: Callable[[Exception, Path], SoraBatchError]) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError, ValueError) as error:
        raise said(error, path) from error
