"""Runs whole processes and measures them: wall time, processor time, peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAM = [sys.executable, "-m", "sora_batch"]


@dataclass(frozen=True, slots=True)
class Measured:
    """One process: seconds of wall and of processor, peak memory in MB, and what it answered."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    exit_code: int


def measure(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str] | None = None
) -> Measured:
    """Runs the command once, its output thrown away."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(
        wall_s=time.perf_counter() - began,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
        exit_code=process.returncode,
    )


def median_of(
    runs: int, once: Callable[[], Measured], *, expected: Sequence[int] = (0,)
) -> Measured:
    """The run with the median wall time. Raises RuntimeError where one answered otherwise."""
    measured = [once() for _ in range(runs)]
    for one in measured:
        if one.exit_code not in expected:
            raise RuntimeError(f"the command answered {one.exit_code}, not {expected}")
    middle = statistics.median_low(one.wall_s for one in measured)
    return next(one for one in measured if one.wall_s == middle)


def row(what: str, measured: Measured, note: str = "") -> str:
    """One line of a table."""
    return (
        f"{what:<44} {measured.wall_s:8.2f} s {measured.cpu_s:8.2f} cpu-s "
        f"{measured.peak_mb:7.0f} MB  {note}"
    )
