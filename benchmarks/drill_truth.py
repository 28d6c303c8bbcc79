"""What a campaign may do, and what its server really did: the two that an audit compares."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.drill_processes import Server


@dataclass(slots=True, kw_only=True)
class Campaign:
    """One manifest and what it may do. `standing` is where its shots stand at the end, as `status`
    says; `words` what went wrong on the way; `is_tight` whether its budget may end it."""

    name: str
    folder: Path
    shots: int
    concurrency: int
    budget: Decimal
    timeout_s: float
    is_tight: bool
    standing: list[dict[str, Any]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a server did for an order. `ended_at` is when it was over or forgotten, None if never;
    `is_denied` whether it said of a finished clip that it has expired."""

    id: str
    prompt: str
    paid: Decimal
    is_rendered: bool
    is_forgotten: bool
    is_denied: bool
    created_at: float
    ended_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a server did, by its bill and its journal; and what was done to its clients."""

    jobs: Sequence[Job]
    server: Server
    self_hosted: bool
    faults: Mapping[str, int]

    @classmethod
    def of(
        cls, bill: Mapping[str, Any], server: Server, faults: Path, *, self_hosted: bool
    ) -> Truth:
        """The truth after the server's end."""
        struck = [json.loads(line) for line in faults.read_text(encoding="utf-8").splitlines()]
        denied = {one["of"] for one in struck if one["fault"] == "content: expired"}
        jobs, journal = [], server.jobs
        for line in bill["jobs"]:
            job, known = line["job_id"], journal[line["job_id"]]
            forgotten_at = server.forgotten.get(job)
            ends = [moment for moment in (known.get("completed_at"), forgotten_at) if moment]
            jobs.append(
                Job(
                    id=job,
                    prompt=line["prompt"],
                    paid=Decimal(line["price_usd"]),
                    is_rendered=line["status"] == "completed",
                    is_forgotten=forgotten_at is not None,
                    is_denied=job in denied,
                    created_at=known["created_at"],
                    ended_at=min(ends, default=None),
                )
            )
        counts = Counter(one["fault"] for one in struck)
        return cls(jobs=jobs, server=server, self_hosted=self_hosted, faults=counts)
