"""How fast and how lean: the same work without faults, one contestant after the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Measured
from benchmarks.rivals.contestants import HERE, Contestant, Work
from benchmarks.rivals.counting import Pace, median_pace, whole
from benchmarks.rivals.simulated import (
    lay_out_big_clip,
    requests_per_job,
    served_clip,
    simulating,
)


def race(
    contestants: Sequence[Contestant],
    *,
    jobs: int,
    concurrency: int,
    rounds: int,
    clip_bytes: int = 0,
) -> list[Pace]:
    """The medians of each. They take turns, so that a busy moment of the machine hits them all."""
    paces: list[list[Pace]] = [[] for _ in contestants]
    for number in range(rounds):
        for contestant, mine in zip(contestants, paces, strict=True):
            mine.append(_lap(contestant, jobs, concurrency, clip_bytes))
            print(f"  {number + 1}: {contestant.name}: {mine[-1]}", file=sys.stderr)
    return [median_pace(laps) for laps in paces]


def _lap(contestant: Contestant, jobs: int, concurrency: int, clip_bytes: int) -> Pace:
    with tempfile.TemporaryDirectory() as name:
        server, mine = Path(name, "server"), Path(name, "mine")
        mine.mkdir()
        if clip_bytes:
            lay_out_big_clip(server, clip_bytes)
        with simulating(server, slots=concurrency) as (url, bill):
            work = Work(jobs, concurrency, url)
            contestant.prepare(work, mine)
            measured = _measured(contestant, mine)
        delivered = whole(contestant.clips(work, mine).values(), served_clip(server))
        return Pace(measured, requests_per_job(bill, jobs), delivered)


def _measured(contestant: Contestant, folder: Path) -> Measured:
    told = subprocess.run(
        [sys.executable, "-S", str(HERE / "usage.py"), *contestant.command],
        cwd=folder,
        env={**os.environ, **contestant.environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Measured(**json.loads(told.stdout))
