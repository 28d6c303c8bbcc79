"""Holds one campaign's store against the server's bill."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from sora_batch.outputs import Outputs
from sora_batch.records import Attempt, AttemptState, Money
from sora_batch.simulator.dialects import dialect_named
from sora_batch.store import read_store


@dataclass(slots=True)
class Tally:
    """What happened, in numbers; `words` say what should not have."""

    shots: int = 0
    done: int = 0
    failed: int = 0
    held: int = 0
    waiting: int = 0
    accepted: int = 0
    duplicates: int = 0
    lost: int = 0
    unpaid: int = 0
    bill: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)
    doubtful: Decimal = Decimal(0)
    faults: Mapping[str, int] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Adds another campaign's."""
        for name in (
            "shots done failed held waiting accepted duplicates lost unpaid bill spent doubtful"
        ).split():
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.words += other.words

    def text(self) -> str:
        """All of it, in three lines."""
        return (
            f"  {self.shots} shots: {self.done} done, {self.failed} failed, {self.held} on hold; "
            f"{self.accepted} jobs accepted\n"
            f"  duplicates {self.duplicates}, lost {self.lost}, holds left {self.held}\n"
            f"  bill ${self.bill}, ledger: spent ${self.spent}, held or uncertain ${self.doubtful}"
        )


def audit(
    folder: Path, campaign: str, dialect: str, bill: Mapping[str, Any] | None = None
) -> Tally:
    """What became of the shots of one campaign, and what the server says it did."""
    reader = read_store(folder)
    if reader is None:
        return Tally(waiting=1)
    try:
        attempts, ledger = reader.attempts(), reader.ledger()
        outputs = Outputs(folder)
        clips = reader.history(intact=outputs.intact).clips
    finally:
        reader.close()
    tally = Tally(spent=ledger.spent, doubtful=ledger.held + ledger.uncertain + ledger.reserved)
    last = {attempt.shot_id: attempt for attempt in attempts}
    have = {clip.shot_id for clip in clips.values()}
    tally.shots = len(last)
    for shot, attempt in last.items():
        tally.done += shot in have
        tally.held += _is_in_doubt(attempt)
        tally.failed += attempt.state is AttemptState.FAILED
        tally.waiting += not attempt.state.final and not _is_in_doubt(attempt)
        if attempt.state is AttemptState.DONE and shot not in have:
            tally.lost += 1
            tally.words.append(f"{campaign}/{shot}: done, and its clip is not there")
    if bill is not None:
        _hold_against(tally, campaign, dialect, attempts, bill)
    return tally


def _is_in_doubt(attempt: Attempt) -> bool:
    """Whether it is on hold: a run was killed before the answer came, or put it there."""
    unanswered = attempt.state is AttemptState.SUBMITTING and attempt.job_id is None
    return unanswered or attempt.state is AttemptState.HELD


def _hold_against(
    tally: Tally, campaign: str, dialect: str, attempts: list[Attempt], bill: Mapping[str, Any]
) -> None:
    known_id = dialect_named(dialect).known_id
    jobs = [job for job in bill["jobs"] if job["prompt"].startswith(f"{campaign} ")]
    by_job = {known_id(a.job_id): a for a in attempts if a.job_id is not None}
    doubts: dict[str, int] = defaultdict(int)
    for attempt in attempts:
        doubts[str(attempt.inputs["prompt"])] += attempt.job_id is None and _is_in_doubt(attempt)
    for job in jobs:
        tally.accepted += 1
        tally.bill += Decimal(job["price_usd"])
        owner = by_job.get(job["job_id"])
        if owner is not None:
            _hold_one_against(tally, campaign, owner, job)
        elif doubts[job["prompt"]] > 0:
            doubts[job["prompt"]] -= 1
        else:
            tally.duplicates += 1
            tally.words.append(f"{campaign}: nobody knows job {job['job_id']}, {job['prompt']}")


def _hold_one_against(tally: Tally, campaign: str, owner: Attempt, job: Mapping[str, Any]) -> None:
    paid = Decimal(job["price_usd"])
    if paid and owner.money is Money.RELEASED:
        tally.unpaid += 1
        tally.words.append(f"{campaign}/{owner.shot_id}: job {job['job_id']} is billed, released")
    if owner.state is AttemptState.DONE and owner.spent_usd != paid:
        tally.unpaid += 1
        tally.words.append(f"{campaign}/{owner.shot_id}: spent {owner.spent_usd}, billed {paid}")
    if job["status"] == "completed" and owner.state is AttemptState.FAILED:
        tally.lost += 1
        why = owner.failure.message if owner.failure is not None else ""
        tally.words.append(f"{campaign}/{owner.shot_id}: rendered and not kept: {why}")
