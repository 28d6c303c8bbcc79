"""The seam behind which media work runs: on this machine, or on a cluster.

An operation is a named function, JSON in, JSON out. It is free and may run twice: it writes to a
temporary name and renames. Nothing that spends money and nothing secret crosses this seam.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sora_batch.media.operation import OperationFailed
from sora_batch.shots import Json

__all__ = ["Engine", "EngineLost", "OperationFailed"]


class EngineLost(Exception):
    """A worker went away under the operation; it may simply be run again."""


class Engine(Protocol):
    """Runs operations somewhere else than in the event loop."""

    async def run(
        self, operation: str, spec: Mapping[str, Json], *, key: str
    ) -> Mapping[str, Json]:
        """The operation's answer.

        `operation` is a name of `media.OPERATIONS`, `key` says whose work it is.
        Raises OperationFailed when the operation failed, EngineLost when its worker did.
        """
        ...

    async def close(self) -> None:
        """Waits for what runs and lets the workers go."""
        ...
