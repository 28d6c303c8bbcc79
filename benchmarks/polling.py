"""How often jobs are asked about one by one, and how late their ends are seen.

python -m benchmarks.polling

For servers without a list. No server and no waiting: the rule that a run goes by is applied to
render times drawn from a few distributions, and held against a loop that asks once a second.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from sora_batch.running.polling import Pace, next_poll_s

JOBS = 3_000
FLOOR_S = 1.0
KEY = ("model", "8")

Draw = Callable[[random.Random], float]
RENDERS: dict[str, Draw] = {
    "60 s": lambda _: 60.0,
    "60 s, give or take 5 %": lambda luck: 60 * luck.uniform(0.95, 1.05),
    "30 to 120 s": lambda luck: luck.uniform(30, 120),
    "90 s, lognormal": lambda luck: luck.lognormvariate(4.5, 0.5),
    "300 s, give or take 20 %": lambda luck: 300 * luck.uniform(0.8, 1.2),
    "600 s": lambda _: 600.0,
    "60 to 600 s, behind a queue": lambda luck: luck.uniform(60, 600),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Polls a job; of those of a loop that asks once a second; seconds late, of the render's."""

    polls: float
    share: float
    late: float


def asked(draw: Draw, *, jobs: int = JOBS, seed: int = 1) -> Asked:
    """What the rule comes to, for renders that take what is drawn."""
    luck, pace = random.Random(seed), Pace()
    polls, late_s, rendered_s = 0, 0.0, 0.0
    for _ in range(jobs):
        takes_s, now_s, open_s = draw(luck), 0.0, 0.0
        while now_s < takes_s:
            open_s = now_s
            took_s = pace.took_s(KEY, usual_s=None)
            now_s += next_poll_s(now_s, took_s=took_s, hint_s=None, floor_s=FLOOR_S)
            polls += 1
        pace.took(KEY, (open_s + now_s) / 2)
        late_s, rendered_s = late_s + now_s - takes_s, rendered_s + takes_s
    return Asked(polls=polls / jobs, share=polls / rendered_s, late=late_s / rendered_s)


def main() -> None:
    print(f"{'renders take':<30} polls a job   of one a second   seen late by")
    for what, draw in RENDERS.items():
        found = asked(draw)
        print(f"{what:<30} {found.polls:11.1f} {found.share:17.1%} {found.late:14.1%}")


if __name__ == "__main__":
    main()
