"""What the figures come to: a server's bill against what was delivered, medians, tables."""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.measure import Measured


@dataclass(frozen=True, slots=True)
class Money:
    """What so many wanted shots came to.

    `created` counts jobs the server accepted, `delivered` shots whose clip is there whole,
    `wasted` clips that were paid for beyond those: made twice, or not kept.
    `runs` is how often the program was started, `wall_s` how long all of that took.
    """

    wanted: int
    created: int
    delivered: int
    wasted: int
    billed_usd: Decimal
    runs: int
    wall_s: float

    def __add__(self, other: Money) -> Money:
        """Both together."""
        return Money(
            *(getattr(self, name) + getattr(other, name) for name in Money.__dataclass_fields__)
        )


def money_of(
    bill: Mapping[str, Any], *, wanted: int, delivered: int, runs: int, wall_s: float
) -> Money:
    """By the bill of `sora-batch simulate --json`."""
    return Money(
        wanted=wanted,
        created=bill["accepted"],
        delivered=delivered,
        wasted=bill["rendered"] - delivered,
        billed_usd=Decimal(bill["owed_usd"]),
        runs=runs,
        wall_s=wall_s,
    )


def whole(clips: Iterable[Path], served: Path) -> int:
    """How many of the files are byte for byte what the server serves."""
    if not served.exists():
        return 0
    digest = hashlib.sha256(served.read_bytes()).digest()
    return sum(hashlib.sha256(clip.read_bytes()).digest() == digest for clip in clips)


@dataclass(frozen=True, slots=True)
class Pace:
    """One run of the same work: the process, its requests for a job's state, what came of it."""

    measured: Measured
    asked_per_job: float
    delivered: int


def median_pace(paces: Sequence[Pace]) -> Pace:
    """The median of each figure by itself."""
    runs = [pace.measured for pace in paces]
    return Pace(
        Measured(
            wall_s=statistics.median(run.wall_s for run in runs),
            cpu_s=statistics.median(run.cpu_s for run in runs),
            peak_mb=statistics.median(run.peak_mb for run in runs),
            exit_code=max(run.exit_code for run in runs),
        ),
        asked_per_job=statistics.median(pace.asked_per_job for pace in paces),
        delivered=min(pace.delivered for pace in paces),
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
