"""The server's library of jobs: what is there, whose it is, and taking from it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from sora_batch.api.aside import run_aside
from sora_batch.api.opened import opened, opened_server
from sora_batch.api.plans import plan, require_settled
from sora_batch.errors import UsageError
from sora_batch.manifest.settings import Manifest
from sora_batch.planning.absent import no_shot
from sora_batch.planning.capabilities import Listing
from sora_batch.planning.plan import Action, Step
from sora_batch.providers import address_of
from sora_batch.providers.provider import JobMissing, JobReport, JobUnreachable, Provider
from sora_batch.records import Attempt, AttemptId, AttemptState, Money, RunId
from sora_batch.running.collect import ADOPTED, CLIP_LIMIT_BYTES
from sora_batch.running.orphans import not_beside, orphans_of, shots_like
from sora_batch.running.reconcile import adopted_attempt, is_unknown
from sora_batch.running.tools import Tools
from sora_batch.shots import JobId, ShotId
from sora_batch.store import read_store

Whose = Literal["shot", "orphan", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedJob:
    """One job of the server's list. `whose` is `shot` where an attempt of the manifest's store has
    it, `orphan` where its prompt is one of ours and nobody is known to have it, neither here nor in
    the output folders beside this one, else `other`: an orphan may still be somebody else's.
    `shots` is the shot that has it, or those whose prompt it has.
    """

    job: JobReport
    whose: Whose
    shots: tuple[ShotId, ...] = ()


def list_jobs(manifest: Manifest, *, limit: int = 100) -> list[ListedJob]:
    """The server's newest jobs and whose they are; also while a run is going on.

    Raises UsageError where the server has no list, or cannot be read.
    """
    return run_aside(_list(manifest, limit))


def adopt_job(manifest: Manifest, job: str, shot: str) -> Attempt:
    """Takes a job of the server over as the shot's; the next run fetches its clip.

    Raises UsageError where the shot is not there or has a clip or a job, where the job is not
    there or is another shot's; StoreBusy while a run is going on.
    """
    steps = {str(step.shot.id): step for step in plan(manifest).steps}
    if shot not in steps:
        raise no_shot(shot, steps, manifest.disabled)
    step = steps[shot]
    if step.action is Action.REUSE:
        raise UsageError(f"`{shot}` has a clip for its present inputs")
    return run_aside(_adopt(manifest, JobId(job), step))


def download_job(manifest: Manifest, job: str, target: Path) -> int:
    """Downloads a job's clip into the file; its size in bytes. Also while a run is going on.

    Raises UsageError where the file is there already, or the job cannot be had.
    """
    if target.exists():
        raise UsageError(f"{target} is there already", fix="choose another file")
    return run_aside(_download(manifest, JobId(job), target))


def delete_job(manifest: Manifest, job: str) -> None:
    """Takes a job and its clip from the server's library.

    Raises UsageError where the server cannot, or where the job's clip is not fetched yet.
    """
    reader = read_store(manifest.output)
    attempts = reader.open_attempts() if reader is not None else []
    if reader is not None:
        reader.close()
    owner = next((attempt for attempt in attempts if attempt.job_id == job), None)
    if owner is not None:
        raise UsageError(
            f"job {job} is the one that `{owner.shot_id}` waits for, and is paid for",
            fix="`sora-batch cancel` stops it; `sora-batch run` fetches its clip",
        )
    run_aside(_delete(manifest, JobId(job)))


async def _list(manifest: Manifest, limit: int) -> list[ListedJob]:
    async with opened_server(manifest) as provider:
        if provider.capabilities.listing is Listing.NONE:
            raise UsageError(f"{provider.kind} servers have no list of jobs")
        try:
            listed = await provider.list_jobs(limit)
        except JobUnreachable as error:
            raise UsageError(error.message) from error
    reader = read_store(manifest.output)
    attempts = reader.attempts() if reader is not None else []
    if reader is not None:
        reader.close()
    found = orphans_of(listed.jobs, manifest.shots, attempts)
    orphans = {job.id for job in not_beside(found, manifest, address_of(manifest.provider))}
    owners = {attempt.job_id: attempt.shot_id for attempt in attempts}
    return [_described(manifest, job, owners.get(job.id), job.id in orphans) for job in listed.jobs]


def _described(
    manifest: Manifest, job: JobReport, owner: ShotId | None, is_orphan: bool
) -> ListedJob:
    if owner is not None:
        return ListedJob(job=job, whose="shot", shots=(owner,))
    like = tuple(shot.id for shot in shots_like(job, manifest.shots))
    return ListedJob(job=job, whose="orphan" if is_orphan else "other", shots=like)


async def _adopt(manifest: Manifest, job: JobId, step: Step) -> Attempt:
    async with opened(manifest) as tools:
        attempts = tools.store.attempts()
        had = [attempt for attempt in attempts if attempt.job_id == job]
        # One that was given up may turn up again: its price stands with the attempt that failed.
        owner = next((a for a in had if a.state is not AttemptState.FAILED), None)
        if owner is not None:
            raise UsageError(f"job {job} is `{owner.shot_id}`'s already")
        report = await _job(tools.provider, job)
        attempt = _attempt_for(tools, step, attempts, price_usd=None if had else step.price_usd)
        adopted = adopted_attempt(attempt, report, now=tools.clock.now(), ahead_s=None)
        await tools.store.record(adopted)
        return adopted


def _attempt_for(
    tools: Tools, step: Step, attempts: Sequence[Attempt], *, price_usd: Decimal | None
) -> Attempt:
    """The attempt on hold that the job answers, else a new one. Raises UsageError."""
    require_settled(step)
    own = [a for a in attempts if a.fingerprint == step.fingerprint and not a.state.final]
    if own and is_unknown(own[0]):
        return own[0]
    if own:
        raise UsageError(f"`{step.shot.id}` waits for job {own[0].job_id}")
    tries = sum(a.fingerprint == step.fingerprint for a in attempts)
    return Attempt(
        id=AttemptId(uuid.uuid4().hex),
        run_id=RunId(tools.run_id),
        shot_id=step.shot.id,
        fingerprint=step.fingerprint,
        number=tries + 1,
        state=AttemptState.SUBMITTING,
        provider=step.target.provider,
        model=step.target.model,
        money=Money.RESERVED,
        price_usd=price_usd,
        inputs=step.inputs,
        request_sha256=ADOPTED,
        created_at=tools.clock.now(),
    )


async def _download(manifest: Manifest, job: JobId, target: Path) -> int:
    part = target.with_name(f"{target.name}.part")
    async with opened_server(manifest) as provider:
        try:
            size = await provider.download(job, part, limit_bytes=CLIP_LIMIT_BYTES)
        except (JobMissing, JobUnreachable) as error:
            raise UsageError(f"job {job}: {error.message}") from error
        except OSError as error:
            raise UsageError(f"cannot write {part}: {error.strerror or error}") from error
    part.replace(target)
    return size


async def _delete(manifest: Manifest, job: JobId) -> None:
    async with opened_server(manifest) as provider:
        if not provider.capabilities.deletes:
            raise UsageError(f"{provider.kind} servers delete no jobs")
        try:
            await provider.delete(job)
        except (JobMissing, JobUnreachable) as error:
            raise UsageError(f"job {job}: {error.message}") from error


async def _job(provider: Provider, job: JobId) -> JobReport:
    try:
        return await provider.poll(job)
    except (JobMissing, JobUnreachable) as error:
        raise UsageError(f"job {job}: {error.message}") from error
