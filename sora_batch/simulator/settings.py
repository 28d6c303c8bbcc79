"""How the simulator behaves: how long it takes, how much it does at once, what it charges."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Literal

from sora_batch.simulator.dialects import Dialect, dialect_named
from sora_batch.simulator.faults import FaultScript
from sora_batch.simulator.latency import Latency

Speed = Literal["render", "instant", "timed"]


def _cores() -> int:
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorSettings:
    """What `create_app` is told.

    `speed` is `render` for real animatics; `instant` for a job that is completed by the time it is
    acknowledged, with a plain clip of the right size and length; `timed` for one that takes
    `latency` of the given clock and then gets that same plain clip.
    `slots` is how many jobs are worked on at once: one thread each when rendering.
    `dialect` is the server family it passes for, `model` the one it serves or has loaded where the
    family cares. `faults` is what goes wrong, `seed` what latencies are drawn by.
    `requests_per_minute` is how many orders it takes in a minute, None for any.
    `price_per_second_usd` is what the bill charges for each second rendered.
    The limits guard the machine: an upload is refused before it is read whole.
    """

    speed: Speed = "render"
    slots: int = 0
    latency: Latency = field(default_factory=partial(Latency.fixed, 1.0))
    dialect: str = "local"
    model: str = "Wan-AI/Wan2.2-T2V-A14B-Diffusers"
    faults: FaultScript = field(default_factory=FaultScript)
    seed: int = 0
    requests_per_minute: int | None = None
    price_per_second_usd: Decimal = Decimal(0)
    upload_limit_bytes: int = 40 * 1024 * 1024
    longest_seconds: Decimal = Decimal(600)
    largest_side: int = 4096

    @property
    def speaks(self) -> Dialect:
        """The record of its dialect. Raises UsageError for one nobody knows."""
        return dialect_named(self.dialect)

    @property
    def workers(self) -> int:
        """`slots`, or one for each core where it was left at 0."""
        return self.slots or _cores()
