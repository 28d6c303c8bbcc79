"""What the simulator was asked for, what it did and what it charges: the audit of a client.

The bill remembers jobs that were deleted since: they were accepted all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sora_batch.shots import JobId, Size
from sora_batch.simulator.job import Job, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One accepted job.

    `key` is the Idempotency-Key the order came with and `label` its shot id, "" where there was
    none. `rendered` counts how often it was rendered to the end, `served` how often its video was
    sent to the end. `price_usd` is charged for a job that was rendered and for no other.
    """

    job_id: JobId
    key: str
    label: str
    prompt: str
    model: str
    size: Size
    seconds: Decimal
    source: JobId | None
    accepted_at: int
    status: Status
    rendered: int
    served: int
    deleted: bool
    price_usd: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """Everything that was ever accepted in one folder, in order."""

    lines: tuple[BillLine, ...] = ()

    @property
    def accepted(self) -> int:
        """How many jobs were accepted."""
        return len(self.lines)

    @property
    def rendered(self) -> int:
        """How many of them were rendered to the end."""
        return sum(1 for line in self.lines if line.rendered)

    @property
    def served(self) -> int:
        """How many of them had their video fetched."""
        return sum(1 for line in self.lines if line.served)

    @property
    def rendered_seconds(self) -> Decimal:
        """How many seconds of video that is."""
        return sum((line.seconds for line in self.lines if line.rendered), Decimal(0))

    @property
    def owed_usd(self) -> Decimal:
        """What all of it costs."""
        return sum((line.price_usd for line in self.lines), Decimal(0))

    @property
    def repeated_keys(self) -> dict[str, int]:
        """Idempotency keys that more than one accepted job came with, and how many did.

        Empty for a client that never sends an attempt twice.
        """
        counts = Counter(line.key for line in self.lines if line.key)
        return {key: count for key, count in counts.items() if count > 1}

    def by_label(self, label: str) -> tuple[BillLine, ...]:
        """What was accepted for one shot."""
        return tuple(line for line in self.lines if line.label == label)


def make_bill(jobs: Iterable[Job], price_per_second_usd: Decimal) -> Bill:
    """The bill for these jobs."""
    return Bill(tuple(_line(job, price_per_second_usd) for job in jobs))


def _line(job: Job, price: Decimal) -> BillLine:
    return BillLine(
        job_id=job.id,
        key=job.key,
        label=job.label,
        prompt=job.prompt,
        model=job.model,
        size=job.size,
        seconds=job.seconds,
        source=job.source.id if job.source else None,
        accepted_at=job.created_at,
        status=job.status,
        rendered=job.rendered,
        served=job.served,
        deleted=job.deleted,
        price_usd=job.new_seconds * price if job.rendered else Decimal(0),
    )
