"""What a provider is: the few calls a run makes, and how their outcomes are told apart.

The difference that money hangs on is made here, once: an answer that proves that nothing was
accepted is `NotAccepted`; anything that proves neither is `OutcomeUnknown`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from sora_batch.planning.capabilities import Capabilities
from sora_batch.records import Failure
from sora_batch.shots import JobId, Json, Size, SourceKind


class JobStatus(StrEnum):
    """What a server says of a job; words nobody knows are RENDERING until a deadline."""

    QUEUED = "queued"
    RENDERING = "rendering"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
    """One order, in the server's own names.

    `reference` is a file that already has the clip's size. `source_job` is what is remixed,
    edited or extended. `key` is the attempt's id, sent as Idempotency-Key. `label` is the shot id;
    only the embedded provider is told it, to write it on the picture.
    """

    key: str
    prompt: str
    model: str
    size: Size
    seconds: Decimal
    seed: int | None = None
    options: Mapping[str, Json] = field(default_factory=dict)
    reference: Path | None = None
    source_kind: SourceKind | None = None
    source_job: JobId | None = None
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport:
    """What the server says of one job. `raw_status` is its own word.

    `progress` is 0 to 100. `cost_usd` is the server's own figure of what the job cost.
    `poll_after_s` is its hint when to ask again. Everything but id and status may be missing.
    """

    id: JobId
    status: JobStatus
    raw_status: str
    progress: int | None = None
    failure: Failure | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    cost_usd: Decimal | None = None
    poll_after_s: float | None = None
    model: str | None = None
    prompt: str | None = None
    size: str | None = None
    seconds: str | None = None
    source_job: JobId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobList:
    """Jobs of a server, newest first.

    `whole` is whether no job is missing that was created since the moment that was asked for (or
    ever, where none was). `ahead_s` is by how much the server's clock is ahead of ours, to about a
    second; None where it does not say.
    """

    jobs: tuple[JobReport, ...] = ()
    whole: bool = False
    ahead_s: float | None = None


class NotAccepted(Exception):
    """The server (or the way to it) refused before any job could exist: nothing was spent.

    `stops_run` says that no other submission can succeed either (key, credit, model).
    `retry_after_s` is how long it asked us to wait.
    """

    def __init__(
        self, failure: Failure, *, stops_run: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.stops_run = stops_run
        self.retry_after_s = retry_after_s


class OutcomeUnknown(Exception):
    """Bytes were sent and no usable answer came: a job may exist and may be billed."""

    def __init__(self, message: str, *, server_words: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.server_words = server_words


class JobUnreachable(Exception):
    """A poll or a download got no answer that says anything of the job: weather."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s


class JobMissing(Exception):
    """The server answers and does not know the job (404, 410)."""

    def __init__(self, message: str, *, expired: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.expired = expired


class Provider(Protocol):
    """One server, spoken to in its own dialect. All calls may run at once.

    `kind` is the registry's word, `base_url` where it is, without a trailing slash,
    `poll_floor_s` how soon after one poll of a job the next is polite.
    """

    kind: str
    base_url: str
    capabilities: Capabilities
    poll_floor_s: float

    async def submit(self, request: RenderRequest) -> JobReport:
        """Orders one clip, once: no retry hides in here.

        Raises NotAccepted where nothing can have been ordered, OutcomeUnknown where it may have.
        """
        ...

    async def poll(self, job: JobId) -> JobReport:
        """What became of a job. Raises JobUnreachable, JobMissing."""
        ...

    async def download(self, job: JobId, target: Path, *, limit_bytes: int) -> int:
        """Streams the clip into the file, from where the file ends if the server can; the size.

        Raises JobUnreachable (the file keeps what came), JobMissing; OSError where the disk fails.
        """
        ...

    async def thumbnail(self, job: JobId, target: Path) -> bool:
        """The server's own thumbnail (webp) into the file; False where it offers none."""
        ...

    async def list_jobs(
        self, limit: int, *, since: datetime | None = None, after: JobId | None = None
    ) -> JobList:
        """At most so many jobs, the newest first, in as many pages as it takes; with `since`, a
        moment of the server's clock, no further back than that; with `after`, only those that are
        older than that job. Nothing, and not whole, where the server cannot list. Raises
        JobUnreachable."""
        ...

    async def delete(self, job: JobId) -> None:
        """Takes a job and its clip from the server's library; one that still renders is stopped
        where `capabilities.cancels`. Raises JobUnreachable, JobMissing."""
        ...

    async def close(self) -> None:
        """Lets the connections go."""
        ...
