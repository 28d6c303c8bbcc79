"""What happens during a run, as frozen values, and the Observer they go to.

An observer is called in the event loop, in order, and must return at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from sora_batch.records import Clip, Failure, Ledger
from sora_batch.shots import JobId, ShotId


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The store is locked and proven writable; nothing is submitted yet."""

    run_id: str
    shots: int
    to_make: int
    estimate_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class ShotSubmitted:
    """The server has accepted a job for the shot (or `resumed`: had accepted it earlier)."""

    shot_id: ShotId
    attempt: int
    job_id: JobId
    price_usd: Decimal | None
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class ShotProgress:
    """What a poll said. `progress` is 0 to 100, None where the server does not tell."""

    shot_id: ShotId
    status: str
    progress: int | None


@dataclass(frozen=True, slots=True)
class ShotRendered:
    """The server says the clip is there; the download begins."""

    shot_id: ShotId
    job_id: JobId


@dataclass(frozen=True, slots=True)
class ShotDone:
    """The clip is checked, on disk and in the store. `reused` cost nothing."""

    shot_id: ShotId
    clip: Clip
    path: str
    reused: bool = False


@dataclass(frozen=True, slots=True)
class ShotRetrying:
    """An attempt failed in a way that may safely be tried again, `wait_s` from now."""

    shot_id: ShotId
    attempt: int
    failure: Failure
    wait_s: float


@dataclass(frozen=True, slots=True)
class ShotFailed:
    """No further attempt will be made."""

    shot_id: ShotId
    attempt: int
    failure: Failure
    spent_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class ShotHeld:
    """It may have been paid for and nobody knows; nobody pays again."""

    shot_id: ShotId
    attempt: int
    note: str
    held_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class ShotBlocked:
    """A shot it needs will not be there, or the run stopped before its turn."""

    shot_id: ShotId
    reason: str


@dataclass(frozen=True, slots=True)
class RunNotice:
    """One sentence for the person watching: a thing the run noticed and dealt with."""

    message: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    """How the run ended. `in_flight` are shots still rendering on the server. `stopped` says why
    it stopped by itself, `stopped_by` is what the server refused where that is why."""

    run_id: str
    done: int
    reused: int
    failed: int
    held: int
    blocked: int
    in_flight: int
    ledger: Ledger
    wall_s: float
    interrupted: bool = False
    stopped: str = ""
    stopped_by: Failure | None = None


Event: TypeAlias = (
    RunStarted
    | ShotSubmitted
    | ShotProgress
    | ShotRendered
    | ShotDone
    | ShotRetrying
    | ShotFailed
    | ShotHeld
    | ShotBlocked
    | RunNotice
    | RunFinished
)
Observer: TypeAlias = Callable[[Event], None]
