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
from pathlib import Path

from filelock import FileLock, Timeout

from sora_batch.clock import Clock
from sora_batch.errors import OutputUnusable, StoreBusy

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
    lock = _lock(folder)
    try:
        lock.acquire(timeout=_PATIENCE_S, poll_interval=0.02)
    except Timeout as error:
        who = _noted(folder) or "another process"
        raise StoreBusy(
            f"{folder} is in use by {who}",
            fix="wait until it is finished or stop it; `sora-batch status` works meanwhile",
        ) from error
    except OSError as error:
        raise OutputUnusable.because(error, folder / _LOCK) from error
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


def holder(folder: Path) -> str | None:
    """Who has the lock now, as "process 12 on host since ..."; None if nobody has."""
    if not (folder / _LOCK).exists():
        return None
    lock = _lock(folder)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return _noted(folder) or "another process"
    except OSError:
        # In a folder we may not write the lock cannot be tried, so the note has to do.
        return _noted(folder) if _may_be_alive(folder) else None
    lock.release()
    return None


def _lock(folder: Path) -> FileLock:
    return FileLock(folder / _LOCK, thread_local=False, mode=0o644)


def _note(folder: Path) -> dict[str, object]:
    with suppress(OSError, ValueError):
        data = json.loads((folder / _NOTE).read_text(encoding="utf-8"))
        if isinstance(data, dict):
            return data
    return {}


def _noted(folder: Path) -> str | None:
    note = _note(folder)
    if not {"pid", "host", "since"} <= note.keys():
        return None
    return f"process {note['pid']} on {note['host']} since {note['since']}"


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
