"""How the simulator shows its jobs: OpenAI's video object and list object."""

from __future__ import annotations

from sora_batch.shots import Json
from sora_batch.simulator.job import Job, Status
from sora_batch.simulator.library import Page


def video_object(job: Job, progress: int) -> dict[str, Json]:
    """The job as `GET /v1/videos/{id}` shows it. Fields beyond OpenAI's appear when they say
    something: `seed`, `extra` with the order's unknown fields, and what it was made from."""
    shown: dict[str, Json] = {
        "id": job.id,
        "object": "video",
        "model": job.model,
        "status": job.status.value,
        "progress": progress,
        "created_at": job.created_at,
        "completed_at": job.completed_at,
        "expires_at": None,
        "size": str(job.size),
        "seconds": str(job.seconds),
        "prompt": job.prompt,
        "remixed_from_video_id": None,
        "error": None,
    }
    if job.status is Status.FAILED:
        shown["error"] = {"code": "video_generation_failed", "message": job.error}
    if job.source is not None:
        shown["remixed_from_video_id"] = job.source.id if job.source.kind == "remix" else None
        shown["source"] = {"kind": job.source.kind, "id": job.source.id}
    if job.seed is not None:
        shown["seed"] = job.seed
    if job.extra:
        shown["extra"] = dict(job.extra)
    return shown


def list_object(page: Page, videos: list[Json]) -> dict[str, Json]:
    """One page of `GET /v1/videos`."""
    return {
        "object": "list",
        "data": videos,
        "first_id": page.jobs[0].id if page.jobs else None,
        "last_id": page.jobs[-1].id if page.jobs else None,
        "has_more": page.has_more,
    }


def deleted_object(job: Job) -> dict[str, Json]:
    """The answer to a delete."""
    return {"id": job.id, "object": "video.deleted", "deleted": True}
