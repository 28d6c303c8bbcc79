"""Stops what the server lets us stop, and says what goes on and still costs."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sora_batch.api.aside import run_aside
from sora_batch.api.asking import ask
from sora_batch.api.opened import opened
from sora_batch.api.plans import plan, store_path
from sora_batch.manifest.settings import Manifest
from sora_batch.providers.provider import JobMissing, JobReport, JobStatus, JobUnreachable
from sora_batch.records import Attempt, AttemptState, Failure, FailureKind, Money
from sora_batch.running.attempt import fail, told
from sora_batch.running.reconcile import is_unknown
from sora_batch.running.tools import Tools
from sora_batch.shots import ShotId

Became = Literal["cancelled", "rendered", "failed", "goes on", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """What became of one open attempt that was to be stopped, and in words."""

    attempt: Attempt
    became: Became
    words: str

    @property
    def shot_id(self) -> ShotId:
        """Whose attempt it is."""
        return self.attempt.shot_id

    @property
    def is_still_paid(self) -> bool:
        """Whether it could not be stopped, so that its price stays in the ledger."""
        return self.became in {"goes on", "unknown", "rendered"}


def cancel(manifest: Manifest, select: Sequence[str] = ()) -> list[Cancelled]:
    """Stops the open attempts of the selected shots, all without a selection.

    Without a selection also those of earlier inputs. A clip that is rendered already is paid for
    and left for the next run to fetch. Raises UsageError for a selection that matches nothing,
    StoreBusy while a run is going on.
    """
    if not store_path(manifest).exists():
        return []
    shots = None
    if select:
        steps = plan(manifest, select=select).steps
        shots = {step.shot.id for step in steps if not step.taken_along}
    return run_aside(_cancel(manifest, shots))


async def _cancel(manifest: Manifest, shots: Collection[ShotId] | None) -> list[Cancelled]:
    async with opened(manifest) as tools:
        chosen = [a for a in tools.store.open_attempts() if shots is None or a.shot_id in shots]
        return list(await asyncio.gather(*(_stop(tools, attempt) for attempt in chosen)))


async def _stop(tools: Tools, attempt: Attempt) -> Cancelled:
    if attempt.inputs.get("base_url") != tools.provider.base_url:
        where = attempt.inputs.get("base_url")
        words = f"it was ordered at {where}; cancel it with that provider (--provider)"
        return Cancelled(attempt=attempt, became="goes on", words=words)
    if is_unknown(attempt) or attempt.job_id is None:
        words = "nobody knows whether it was accepted; `sora-batch resolve` looks for its job"
        return Cancelled(attempt=attempt, became="unknown", words=words)
    if attempt.state is AttemptState.RENDERED:
        return _rendered(attempt)
    ordered_at = attempt.submitted_at or attempt.created_at
    try:
        report = await ask(tools.provider, tools.clock, attempt.job_id, ordered_at=ordered_at)
    except JobMissing as error:
        return await _gone(tools, attempt, error)
    except JobUnreachable as error:
        return Cancelled(attempt=attempt, became="goes on", words=error.message)
    if report.status in {JobStatus.QUEUED, JobStatus.RENDERING}:
        return await _delete(tools, attempt)
    return await _over(tools, attempt, report)


async def _over(tools: Tools, attempt: Attempt, report: JobReport) -> Cancelled:
    """It ended before it could be stopped: what it came to is written down."""
    outcome = await told(tools, attempt, report)
    if isinstance(outcome, Attempt):
        return _rendered(outcome)
    words = "it had failed already"
    ended = outcome.attempt if outcome is not None and outcome.attempt is not None else attempt
    return Cancelled(attempt=ended, became="failed", words=words)


async def _delete(tools: Tools, attempt: Attempt) -> Cancelled:
    server = tools.provider.capabilities
    if not server.cancels or attempt.job_id is None:
        words = (
            f"{tools.provider.kind} cannot stop job {attempt.job_id}: it renders on and is paid "
            "for; the next run fetches its clip"
        )
        return Cancelled(attempt=attempt, became="goes on", words=words)
    try:
        await tools.provider.delete(attempt.job_id)
    except (JobMissing, JobUnreachable) as error:
        words = f"job {attempt.job_id} could not be stopped: {error.message}"
        return Cancelled(attempt=attempt, became="goes on", words=words)
    ended = replace(
        attempt,
        state=AttemptState.CANCELLED,
        money=Money.RELEASED if server.self_hosted else Money.UNCERTAIN,
        ended_at=tools.clock.now(),
        note="cancelled by a person",
    )
    await tools.store.record(ended)
    return Cancelled(attempt=ended, became="cancelled", words=f"job {attempt.job_id} is stopped")


async def _gone(tools: Tools, attempt: Attempt, error: JobMissing) -> Cancelled:
    if not tools.provider.capabilities.self_hosted:
        return Cancelled(attempt=attempt, became="goes on", words=error.message)
    outcome = await fail(tools, attempt, Failure(FailureKind.GONE, error.message))
    words = "the server has forgotten its job"
    return Cancelled(attempt=outcome.attempt or attempt, became="failed", words=words)


def _rendered(attempt: Attempt) -> Cancelled:
    words = f"job {attempt.job_id} is rendered already; the next run fetches its clip"
    return Cancelled(attempt=attempt, became="rendered", words=words)
