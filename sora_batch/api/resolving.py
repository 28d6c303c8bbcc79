"""Asks the server what became of shots on hold, and takes a person's word to pay again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sora_batch.api.aside import run_aside
from sora_batch.api.asking import ask
from sora_batch.api.opened import opened
from sora_batch.errors import UsageError
from sora_batch.manifest.settings import Manifest
from sora_batch.planning.absent import no_shot
from sora_batch.planning.capabilities import Listing
from sora_batch.providers.provider import JobMissing, JobReport, JobStatus, JobUnreachable
from sora_batch.records import Attempt, AttemptState, Failure, FailureKind, Money
from sora_batch.running.attempt import fail, hold, told
from sora_batch.running.outcome import Ending, Outcome
from sora_batch.running.reconcile import Look, Reconciler, is_unknown
from sora_batch.running.tools import Tools
from sora_batch.shots import ShotId
from sora_batch.store import read_store

Became = Literal["found", "rendered", "rendering", "not accepted", "failed", "on hold", "given up"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What became of one attempt that was on hold, and in words.

    `candidates` are the jobs it may be, where the server's list cannot tell.
    """

    attempt: Attempt
    became: Became
    words: str
    candidates: tuple[JobReport, ...] = ()

    @property
    def shot_id(self) -> ShotId:
        """Whose attempt it is."""
        return self.attempt.shot_id


def resolve(manifest: Manifest, *, pay_again: Sequence[str] = ()) -> list[Resolved]:
    """Asks the server about every attempt on hold, and writes down what it answers.

    What is on hold after that for a shot in `pay_again` is closed as failed, its price uncertain:
    the next run orders that shot anew. Raises UsageError for a shot in it that the manifest does
    not have or that is not on hold; StoreBusy while a run is going on.
    """
    reader = read_store(manifest.output)
    if reader is None:
        _check(manifest, [], pay_again)
        return []
    try:
        _check(manifest, reader.open_attempts(), pay_again)
    finally:
        reader.close()
    return run_aside(_resolve(manifest, frozenset(pay_again)))


def _check(manifest: Manifest, attempts: Sequence[Attempt], pay_again: Sequence[str]) -> None:
    shots = {str(shot.id) for shot in manifest.shots}
    on_hold = {str(attempt.shot_id) for attempt in attempts if _is_on_hold(attempt)}
    for shot in pay_again:
        if shot not in shots | on_hold:
            raise no_shot(shot, sorted(shots), manifest.disabled)
        if shot not in on_hold:
            raise UsageError(f"`{shot}` is not on hold; there is nothing to pay again")


def _is_on_hold(attempt: Attempt) -> bool:
    return is_unknown(attempt) or attempt.state is AttemptState.HELD


async def _resolve(manifest: Manifest, pay_again: frozenset[str]) -> list[Resolved]:
    async with opened(manifest) as tools:
        attempts = [a for a in tools.store.open_attempts() if _is_on_hold(a)]
        here = [a for a in attempts if a.inputs.get("base_url") == tools.provider.base_url]
        reconciler = Reconciler(tools, patient=False)
        found = list(await asyncio.gather(*(_look_up(tools, reconciler, one) for one in here)))
        found += [_elsewhere(attempt) for attempt in attempts if attempt not in here]
        return [await _pay_again(tools, one) if _may(one, pay_again) else one for one in found]


async def _look_up(tools: Tools, reconciler: Reconciler, attempt: Attempt) -> Resolved:
    if attempt.job_id is not None:
        return await _ask(tools, attempt)
    outcome = await reconciler.settle(attempt)
    if isinstance(outcome, Attempt):
        words = f"its job was found: {outcome.job_id}"
        return Resolved(attempt=outcome, became="found", words=words)
    ended = outcome.attempt or attempt
    if outcome.ending is Ending.HELD:
        if tools.provider.capabilities.listing is Listing.NONE:
            return Resolved(attempt=ended, became="on hold", words=ended.note)
        look = await reconciler.look()
        candidates = look.findings.candidates.get(attempt.id, ())
        words = f"{ended.note}{_doubt(look, ended.note)}"
        return Resolved(attempt=ended, became="on hold", words=words, candidates=candidates)
    words = "the server never accepted its order; the next run makes it"
    return Resolved(attempt=ended, became="not accepted", words=words)


def _doubt(look: Look, said: str) -> str:
    return f" ({look.doubt})" if look.doubt and look.doubt not in said else ""


async def _ask(tools: Tools, attempt: Attempt) -> Resolved:
    """What the server says of a job that was not finished when a run gave up waiting."""
    if attempt.job_id is None:
        raise ValueError(f"attempt {attempt.id} has no job")
    ordered_at = attempt.submitted_at or attempt.created_at
    try:
        report = await ask(tools.provider, tools.clock, attempt.job_id, ordered_at=ordered_at)
    except JobUnreachable as error:
        return Resolved(attempt=attempt, became="on hold", words=error.message)
    except JobMissing as error:
        return await _gone(tools, attempt, error)
    if report.status in {JobStatus.QUEUED, JobStatus.RENDERING}:
        words = f"job {attempt.job_id} is {report.raw_status}; not finished yet"
        return Resolved(attempt=attempt, became="rendering", words=words)
    outcome = await told(tools, attempt, report)
    if isinstance(outcome, Outcome):
        ended = outcome.attempt or attempt
        words = outcome.failure.message if outcome.failure is not None else "it failed"
        return Resolved(attempt=ended, became="failed", words=words)
    words = f"job {attempt.job_id} is rendered; the next run fetches its clip"
    return Resolved(attempt=outcome or attempt, became="rendered", words=words)


async def _gone(tools: Tools, attempt: Attempt, error: JobMissing) -> Resolved:
    if not tools.provider.capabilities.self_hosted:
        outcome = await hold(tools, attempt, f"job {attempt.job_id}: {error.message}")
        ended = outcome.attempt or attempt
        return Resolved(attempt=ended, became="on hold", words=ended.note)
    outcome = await fail(tools, attempt, Failure(FailureKind.GONE, error.message))
    words = "the server has forgotten its job; the next run makes it again, for nothing"
    return Resolved(attempt=outcome.attempt or attempt, became="failed", words=words)


def _elsewhere(attempt: Attempt) -> Resolved:
    where = attempt.inputs.get("base_url")
    words = f"it was ordered at {where}; resolve it with that provider (--provider)"
    return Resolved(attempt=attempt, became="on hold", words=words)


def _may(found: Resolved, pay_again: frozenset[str]) -> bool:
    return found.became in {"on hold", "rendering"} and found.shot_id in pay_again


async def _pay_again(tools: Tools, found: Resolved) -> Resolved:
    """Closes an attempt on a person's word; what it came to stays uncertain."""
    words = "given up by a person; it may have been paid for"
    closed = replace(
        found.attempt,
        state=AttemptState.FAILED,
        money=Money.UNCERTAIN,
        failure=Failure(FailureKind.TIMED_OUT, words),
        forgiven=True,
        ended_at=tools.clock.now(),
    )
    await tools.store.record(closed)
    words = "given up; its price stays uncertain, and the next run orders it anew"
    return Resolved(attempt=closed, became="given up", words=words)
