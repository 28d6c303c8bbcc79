"""What faults cost: the same shots, the same fault script, and the server's bill at the end.

A program that has not delivered everything is started again by the same command, as a user would.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

from benchmarks.rivals.contestants import Contestant, Work
from benchmarks.rivals.counting import Money, money_of, whole
from benchmarks.rivals.simulated import accepted_in, served_clip, simulating

CONCURRENCY = 10
MOST_RUNS = 5

_LAST_RENDER_S = 2.0
_KILL_AFTER_S = 0.3
_LOST = "- {{at: create, do: {what}, when: after, chance: {chance}}}\n"
_UNREACHED = "- {{at: content, do: error, status: 502, chance: {chance}}}\n"
_TORN = "- {{at: content, do: truncate, chance: {chance}}}\n"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Rules of a fault script, and whether the first run is killed half-way."""

    name: str
    rules: str
    killed: bool = False


TROUBLES = (
    Trouble("15 % of answers to orders lost: reset", _LOST.format(what="reset", chance=0.15)),
    Trouble(
        "15 % of answers to orders lost: 500",
        _LOST.format(what="error, status: 500", chance=0.15),
    ),
    Trouble(
        "10 % of answers to orders lost: 20 s of silence, then reset",
        _LOST.format(what="hang, seconds: 20", chance=0.1),
    ),
    Trouble("`kill -9` half-way", "", killed=True),
    Trouble(
        "downloads fail: 25 % 502, 15 % torn",
        _UNREACHED.format(chance=0.25) + _TORN.format(chance=0.15),
    ),
    Trouble(
        "some of each, and `kill -9` half-way",
        _LOST.format(what="reset", chance=0.05)
        + _LOST.format(what="error, status: 500", chance=0.05)
        + _LOST.format(what="hang, seconds: 20", chance=0.03)
        + _UNREACHED.format(chance=0.15)
        + _TORN.format(chance=0.1),
        killed=True,
    ),
)


def spend_all(
    contestants: Sequence[Contestant], trouble: Trouble, *, shots: int, seeds: int
) -> list[Money]:
    """What it came to for each, over so many seeds. They go at the same time, each on a server of
    its own: most of the time everybody waits."""

    def over_seeds(contestant: Contestant) -> Money:
        with tempfile.TemporaryDirectory() as name:
            folders = [Path(name, str(seed)) for seed in range(1, seeds + 1)]
            return reduce(add, [spend(contestant, trouble, shots, folder) for folder in folders])

    with ThreadPoolExecutor(len(contestants)) as pool:
        return list(pool.map(over_seeds, contestants))


def spend(contestant: Contestant, trouble: Trouble, shots: int, folder: Path) -> Money:
    """What it came to for one, by the seed the folder is called by. Raises RuntimeError where it
    ordered nothing at all."""
    server, mine = folder / "server", folder / "mine"
    mine.mkdir(parents=True)
    with simulating(server, slots=CONCURRENCY, faults=trouble.rules, seed=int(folder.name)) as told:
        url, bill = told
        work = Work(shots, CONCURRENCY, url)
        contestant.prepare(work, mine)
        began = time.monotonic()
        delivered = runs = 0
        while runs < MOST_RUNS and delivered < shots:
            kill_at = shots // 2 if trouble.killed and not runs else None
            _run(contestant, mine, server, kill_at)
            runs += 1
            if kill_at is None:
                delivered = whole(contestant.clips(work, mine).values(), served_clip(server))
        took_s = time.monotonic() - began
        time.sleep(_LAST_RENDER_S)
    if not bill["accepted"]:
        log = (mine / "log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"{contestant.name} ordered nothing: {log[-2000:]}")
    return money_of(bill, wanted=shots, delivered=delivered, runs=runs, wall_s=took_s)


def _run(contestant: Contestant, folder: Path, server: Path, kill_at: int | None) -> None:
    """To its end, or until soon after the server has accepted `kill_at` jobs."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            contestant.command,
            cwd=folder,
            env={**os.environ, **contestant.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        while kill_at is not None and process.poll() is None:
            if accepted_in(server) >= kill_at:
                # By then the answers are there, and most of the jobs under way are rendering.
                time.sleep(_KILL_AFTER_S)
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.05)
        process.wait()
