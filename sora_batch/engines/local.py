"""The engine of one machine: a bounded pool of threads.

Threads are enough: decoding, scaling, hashing and the disk all let other threads run meanwhile.
More threads than processors only take memory, a decoded picture at a time.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from sora_batch.media import OPERATIONS
from sora_batch.media.operation import Operation, perform
from sora_batch.shots import Json

_MOST_WORKERS = 8


class LocalEngine:
    """Runs operations in threads of this process; what is more than `workers` waits its turn."""

    def __init__(
        self, workers: int | None = None, *, operations: Mapping[str, Operation] = OPERATIONS
    ) -> None:
        """`workers` defaults to one a processor, up to 8."""
        self._operations = operations
        self._pool = ThreadPoolExecutor(
            workers or min(_MOST_WORKERS, os.cpu_count() or 1), thread_name_prefix="media"
        )

    async def run(
        self, operation: str, spec: Mapping[str, Json], *, key: str
    ) -> Mapping[str, Json]:
        """The operation's answer. Raises OperationFailed; a local worker is never lost.

        Whoever is cancelled while waiting leaves the operation to finish by itself, which does no
        harm: it writes to a temporary name. `key` is of no use here.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, perform, self._operations, operation, spec)

    async def close(self) -> None:
        """Waits for everything that was asked for and lets the threads go."""
        await asyncio.to_thread(self._pool.shutdown)
