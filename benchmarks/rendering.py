"""How fast a run is against a server in a process of its own: clips a second, makespan, memory.

python -m benchmarks.rendering [--shots N] [--runs N]

The makespan is compared with max(longest chain, total render time / concurrency), for a server that
takes a fixed time a job (`timed`). Wall time is the whole process, the start of Python included.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from datetime import datetime
from pathlib import Path

from benchmarks.manifests import write_specs
from benchmarks.measure import PROGRAM, Measured, measure, row
from benchmarks.serving import serving

CONCURRENCY = 100
SIZE = "128x72"


def run_once(
    folder: Path, shots: int, *, speed: str, render_s: float, chain: int
) -> tuple[Measured, Measured, float]:
    """A run, the same run again, and how many seconds the first took by its own store."""
    with serving(folder / "server", speed=speed, slots=CONCURRENCY, render_s=render_s) as url:
        manifest = write_specs(
            folder / "bench.yaml", shots, chain=chain, url=url, concurrency=CONCURRENCY, size=SIZE
        )
        command = [*PROGRAM, "run", str(manifest), "--yes", "--json"]
        first = measure(command, cwd=folder)
        again = measure(command, cwd=folder)
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
    given = parser.parse_args()
    shots = given.shots
    cases = [
        ("instant server", "instant", 0.0, 1),
        ("1 s a job", "timed", 1.0, 1),
        ("1 s a job, chains of 4", "timed", 1.0, 4),
        ("6 s a job, chains of 4", "timed", 6.0, 4),
    ]
    for what, speed, render_s, chain in cases:
        for _ in range(given.runs):
            with tempfile.TemporaryDirectory() as name:
                first, again, took_s = run_once(
                    Path(name), shots, speed=speed, render_s=render_s, chain=chain
                )
            bound_s = max(chain * render_s, shots * render_s / CONCURRENCY)
            note = f"{shots / took_s:.0f} clips/s, {1000 * first.cpu_s / shots:.1f} ms cpu a clip"
            if bound_s:
                note += f", {took_s:.2f} s is {took_s / bound_s:.3f} of the bound"
            print(row(f"{shots} shots, {what}", first, note), flush=True)
            print(row("  the same again", again), flush=True)


if __name__ == "__main__":
    main()
