"""Whose the jobs of a server's list are, and what its clock says of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sora_batch.providers.provider import JobReport
from sora_batch.records import Attempt
from sora_batch.running.matching import Lost, plain_prompt
from sora_batch.shots import JobId

_SLACK_S = 30.0
_SLACK_WITHOUT_CLOCK_S = 900.0


def owners_of(
    attempts: Sequence[Attempt], jobs: Sequence[JobReport], *, ahead_s: float | None
) -> dict[JobId, Attempt]:
    """Whose the listed jobs are. A server that was set up anew counts its ids from 1 again: a job
    of other words that began after the attempt with its id had ended is another one."""
    known = {attempt.job_id: attempt for attempt in attempts if attempt.job_id is not None}
    owners = {}
    for job in jobs:
        owner = known.get(job.id)
        if owner is not None and not _is_another(job, owner, ahead_s):
            owners[job.id] = owner
    return owners


def _is_another(job: JobReport, owner: Attempt, ahead_s: float | None) -> bool:
    # Its age alone proves nothing: the clock may have been set forward since the attempt.
    if job.prompt is None or plain_prompt(job.prompt) == plain_prompt(
        str(owner.inputs.get("prompt", ""))
    ):
        return False
    if job.created_at is None or owner.ended_at is None or ahead_s is None:
        return False
    return job.created_at > since_on_server(owner.ended_at, ahead_s) + timedelta(
        seconds=2 * _SLACK_S
    )


def was_set_back(
    ours: Sequence[tuple[Attempt, JobReport]], lost: Sequence[Lost], *, ahead_s: float | None
) -> bool:
    """Whether a job of the run that lost an order is older than its own order."""
    runs = {one.attempt.run_id for one in lost}
    return any(
        job.created_at is not None
        and attempt.run_id in runs
        and job.created_at < since_on_server(attempt.created_at, ahead_s)
        for attempt, job in ours
    )


def since_on_server(moment: datetime, ahead_s: float | None) -> datetime:
    """A moment of our clock on the server's, early enough to be sure."""
    if ahead_s is None:
        return moment - timedelta(seconds=_SLACK_WITHOUT_CLOCK_S)
    return moment + timedelta(seconds=ahead_s - _SLACK_S)
