"""One run at a time: a lock that dies with its process, and a note that says who holds it.

The lock is the kernel's (flock; Linux carries it over NFS too), so a killed process holds nothing.
The note beside it is only for words: it may be left behind by a kill and is then not believed.
"""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from sora_batch.clock import Clock
from sora_batch.errors import OutputUnusable, StoreBusy
from sora_batch.records import Holder

_LOCK = "state.lock"
_NOTE = "state.holder"

# Somebody who only asks whether a run is going on has the lock for a moment; a run takes longer.
_PATIENCE_S = 0.5


@dataclass(frozen=True, slots=True)
class RunLock:
    """The right to write a store, until `release` or the end of the process."""

    folder: Path
    lock: FileLock

    def release(self) -> None:
        """Lets the next process in."""
        with suppress(OSError):
            (self.folder / _NOTE).unlink()
        self.lock.release()


def take_lock(folder: Path, *, clock: Clock) -> RunLock:
    """The lock of the folder's store. Raises StoreBusy naming the holder, OutputUnusable."""
    lock = _taken(folder)
    note = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": clock.now().isoformat(timespec="seconds"),
    }
    try:
        (folder / _NOTE).write_text(json.dumps(note), encoding="utf-8")
    except OSError as error:
        lock.release()
        raise OutputUnusable.because(error, folder / _NOTE) from error
    return RunLock(folder, lock)


def require_free(folder: Path) -> None:
    """Raises StoreBusy naming the holder where somebody has the lock, OutputUnusable."""
    _taken(folder).release()


def holder(folder: Path) -> Holder | None:
    """Who has the lock now; None if nobody has."""
    if not (folder / _LOCK).exists():
        return None
    lock = _lock(folder)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return _noted(folder)
    except OSError:
        # In a folder we may not write the lock cannot be tried, so the note has to do.
        return _noted(folder) if _note(folder) and _may_be_alive(folder) else None
    lock.release()
    return None


def _taken(folder: Path) -> FileLock:
    lock = _lock(folder)
    try:
        lock.acquire(timeout=_PATIENCE_S, poll_interval=0.02)
    except Timeout as error:
        raise _busy(folder) from error
    except OSError as error:
        raise OutputUnusable.because(error, folder / _LOCK) from error
    return lock


def _busy(folder: Path) -> StoreBusy:
    who = _noted(folder)
    how = f" (Ctrl-C where it runs, or `kill {who.pid}`)" if who.is_here else ""
    fix = f"wait until it is finished or stop it{how}; `sora-batch status` works meanwhile"
    return StoreBusy(f"{folder} is in use by {who}", fix=fix)


def _lock(folder: Path) -> FileLock:
    return FileLock(folder / _LOCK, thread_local=False, mode=0o644)


def _note(folder: Path) -> dict[str, object]:
    with suppress(OSError, ValueError):
        data = json.loads((folder / _NOTE).read_text(encoding="utf-8"))
        if isinstance(data, dict):
            return data
    return {}


def _noted(folder: Path) -> Holder:
    note = _note(folder)
    pid, host, since = note.get("pid"), note.get("host"), str(note.get("since"))
    with suppress(ValueError):
        if isinstance(pid, int) and pid > 0 and isinstance(host, str):
            begun = datetime.fromisoformat(since).astimezone(UTC)
            return Holder(pid, host, begun, is_here=host == socket.gethostname())
    return Holder()


def _may_be_alive(folder: Path) -> bool:
    note = _note(folder)
    pid = note.get("pid")
    here = note.get("host") == socket.gethostname()
    if not here or not isinstance(pid, int) or pid < 1 or os.name == "nt":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
