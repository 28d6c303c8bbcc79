"""Records for the store's tests, and stores to put them into."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sora_batch.clock import SystemClock
from sora_batch.records import (
    Attempt,
    AttemptId,
    AttemptState,
    Clip,
    Failure,
    FailureKind,
    Money,
    RunId,
    RunRow,
)
from sora_batch.shots import Fingerprint, JobId, ShotId, Size
from sora_batch.store import Store, open_store

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FAILURE = Failure(FailureKind.TRANSIENT, "the server went away", "bye", "output")


def fingerprint(name: str) -> Fingerprint:
    return Fingerprint(f"f1:{name:0>64}")


def make_attempt(name: str = "a1", **changes: Any) -> Attempt:
    """An intent: the attempt as it is before anything was sent."""
    attempt = Attempt(
        id=AttemptId(name),
        run_id=RunId("run-1"),
        shot_id=ShotId(f"shot-{name}"),
        fingerprint=fingerprint(name),
        number=1,
        state=AttemptState.SUBMITTING,
        provider="vllm-omni",
        model="Wan-AI/Wan2.2",
        money=Money.RESERVED,
        price_usd=Decimal("0.80"),
        inputs={"base_url": "http://gpu:8091/v1", "seconds": "8", "prompt": "dämmerung 夜"},
        request_sha256="ab" * 32,
        created_at=NOW,
    )
    return replace(attempt, **changes)


def submitted(attempt: Attempt, job: str = "") -> Attempt:
    return replace(
        attempt,
        state=AttemptState.SUBMITTED,
        job_id=JobId(job or f"vid_{attempt.id}"),
        submitted_at=NOW + timedelta(seconds=1),
    )


def rendered(attempt: Attempt, *, after_s: float = 60) -> Attempt:
    attempt = submitted(attempt)
    return replace(
        attempt,
        state=AttemptState.RENDERED,
        rendered_at=NOW + timedelta(seconds=1 + after_s),
    )


def done(attempt: Attempt, *, after_s: float = 60, spent: str | None = "0.80") -> Attempt:
    return replace(
        rendered(attempt, after_s=after_s),
        state=AttemptState.DONE,
        money=Money.SPENT,
        spent_usd=None if spent is None else Decimal(spent),
        ended_at=NOW + timedelta(seconds=90),
    )


def failed(attempt: Attempt, money: Money = Money.RELEASED) -> Attempt:
    return replace(attempt, state=AttemptState.FAILED, money=money, failure=FAILURE, ended_at=NOW)


def held(attempt: Attempt) -> Attempt:
    return replace(attempt, state=AttemptState.HELD, money=Money.HELD, note="no answer came")


def make_clip(attempt: Attempt, **changes: Any) -> Clip:
    clip = Clip(
        fingerprint=attempt.fingerprint,
        shot_id=attempt.shot_id,
        attempt_id=attempt.id,
        job_id=attempt.job_id,
        provider=attempt.provider,
        sha256="cd" * 32,
        bytes=123_456,
        mtime_ns=1_763_900_000_123_456_789,
        size=Size(1280, 720),
        seconds=Decimal("8.04"),
        fps=Decimal("23.976"),
        has_audio=True,
        origin="made",
        made_at=NOW,
        inputs=attempt.inputs,
        spent_usd=attempt.spent_usd,
        differs="8.04 s long instead of 8",
    )
    return replace(clip, **changes)


def make_run(name: str = "run-1", **changes: Any) -> RunRow:
    run = RunRow(
        id=RunId(name),
        manifest="manifests/harbour.yaml",
        manifest_sha256="ef" * 32,
        prices_date="2026-11-20",
        budget_usd=Decimal("25.00"),
        started_at=NOW,
    )
    return replace(run, **changes)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Store]:
    """The folder's store, closed at the end."""
    store = open_store(folder, clock=SystemClock())
    try:
        yield store
    finally:
        await store.close()


def whole(_clip: Clip) -> bool:
    """Stands for output files that are all there."""
    return True
