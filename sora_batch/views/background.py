"""Keeps what shows a run out of the run's way: events are handed over, and shown by another thread.

A terminal that is held (Ctrl-S, a pager) would otherwise hold polls and downloads too.
"""

from __future__ import annotations

import queue
import threading
from types import TracebackType
from typing import Protocol, Self

from sora_batch.events import Event


class Watcher(Protocol):
    """An observer that also wants to know when time passes without events, and when it is over."""

    def __call__(self, event: Event) -> None:
        """Something happened."""
        ...

    def tick(self) -> None:
        """Nothing happened for a second."""
        ...

    def close(self) -> None:
        """Nothing more will come."""
        ...


class Background:
    """An observer that hands every event to a watcher in a thread of its own, and ticks it.

    What goes wrong in the watcher is raised when the block ends: the run goes first.
    """

    def __init__(self, watcher: Watcher, *, tick_s: float = 1.0) -> None:
        self._watcher = watcher
        self._tick_s = tick_s
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="progress", daemon=True)
        self._broke: Exception | None = None

    def __call__(self, event: Event) -> None:
        """Takes the event and returns at once."""
        self._events.put(event)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._events.put(None)
        self._thread.join()
        if self._broke is not None and error is None:
            raise self._broke

    def _work(self) -> None:
        try:
            self._show()
        except Exception as error:  # noqa: BLE001 - told when the run is over, which goes first
            self._broke = error

    def _show(self) -> None:
        while True:
            try:
                event = self._events.get(timeout=self._tick_s)
            except queue.Empty:
                self._watcher.tick()
                continue
            if event is None:
                break
            self._watcher(event)
        self._watcher.close()
