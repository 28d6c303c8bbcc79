"""How the simulator shows its jobs: the video object and the list object, in a server's dialect."""

from __future__ import annotations

from sora_batch.shots import Json
from sora_batch.simulator.dialects import Dialect
from sora_batch.simulator.job import Job, Status
from sora_batch.simulator.library import Page


def video_object(
    job: Job, progress: int, dialect: Dialect, *, again: bool = True
) -> dict[str, Json]:
    """The job as `GET /v1/videos/{id}` shows it, or an answer to create where not `again`.

    Fields beyond OpenAI's appear when they say something: `seed`, `extra` with the order's unknown
    fields, what it was made from, and the dialect's own."""
    done = job.completed_at
    ends = done + dialect.expires_s if done is not None and dialect.expires_s else None
    shown: dict[str, Json] = {
        "id": dialect.shown_id(job, again),
        "object": "video",
        "model": job.model,
        "status": dialect.word(job.status),
        "progress": progress if dialect.percents or progress == 100 else 0,
        "created_at": job.created_at,
        "completed_at": job.completed_at,
        "expires_at": ends if job.status is Status.COMPLETED else None,
        "size": str(job.size),
        "seconds": str(job.seconds),
        "prompt": job.prompt,
        "remixed_from_video_id": None,
        "error": _error(job, dialect) if job.status is Status.FAILED else None,
    }
    if job.source is not None:
        shown["remixed_from_video_id"] = job.source.id if job.source.kind == "remix" else None
        shown["source"] = {"kind": job.source.kind, "id": job.source.id}
    if job.seed is not None:
        shown["seed"] = job.seed
    if job.extra:
        shown["extra"] = dict(job.extra)
    shown.update(dialect.more(job))
    return {name: value for name, value in shown.items() if name not in dialect.hidden}


def list_object(page: Page, videos: list[dict[str, Json]]) -> dict[str, Json]:
    """One page of `GET /v1/videos`."""
    return {
        "object": "list",
        "data": list(videos),
        "first_id": videos[0]["id"] if videos else None,
        "last_id": videos[-1]["id"] if videos else None,
        "has_more": page.has_more,
    }


def deleted_object(job: Job, dialect: Dialect) -> dict[str, Json]:
    """The answer to a delete."""
    if dialect.deleted_video:
        return {**video_object(job, 0, dialect), "status": "deleted"}
    return {"id": dialect.shown_id(job, True), "object": "video.deleted", "deleted": True}


def _error(job: Job, dialect: Dialect) -> Json:
    if dialect.error == "bare":
        return {"message": job.error}
    if dialect.error == "numbered":
        return {"code": dialect.failed_code, "message": job.error}
    return {"code": job.error_code or "video_generation_failed", "message": job.error}
