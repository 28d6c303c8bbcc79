"""Where the words of a run go that has no terminal: `run.log` in the output folder.

A log belongs to one run and names it near its beginning; the one before it is kept beside it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sora_batch.records import RunRow

LOG = "run.log"
EARLIER_LOG = "run.earlier.log"

_HEAD_BYTES = 4096


def keep_log(said: Path, folder: Path) -> Path:
    """Gives what a run says its name in the folder, for the process that has the store.

    What is written to it goes on. Raises OSError.
    """
    log = folder / LOG
    with suppress(FileNotFoundError):
        log.replace(folder / EARLIER_LOG)
    said.replace(log)
    return log


def log_of(run: RunRow | None, folder: Path) -> Path | None:
    """The log of this run; None where it wrote to a terminal."""
    if run is None:
        return None
    try:
        with (folder / LOG).open("rb") as log:
            head = log.read(_HEAD_BYTES)
    except OSError:
        return None
    return folder / LOG if run.id.encode() in head else None
