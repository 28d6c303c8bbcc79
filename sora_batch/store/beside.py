"""The jobs that the stores beside a store know: other manifests' on the same server."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sora_batch.errors import SoraBatchError
from sora_batch.shots import JobId
from sora_batch.store.database import STORE_NAME
from sora_batch.store.reader import read_store


def jobs_beside(folder: Path, base_url: str) -> set[JobId]:
    """The jobs on that server of the manifests whose output folders stand beside this one."""
    own = folder.resolve()
    found = set[JobId]()
    for store in own.parent.glob(f"*/{STORE_NAME}"):
        if store.parent != own:
            found |= _jobs_of(store.parent, base_url)
    return found


def _jobs_of(folder: Path, base_url: str) -> set[JobId]:
    # Not the store that was asked for: one that cannot be read only knows no jobs here.
    with suppress(SoraBatchError):
        reader = read_store(folder)
        if reader is not None:
            try:
                return reader.jobs(base_url)
            finally:
                reader.close()
    return set()
