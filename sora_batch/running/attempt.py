"""One attempt at one shot: intent, order, waiting, and the change of state at every step.

Every state is on disk before the next step is taken. The trap: between the order and its answer
nobody knows whether it was paid for, so nothing here ever sends an order a second time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sora_batch.engines.engine import OperationFailed
from sora_batch.errors import BudgetExceeded, ChangeRefused, OutputUnusable, StoreBroken, StoreBusy
from sora_batch.events import RunNotice, ShotProgress, ShotRendered, ShotSubmitted
from sora_batch.planning.plan import Step
from sora_batch.planning.retry import decide
from sora_batch.providers.provider import (
    JobMissing,
    JobReport,
    JobStatus,
    JobUnreachable,
    NotAccepted,
    OutcomeUnknown,
)
from sora_batch.records import Attempt, AttemptState, Failure, FailureKind, Money
from sora_batch.running.orders import digest_of, new_attempt, order_for
from sora_batch.running.outcome import Ending, Outcome
from sora_batch.running.polling import next_poll_s
from sora_batch.running.references import fit_reference
from sora_batch.running.tools import Tools
from sora_batch.running.watch import Watch
from sora_batch.shots import JobId

POST_TIMEOUT_S = 180.0
INTENT_TTL_S = 60.0

_FORGOTTEN_AFTER = 3
_WATCHED_S = 1.0
_SETTLE_S = 30.0
_SILENCE_S = 300.0
_DISK_WAITS_S = (1.0, 5.0, 15.0, 30.0, 60.0)
_LOST = frozenset({JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.EXPIRED})


async def order(
    tools: Tools,
    step: Step,
    number: int,
    *,
    picture_sha256: str | None,
    source_job: JobId | None,
) -> Outcome | Attempt:
    """Orders the shot's clip: the attempt once the server has it, else how it ended."""
    try:
        reference = await fit_reference(
            tools.outputs,
            tools.engine,
            step,
            picture_sha256=picture_sha256,
            limit_bytes=tools.provider.capabilities.picture_bytes,
        )
    except OperationFailed as error:
        failure = Failure(FailureKind.INVALID, f"reference: {error.message}")
        return Outcome(ending=Ending.FAILED, failure=failure)
    attempt = new_attempt(tools, step, number)
    request = order_for(step, attempt, reference=reference, source_job=source_job)
    try:
        attempt = await _intend(tools, replace(attempt, request_sha256=digest_of(request)))
    except BudgetExceeded as error:
        return Outcome(ending=Ending.UNORDERED, note=error.message)
    try:
        async with asyncio.timeout(POST_TIMEOUT_S):
            report = await tools.provider.submit(request)
    except NotAccepted as refusal:
        return await _not_accepted(tools, step, attempt, refusal)
    except OutcomeUnknown as lost:
        return await hold(tools, attempt, _with_words(lost.message, lost.server_words))
    except TimeoutError:
        return await hold(tools, attempt, f"no answer within {POST_TIMEOUT_S:g} s")
    tools.limits.accepted(step.shot.model)
    return await _accepted(tools, attempt, report)


async def _intend(tools: Tools, attempt: Attempt) -> Attempt:
    """Writes the intent and reserves its price. Raises BudgetExceeded."""
    started = tools.clock.monotonic()
    await tools.store.record(attempt, budget=tools.manifest.budget)
    while tools.clock.monotonic() - started > INTENT_TTL_S:
        # The process was frozen between intent and order: the intent is dated anew.
        started = tools.clock.monotonic()
        attempt = replace(attempt, created_at=tools.clock.now())
        await tools.store.record(attempt)
    return attempt


async def _accepted(tools: Tools, intent: Attempt, report: JobReport) -> Outcome | Attempt:
    """Writes down the job that the order was answered with."""
    attempt = replace(
        intent,
        state=AttemptState.SUBMITTED,
        job_id=report.id,
        submitted_at=tools.clock.now(),
    )
    try:
        await write_down(tools, attempt, report.id)
    except ChangeRefused as refusal:
        return await hold(tools, intent, f"answered with job {report.id}; {refusal.message}")
    tools.tell(ShotSubmitted(attempt.shot_id, attempt.number, report.id, attempt.price_usd))
    # Some servers are done by the time they answer.
    return await told(tools, attempt, report) or attempt


async def write_down(tools: Tools, attempt: Attempt, job: JobId) -> None:
    """The job id must be on disk before the first poll: a crash here otherwise loses a clip.

    A disk that is full, or another program in the store, is waited for, the id said aloud. Raises
    what the store raises.
    """
    for wait_s in _DISK_WAITS_S:
        try:
            return await tools.store.record(attempt)
        except (OutputUnusable, StoreBusy, StoreBroken) as error:
            words = f"{attempt.shot_id}: job {job} is ordered and cannot be written down yet"
            tools.tell(RunNotice(f"{words}: {error.message}"))
            await tools.clock.sleep(wait_s)
    return await tools.store.record(attempt)


async def wait_for_render(
    tools: Tools, attempt: Attempt, *, watch: Watch, took_s: Callable[[], Sequence[float]]
) -> Outcome | Attempt:
    """Waits until the server says how it ended: the attempt as RENDERED, else how it ended.

    `took_s` is what such renders took, ascending, as far as is known by now.
    """
    if attempt.state is AttemptState.RENDERED or attempt.job_id is None:
        return attempt
    timeout_s = tools.manifest.limits.render_timeout.total_seconds()
    missing, hint_s, asked_since = 0, None, tools.clock.monotonic()
    # A job taken over from an earlier run may be long finished: it is asked about at once.
    at_once = attempt.run_id != tools.run_id
    while True:
        elapsed_s = _age_s(tools, attempt)
        wait_s = 0.0 if at_once else _wait_s(tools, watch, elapsed_s, took_s(), hint_s)
        ordered_at = attempt.submitted_at or attempt.created_at
        try:
            report = await watch.ask(attempt.job_id, wait_s=wait_s, ordered_at=ordered_at)
        except JobMissing as error:
            hint_s, heard = None, False
            missing += elapsed_s > _SETTLE_S
            if missing >= _FORGOTTEN_AFTER:
                return await fail(tools, attempt, Failure(FailureKind.GONE, error.message))
        except JobUnreachable as error:
            hint_s, heard = error.retry_after_s, False
        else:
            heard = True
            if report is None:
                return Outcome(ending=Ending.LEFT, attempt=attempt)
            hint_s, missing = report.poll_after_s, 0
            if (outcome := await told(tools, attempt, report)) is not None:
                return outcome
        at_once = False
        # A run that comes back after days finds every job old: only what the server says of one, or
        # a long silence, puts it on hold.
        if elapsed_s > timeout_s and (heard or tools.clock.monotonic() - asked_since > _SILENCE_S):
            note = f"not finished after {timeout_s:g} s (job {attempt.job_id})"
            return await hold(tools, attempt, note)


def _wait_s(
    tools: Tools, watch: Watch, elapsed_s: float, took_s: Sequence[float], hint_s: float | None
) -> float:
    wait_s = next_poll_s(elapsed_s, took_s=took_s, hint_s=hint_s, floor_s=watch.floor_s)
    # Asking costs nothing in this process, and a person watches how far it is.
    return min(wait_s, _WATCHED_S) if tools.provider.capabilities.embedded else wait_s


def _age_s(tools: Tools, attempt: Attempt) -> float:
    return (tools.clock.now() - (attempt.submitted_at or attempt.created_at)).total_seconds()


async def told(tools: Tools, attempt: Attempt, report: JobReport) -> Outcome | Attempt | None:
    """What one report makes of an attempt; None while the job goes on."""
    if report.status is JobStatus.COMPLETED:
        attempt = replace(
            attempt,
            state=AttemptState.RENDERED,
            money=Money.RESERVED,
            rendered_at=tools.clock.now(),
            spent_usd=report.cost_usd,
        )
        await tools.store.record(attempt)
        if attempt.job_id is not None:
            if report.expires_at is not None:
                tools.expiries[attempt.job_id] = report.expires_at
            tools.tell(ShotRendered(attempt.shot_id, attempt.job_id))
        return attempt
    if report.status in _LOST:
        failure = report.failure or Failure(FailureKind.TRANSIENT, "the render failed")
        return await fail(tools, attempt, failure, said_usd=report.cost_usd)
    tools.tell(ShotProgress(attempt.shot_id, report.raw_status, report.progress))
    return None


async def fail(
    tools: Tools,
    attempt: Attempt,
    failure: Failure,
    *,
    accepted: bool = True,
    said_usd: Decimal | None = None,
) -> Outcome:
    """Ends an attempt as failed; what comes next, and what becomes of the money, is the table's
    word. `accepted` is whether there was a job, `said_usd` what the server says it came to."""
    decision = decide(
        failure.kind,
        number=attempt.number,
        limit=tools.manifest.limits.attempts,
        stage=failure.stage,
        accepted=accepted,
        self_hosted=tools.provider.capabilities.self_hosted,
    )
    attempt = replace(
        attempt,
        state=AttemptState.FAILED,
        failure=failure,
        **_came_to(decision.money, said_usd),
        ended_at=tools.clock.now(),
    )
    await tools.store.record(attempt)
    return Outcome(
        ending=Ending.AGAIN if decision.again else Ending.FAILED,
        attempt=attempt,
        failure=failure,
        wait_s=decision.wait_s,
        stops_run=failure.message if decision.stops_run else "",
    )


def _came_to(money: Money, said_usd: Decimal | None) -> dict[str, Any]:
    """What became of a failed attempt's price: the server's own word, else the table's."""
    if said_usd is None:
        return {"money": money}
    return {"money": Money.SPENT if said_usd else Money.RELEASED, "spent_usd": said_usd or None}


async def hold(tools: Tools, attempt: Attempt, note: str) -> Outcome:
    """Puts an attempt on hold: it may have been paid for, so nobody pays again."""
    attempt = replace(attempt, state=AttemptState.HELD, money=Money.HELD, note=note)
    await tools.store.record(attempt)
    return Outcome(ending=Ending.HELD, attempt=attempt, note=note)


async def _not_accepted(
    tools: Tools, step: Step, attempt: Attempt, refusal: NotAccepted
) -> Outcome:
    outcome = await fail(tools, attempt, refusal.failure, accepted=False)
    if refusal.stops_run:
        # Those in flight with it are refused as well: no fault of theirs, and no try.
        message, theirs = refusal.failure.message, refusal.failure.server_words
        note = _with_words(message, theirs)
        return replace(outcome, ending=Ending.UNORDERED, stops_run=message, note=note)
    if refusal.failure.kind is FailureKind.THROTTLED:
        wait_s = tools.limits.slow_down(step.shot.model, refusal.retry_after_s)
        return replace(outcome, wait_s=wait_s)
    return outcome


def _with_words(message: str, server_words: str) -> str:
    return f"{message}: {server_words}" if server_words else message
