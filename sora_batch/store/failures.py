"""Says in the program's own words what SQLite refused or failed at. The one place that does."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from sora_batch.errors import (
    ChangeRefused,
    OutputUnusable,
    SoraBatchError,
    StoreBroken,
    StoreBusy,
)

_WRITE_ERRORS = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}
# A plain error is an SQL statement that does not fit: tables or columns are not what they were.
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
_AS_SYSTEM = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

SALVAGE = (
    "nothing was changed, and the clips beside it are untouched. Keep this file: it is the record"
    " of what was paid, and without it every shot would be ordered again. Put back a copy from a"
    " backup, or save what is legible with"
    " `sqlite3 state.db .recover | sqlite3 saved.db` and put saved.db in its place"
)


def unusable_for_writing(error: Exception, path: Path) -> SoraBatchError:
    """Why the store could not be opened or changed, as an exception of ours.

    What is no error of the system or of SQLite is a value in it that makes no sense.
    """
    if isinstance(error, OSError):
        return OutputUnusable.because(error, path)
    if not isinstance(error, sqlite3.Error):
        return broken(path, str(error))
    primary = code_of(error) & 0xFF
    if primary == sqlite3.SQLITE_CONSTRAINT:
        return ChangeRefused(f"the store refused a change: {_constraint(str(error))}")
    if primary in _DAMAGED:
        return broken(path, str(error))
    if primary in _BUSY:
        return StoreBusy(f"{path} is in use by another program", fix="close that program")
    if primary in _AS_SYSTEM:
        return OutputUnusable.because(OSError(_AS_SYSTEM[primary], ""), path)
    return OutputUnusable(f"{path} cannot be written: {error}", fix="look at the disk it is on")


def unusable_for_reading(error: Exception, path: Path) -> SoraBatchError:
    """Why the store could not be read, as an exception of ours."""
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return StoreBroken(f"{path} cannot be read: {reason}", fix="allow yourself to read it")
    if isinstance(error, sqlite3.Error) and (code_of(error) & 0xFF) in _BUSY:
        return StoreBusy(f"{path} is in use by another program", fix="close that program")
    return broken(path, str(error))


def may_be_tried_again(error: sqlite3.Error) -> bool:
    """Whether the store is as it was before the change, so that later changes can be trusted.

    After a failed fsync they cannot: the system may have dropped the pages it failed to write and
    calls the next fsync a success.
    """
    code = code_of(error)
    return code in _WRITE_ERRORS or (code & 0xFF) in _BUSY


def broken(path: Path, reason: str) -> StoreBroken:
    """That the file is no store, or not a whole one any more."""
    return StoreBroken(f"{path} is damaged and cannot be read: {reason}", fix=SALVAGE)


def code_of(error: sqlite3.Error) -> int:
    """SQLite's extended result code; a plain error where sqlite3 raised by itself."""
    code = getattr(error, "sqlite_errorcode", None)
    return code if isinstance(code, int) else sqlite3.SQLITE_ERROR


def _constraint(text: str) -> str:
    if "attempts.shot_id, attempts.fingerprint" in text:
        return "the shot has an attempt with these inputs whose outcome is still open"
    if "attempts.job_id" in text:
        return "another open attempt is waiting for the same job"
    return text.removeprefix("CHECK constraint failed: ").replace("_", " ")
