"""Jobs on a server that answer to our prompts and that no attempt has claimed.

They are named at the end of a run and in `jobs list`: what was paid for shall not be forgotten.
They may as well be somebody else's. What a manifest whose output folder stands beside this one has
claimed is that one's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence

from sora_batch.events import RunNotice
from sora_batch.manifest.settings import Manifest
from sora_batch.planning.capabilities import Listing
from sora_batch.planning.plan import Action, Plan
from sora_batch.providers.provider import JobReport, JobUnreachable
from sora_batch.records import Attempt
from sora_batch.running.matching import plain_prompt
from sora_batch.running.tools import Tools
from sora_batch.shots import Shot
from sora_batch.store import jobs_beside

ORPHANS_MAY_BE = (
    "Such a job is a lost order of yours, or another manifest's or person's on the same server; "
    "`sora-batch jobs adopt` makes it a shot's, with its price, and the next run fetches its clip"
)
"""What a person has to know before taking one over."""

_NEWEST = 300


async def tell_orphans(plan: Plan, tools: Tools) -> None:
    """Names them to whoever watches, where this run has ordered or fetched anything."""
    has_asked = any(step.action in {Action.MAKE, Action.RESUME} for step in plan.steps)
    if not has_asked or tools.provider.capabilities.listing is not Listing.PROMPTS:
        return
    try:
        listed = await tools.provider.list_jobs(_NEWEST)
    except JobUnreachable:
        # A courtesy: what this run itself has lost is on hold and is said anyway.
        return
    attempts = await asyncio.to_thread(tools.store.attempts)
    orphans = orphans_of(listed.jobs, tools.manifest.shots, attempts)
    if orphans := await asyncio.to_thread(not_beside, orphans, tools.manifest, _address(plan)):
        tools.tell(RunNotice(orphan_words(orphans)))


def orphans_of(
    jobs: Iterable[JobReport], shots: Iterable[Shot], attempts: Collection[Attempt]
) -> list[JobReport]:
    """The jobs with a prompt of these shots or attempts that none of the attempts has."""
    prompts = {plain_prompt(shot.prompt) for shot in shots}
    prompts |= {plain_prompt(str(attempt.inputs.get("prompt", ""))) for attempt in attempts}
    claimed = {attempt.job_id for attempt in attempts}
    return [
        job
        for job in jobs
        if job.id not in claimed and job.prompt is not None and plain_prompt(job.prompt) in prompts
    ]


def not_beside(orphans: list[JobReport], manifest: Manifest, base_url: str) -> list[JobReport]:
    """Those that no manifest has whose output folder stands beside this one's."""
    beside = jobs_beside(manifest.output, base_url) if orphans else set()
    return [job for job in orphans if job.id not in beside]


def shots_like(job: JobReport, shots: Iterable[Shot]) -> list[Shot]:
    """The shots whose prompt the job has, those with its size and length first."""
    if job.prompt is None:
        return []
    prompt = plain_prompt(job.prompt)
    same = [shot for shot in shots if plain_prompt(shot.prompt) == prompt]
    return sorted(same, key=lambda shot: (job.size, job.seconds) != _looks(shot))


def orphan_words(orphans: Sequence[JobReport]) -> str:
    """That there are such jobs, for the end of a run."""
    named = ", ".join(job.id for job in orphans[:3])
    more = f" and {len(orphans) - 3} more" if len(orphans) > 3 else ""
    are = "1 job" if len(orphans) == 1 else f"{len(orphans)} jobs"
    # The names stand last: where they are long, an observer cuts them off and not the words.
    return (
        f"{are} on the server with prompts of this manifest and no shot, a lost order of yours or "
        "another manifest's or person's: `sora-batch jobs list` shows them, `sora-batch jobs "
        f"adopt` takes one over ({named}{more})"
    )


def _address(plan: Plan) -> str:
    return plan.steps[0].target.base_url


def _looks(shot: Shot) -> tuple[str, str]:
    return str(shot.size), str(shot.seconds)
