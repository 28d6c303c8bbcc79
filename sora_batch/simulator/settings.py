"""How the simulator behaves: how long it takes, how much it does at once, what it charges."""

from __future__ import annotations

import os
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Speed = Literal["render", "instant", "timed"]


def _cores() -> int:
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorSettings:
    """What `create_app` is told.

    `speed` is `render` for real animatics; `instant` for a job that is completed by the time it is
    acknowledged, with a plain clip of the right size and length; `timed` for one that takes
    `render_seconds` of the given clock and then gets that same plain clip.
    `slots` is how many jobs are worked on at once: one thread each when rendering.
    `price_per_second_usd` is what the bill charges for each second rendered.
    The limits guard the machine: an upload is refused before it is read whole.
    """

    speed: Speed = "render"
    slots: int = 0
    render_seconds: float = 1.0
    price_per_second_usd: Decimal = Decimal(0)
    upload_limit_bytes: int = 40 * 1024 * 1024
    longest_seconds: Decimal = Decimal(600)
    largest_side: int = 4096

    @property
    def workers(self) -> int:
        """`slots`, or one for each core where it was left at 0."""
        return self.slots or _cores()
