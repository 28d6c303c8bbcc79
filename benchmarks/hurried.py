"""The program with a clock that runs faster, so that hours of waiting are drilled in minutes.

python -m benchmarks.hurried run m.yaml --yes

HURRY is how many times faster; the hurry began at HURRY_SINCE (unix seconds), so that several
processes agree on the time. Nothing else is changed: both `run` and `simulate` take their time from
the one class that is replaced here.
"""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta

import sora_batch.api.executing
import sora_batch.simulator.serving
from sora_batch.cli import main


class HurriedClock:
    """The machine's clock, so many times faster since a moment."""

    def __init__(self) -> None:
        self._times = float(os.environ["HURRY"])
        self._since = float(os.environ["HURRY_SINCE"])

    def now(self) -> datetime:
        """Aware UTC."""
        passed_s = (time.time() - self._since) * self._times
        return datetime.fromtimestamp(self._since, UTC) + timedelta(seconds=passed_s)

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic() * self._times

    async def sleep(self, seconds: float) -> None:
        """Returns after so many of its seconds."""
        await asyncio.sleep(seconds / self._times)


if __name__ == "__main__":
    for module in (sora_batch.api.executing, sora_batch.simulator.serving):
        setattr(module, "SystemClock", HurriedClock)  # noqa: B010 - it is not theirs to give away
    main()
