"""What is to be seen and heard in one clip: a value, made from a job, that the renderer draws.

Everything that reaches the picture is in here, and nothing that differs between two renders of
the same order does: no job id, no time of day. So the same scene always becomes the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from sora_batch.shots import Size
from sora_batch.simulator.job import Derivation, Job
from sora_batch.simulator.orders import frame_count

_MARKS = {"remix": "remix of", "edit": "edit of", "extend": "extension of"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One clip.

    `title` is the shot id, "" where nobody told it; `facts` the line of model, size and length;
    `mark` says what the clip was made from, "" for one of its own. `seam` is the frame at which
    an extension goes beyond its source. `reference` is a picture of exactly the clip's size;
    without one the background is made from `picture_prompt` and `picture_seed` alone.
    """

    size: Size
    frames: int
    title: str
    prompt: str
    facts: tuple[str, ...]
    mark: str = ""
    seam: int | None = None
    reference: Path | None = None
    picture_prompt: str = ""
    picture_seed: int | None = None


def scene_of(job: Job, folder: Path) -> Scene:
    """The scene of a job whose references are kept in the folder."""
    picture, source = job.picture, job.source
    return Scene(
        size=job.size,
        frames=frame_count(job.seconds),
        title=job.label,
        prompt=job.prompt,
        facts=_facts(job),
        mark=_mark(source) if source else "",
        seam=_seam(source.seconds) if source and source.kind == "extend" else None,
        reference=folder / "references" / picture.reference if picture.reference else None,
        picture_prompt=picture.prompt,
        picture_seed=picture.seed,
    )


def _facts(job: Job) -> tuple[str, ...]:
    facts = [job.model, str(job.size), f"{job.seconds} s"]
    if job.seed is not None:
        facts.append(f"seed {job.seed}")
    return tuple(facts)


def _mark(source: Derivation) -> str:
    return f"{_MARKS[source.kind]} {source.label}" if source.label else _MARKS[source.kind][:-3]


def _seam(seconds: Decimal) -> int:
    return frame_count(seconds)
