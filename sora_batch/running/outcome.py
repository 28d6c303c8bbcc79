"""How one attempt's turn ended, for the runner to decide what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sora_batch.records import Attempt, Clip, Failure


class Ending(StrEnum):
    """DONE: the clip is kept. AGAIN: failed, and may safely be tried again. FAILED: it stays
    failed. HELD: a person has to look. LEFT: still the server's, the next run goes on with it.
    UNORDERED: nothing was ordered, for no fault of the shot: the budget has no room, or the server
    takes no order at all."""

    DONE = "done"
    AGAIN = "again"
    FAILED = "failed"
    HELD = "held"
    LEFT = "left"
    UNORDERED = "unordered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An ending, with what belongs to it.

    `wait_s` is how long AGAIN waits. `stops_run` says why no other submission can succeed, "" if
    others can. `note` is a sentence for HELD, LEFT and UNORDERED.
    """

    ending: Ending
    attempt: Attempt | None = None
    clip: Clip | None = None
    failure: Failure | None = None
    wait_s: float = 0.0
    stops_run: str = ""
    note: str = ""
