"""How fast a run is against a server in a process of its own: clips a second, makespan, memory.

python -m benchmarks.rendering [--shots N] [--runs N] [--only WORDS]

The makespan is compared with max(longest chain, total render time / concurrency), for a server that
takes a fixed time a job (`timed`). Wall time is the whole process, the start of Python included.
Jobs of a minute are rendered in scaled time: both sides' seconds are a fifth as long.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.manifests import write_specs
from benchmarks.measure import PROGRAM, Measured, measure, row
from benchmarks.serving import serving

CONCURRENCY = 100
SIZE = "128x72"
HURRIED = [sys.executable, "-m", "benchmarks.hurried"]
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Case:
    """Jobs of `render_s` each, in chains so long, with seconds that pass `hurry` times as fast."""

    what: str
    render_s: float = 0.0
    chain: int = 1
    hurry: int = 1

    def bound_s(self, shots: int) -> float:
        """The least that so many shots can take."""
        return max(self.chain * self.render_s, shots * self.render_s / CONCURRENCY)


CASES = [
    Case("instant server"),
    Case("1 s a job", 1.0),
    Case("1 s a job, chains of 4", 1.0, 4),
    Case("60 s a job", 60.0, 1, 5),
    Case("60 s a job, chains of 4", 60.0, 4, 5),
]


def run_once(folder: Path, shots: int, case: Case) -> tuple[Measured, Measured, float]:
    """A run, the same run again, and how many of its own seconds the first took."""
    speed = "timed" if case.render_s else "instant"
    server = folder / "server"
    with serving(
        server, speed=speed, slots=CONCURRENCY, render_s=case.render_s / case.hurry
    ) as url:
        manifest = write_specs(
            folder / "bench.yaml",
            shots,
            chain=case.chain,
            url=url,
            concurrency=CONCURRENCY,
            size=SIZE,
        )
        program = PROGRAM if case.hurry == 1 else HURRIED
        command = [*program, "run", str(manifest), "--yes", "--json"]
        environment = {
            "HURRY": str(case.hurry),
            "HURRY_SINCE": str(time.time()),
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        }
        first = measure(command, cwd=folder, environment=environment)
        again = measure(command, cwd=folder, environment=environment)
    store = sqlite3.connect(folder / "outputs" / "bench" / "state.db")
    (began, ended), (done,) = (
        store.execute("SELECT started_at, ended_at FROM runs ORDER BY seq").fetchone(),
        store.execute("SELECT count(*) FROM attempts WHERE state = 'done'").fetchone(),
    )
    store.close()
    if done != shots or first.exit_code or again.exit_code:
        raise RuntimeError(
            f"{done} of {shots} clips, exit codes {first.exit_code}, {again.exit_code}"
        )
    took_s = (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()
    return first, again, took_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="the cases whose name has these words")
    given = parser.parse_args()
    shots = given.shots
    for case in (case for case in CASES if given.only in case.what):
        for _ in range(given.runs):
            with tempfile.TemporaryDirectory() as name:
                first, again, took_s = run_once(Path(name), shots, case)
            note = f"{shots / took_s:.0f} clips/s, {1000 * first.cpu_s / shots:.1f} ms cpu a clip"
            if bound_s := case.bound_s(shots):
                note = f"{1000 * first.cpu_s / shots:.1f} ms cpu a clip"
                note += f", {took_s:.2f} s is {took_s / bound_s:.3f} of the bound"
            print(row(f"{shots} shots, {case.what}", first, note), flush=True)
            print(row("  the same again", again), flush=True)


if __name__ == "__main__":
    main()
