"""What the store remembers: attempts, clips and the ledger; and what a run is told about the past.

Only values. The rules that change an attempt's state live in `running/attempt.py`, the SQL in
`store/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from sora_batch.shots import Fingerprint, JobId, Json, ShotId, Size

RunId = NewType("RunId", str)
AttemptId = NewType("AttemptId", str)

ZERO = Decimal(0)


class AttemptState(StrEnum):
    """Where one try at one shot stands. The last three are final; HELD waits for a person."""

    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    RENDERED = "rendered"
    HELD = "held"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing can change it any more, so that it no longer counts against limits."""
        return self in {AttemptState.DONE, AttemptState.FAILED, AttemptState.CANCELLED}


class Money(StrEnum):
    """What became of the price of one attempt; each is a column of the ledger."""

    RESERVED = "reserved"
    SPENT = "spent"
    RELEASED = "released"
    HELD = "held"
    UNCERTAIN = "uncertain"


class FailureKind(StrEnum):
    """Why an attempt failed. What to do next is decided from it by `planning/retry.py`."""

    REFUSED = "refused"
    INVALID = "invalid"
    THROTTLED = "throttled"
    TRANSIENT = "transient"
    TIMED_OUT = "timed_out"
    BROKEN_CLIP = "broken_clip"
    EXPIRED = "expired"
    GONE = "gone"
    UNAUTHORISED = "unauthorised"
    OUT_OF_CREDIT = "out_of_credit"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why, as a kind; our sentence; and the server's own words, untrusted, "" where it had none.

    `stage` says what was refused where it matters: `prompt` or `output` for REFUSED, `target` for
    INVALID: the model or the address, which is no shot's own fault.
    """

    kind: FailureKind
    message: str
    server_words: str = ""
    stage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at one shot.

    `number` counts the tries at this shot with this fingerprint, from 1. `price_usd` is what was
    estimated and reserved, None where no price is known; `spent_usd` what it came to. `job_id` is
    the one create answered with. `note` says, for a person, why it is on hold. `forgiven` marks a
    failure that `retry` has put aside: it no longer counts as a try.
    """

    id: AttemptId
    run_id: RunId
    shot_id: ShotId
    fingerprint: Fingerprint
    number: int
    state: AttemptState
    provider: str
    model: str
    money: Money
    price_usd: Decimal | None
    spent_usd: Decimal | None = None
    job_id: JobId | None = None
    failure: Failure | None = None
    note: str = ""
    forgiven: bool = False
    inputs: Mapping[str, Json] = field(default_factory=dict)
    request_sha256: str = ""
    created_at: datetime
    submitted_at: datetime | None = None
    rendered_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """An mp4 we made, checked and kept.

    `bytes` and `mtime_ns` are the file's own after the rename, so that a later look can tell an
    untouched clip without reading it. Measurements are from the file's own boxes. `origin` is
    `made`, `accepted` (kept for inputs that changed since) or `adopted` (a job found on a server).
    `differs` says in words what was delivered differently from what was ordered, "" if nothing.
    """

    fingerprint: Fingerprint
    shot_id: ShotId
    attempt_id: AttemptId | None
    job_id: JobId | None
    provider: str
    sha256: str
    bytes: int
    mtime_ns: int
    size: Size
    seconds: Decimal
    fps: Decimal
    has_audio: bool
    origin: str
    made_at: datetime
    inputs: Mapping[str, Json] = field(default_factory=dict)
    spent_usd: Decimal | None = None
    differs: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The five sums over all attempts of a store, in USD."""

    reserved: Decimal = ZERO
    spent: Decimal = ZERO
    released: Decimal = ZERO
    held: Decimal = ZERO
    uncertain: Decimal = ZERO

    @property
    def committed(self) -> Decimal:
        """What counts against a budget: everything that is spent or may turn out to be."""
        return self.reserved + self.spent + self.held + self.uncertain


@dataclass(frozen=True, slots=True)
class History:
    """What a plan is told about the past.

    `clips` are the finished, intact ones by fingerprint. `latest` is the newest clip of each shot
    id, intact or not, for `explain`. `open` are the attempts without a final state; `failed` the
    failed ones that are not forgiven, oldest first, by fingerprint.
    """

    clips: Mapping[Fingerprint, Clip] = field(default_factory=dict)
    latest: Mapping[ShotId, Clip] = field(default_factory=dict)
    open: tuple[Attempt, ...] = ()
    failed: Mapping[Fingerprint, tuple[Attempt, ...]] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    render_seconds: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """Median seconds from submission to rendered, by (server's model, seconds as text)."""
    as_of: str = ""
    """A word for the state of the store it was read from, "" where there was none."""
    last_file: str = ""
    """The `file` of the newest run."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that runs a manifest, as far as it has said who it is.

    `is_here` is whether it runs on this machine, where it can be told to stop.
    """

    pid: int | None = None
    host: str = ""
    since: datetime | None = None
    is_here: bool = False

    def __str__(self) -> str:
        if self.pid is None or self.since is None:
            return "another process"
        return f"process {self.pid} on {self.host} since {self.since:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, slots=True)
class RunRow:
    """One execution of a plan, as the store keeps it.

    `file` is the manifest's, as seen from the output folder, so that both may move together; ""
    where the run was of a version that did not keep it.
    """

    id: RunId
    manifest: str
    manifest_sha256: str
    prices_date: str
    budget_usd: Decimal | None
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str = ""
    file: str = ""
