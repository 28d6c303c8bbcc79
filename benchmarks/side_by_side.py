"""sora-batch beside what a user would pick instead: money under faults, speed, memory.

python -m benchmarks.side_by_side [--parts money speed clips] [--quick] [--only NAME ...]

The official `openai` SDK in scripts a sensible user writes, promptfoo's video provider and
`sora-batch run`, all on the same server (`sora-batch simulate --dialect openai`), which keeps a
bill. What is missing is installed by pip and npm, outside the project. Prints Markdown tables.

money   50 shots under each fault, 10 at once, over several seeds
speed   1,000 jobs of 1 s, 100 at once
clips   40 clips of 20 MB, all at once
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.rivals.contestants import Contestant, contestants
from benchmarks.rivals.counting import Money, Pace, table
from benchmarks.rivals.racing import race
from benchmarks.rivals.spending import TROUBLES, spend_all
from benchmarks.rivals.tools import NODE, OPENAI, PROMPTFOO, install

PARTS = ("money", "speed", "clips")
IN = {
    "money": ("sora-batch", "threads", "threads-ids", "async", "promptfoo"),
    "speed": ("sora-batch", "threads", "async", "async-aiohttp", "promptfoo"),
    "clips": ("sora-batch", "threads", "threads-stream", "async", "async-stream", "promptfoo"),
}
BIG_BYTES = 20_000_000


def money_tables(those: Sequence[Contestant], shots: int, seeds: int) -> str:
    """Jobs and dollars, then starts and time."""
    came_to: dict[str, list[Money]] = {}
    for trouble in TROUBLES:
        came_to[trouble.name] = spend_all(those, trouble, shots=shots, seeds=seeds)
        for contestant, one in zip(those, came_to[trouble.name], strict=True):
            print(f"  {trouble.name}: {contestant.name}: {one}", file=sys.stderr)
    names = [contestant.name for contestant in those]
    paid = [[what, *map(_paid, each)] for what, each in came_to.items()]
    took = [[what, *(_took(one, seeds) for one in each)] for what, each in came_to.items()]
    return (
        f"Jobs created and billed for {shots * seeds} shots:\n\n"
        f"{table(['fault', *names], paid)}\n\n"
        f"Time for {shots} shots, and how often the program was started:\n\n"
        f"{table(['fault', *names], took)}"
    )


def _paid(one: Money) -> str:
    words = f"{one.created}, ${one.billed_usd:.2f}"
    wasted = f", {one.wasted} for nothing" if one.wasted else ""
    missing = f", {one.delivered} delivered" if one.delivered != one.wanted else ""
    return words + wasted + missing


def _took(one: Money, seeds: int) -> str:
    return f"{one.wall_s / seeds:.0f} s, {one.runs / seeds:.1f}"


def race_table(those: Sequence[Contestant], paces: Sequence[Pace], jobs: int, at_once: int) -> str:
    """A row for each; the ideal is what the renders alone would take."""
    head = ["", "wall", "of the ideal", "processor a job", "polls a job", "memory", "delivered"]
    rows = []
    for contestant, pace in zip(those, paces, strict=True):
        ran = pace.measured
        rows.append(
            [
                contestant.name,
                f"{ran.wall_s:.1f} s",
                f"{ran.wall_s / (jobs / at_once):.2f}",
                f"{1000 * ran.cpu_s / jobs:.1f} ms",
                f"{pace.asked_per_job:.2f}",
                f"{ran.peak_mb:,.0f} MB",
                f"{pace.delivered} of {jobs}",
            ]
        )
    return table(head, rows)


def run_part(part: str, known: Mapping[str, Contestant], given: argparse.Namespace) -> str:
    """Its tables."""
    those = [known[name] for name in IN[part] if not given.only or name in given.only]
    rounds, seeds = (1, 1) if given.quick else (given.rounds, given.seeds)
    if part == "money":
        return money_tables(those, 20 if given.quick else 50, seeds)
    if part == "speed":
        jobs, at_once, clip_bytes = 300 if given.quick else 1000, 100, 0
    else:
        jobs, at_once, clip_bytes = 40, 40, BIG_BYTES
    paces = race(those, jobs=jobs, concurrency=at_once, rounds=rounds, clip_bytes=clip_bytes)
    return race_table(those, paces, jobs, at_once)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--quick", action="store_true", help="less of everything, once")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5, help="of speed and of clips")
    parser.add_argument("--seeds", type=int, default=3, help="of money")
    tools = Path(tempfile.gettempdir()) / "sora-batch-rivals"
    parser.add_argument("--tools", type=Path, default=tools, help="where rivals are installed")
    given = parser.parse_args()
    known = contestants(install(given.tools))
    python = sys.version.split()[0]
    print(f"openai {OPENAI}, promptfoo {PROMPTFOO} on Node {NODE}, Python {python}")
    for part in given.parts:
        print(f"\n{run_part(part, known, given)}", flush=True)


if __name__ == "__main__":
    main()
