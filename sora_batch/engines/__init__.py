"""Where media work runs. The registry of engines; a new one must pass tests/engines."""

from __future__ import annotations

from collections.abc import Callable

from sora_batch.engines.engine import Engine
from sora_batch.engines.local import LocalEngine


def local_engine(workers: int | None = None) -> Engine:
    """The threads of this machine: one a processor, or as many as told."""
    return LocalEngine(workers)


ENGINES: dict[str, Callable[[], Engine]] = {"local": local_engine}
