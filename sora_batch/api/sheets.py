"""Shows every picture that clips will start from, as it will be sent, before anything is spent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from sora_batch.api.aside import run_aside
from sora_batch.api.pictures import picture_problem
from sora_batch.engines import local_engine
from sora_batch.engines.engine import Engine, OperationFailed
from sora_batch.errors import OutputUnusable, ProblemsFound, UsageError
from sora_batch.outputs import Outputs
from sora_batch.planning.plan import Plan, Step
from sora_batch.problems import Problem, in_order
from sora_batch.providers import capabilities
from sora_batch.running.references import fit_reference
from sora_batch.shots import FrameReference, ImageReference, Json, Size

SUFFIXES = (".png", ".webp")

_MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactSheet:
    """A sheet that was written: how many `shots` it shows in how many `tiles`, `pending` of which
    wait for another shot's clip; `left_out` tiles found no room."""

    path: Path
    shots: int
    tiles: int
    pending: int
    left_out: int = 0


def contact_sheet(plan: Plan, path: Path) -> ContactSheet:
    """Writes the sheet of the plan's references as PNG or WebP.

    Shots that start from the same picture at the same size share a tile. Raises UsageError where
    no shot has a reference or the suffix is another, ProblemsFound for a picture that cannot be
    fitted, OutputUnusable.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"a contact sheet is a .png or a .webp file, not {path.name}")
    groups = _groups(plan)
    if not groups:
        raise UsageError("no shot of this plan has a reference picture")
    outputs = Outputs(plan.manifest.output)
    outputs.ensure()
    shown = groups[:_MOST]
    tiles = run_aside(_drawn(plan, outputs, shown, path))
    return ContactSheet(
        path=path,
        shots=sum(map(len, shown)),
        tiles=len(tiles),
        pending=sum(tile["picture"] is None for tile in tiles),
        left_out=len(groups) - len(shown),
    )


def _groups(plan: Plan) -> list[list[Step]]:
    """The steps that have a reference, those together that start from the same fitted picture."""
    groups: dict[object, list[Step]] = {}
    for step in plan.steps:
        reference = step.shot.reference
        if reference is None or step.taken_along:
            continue
        likeness = (reference, step.shot.size)
        groups.setdefault(likeness, []).append(step)
    return list(groups.values())


async def _drawn(
    plan: Plan, outputs: Outputs, groups: list[list[Step]], path: Path
) -> list[dict[str, Json]]:
    engine = local_engine()
    try:
        found = await asyncio.gather(*(_tile(plan, outputs, engine, steps) for steps in groups))
        problems = [each for each in found if isinstance(each, Problem)]
        if problems:
            raise ProblemsFound(in_order(problems))
        tiles = [each for each in found if not isinstance(each, Problem)]
        spec: dict[str, Json] = {
            "target": str(path),
            "title": f"{plan.manifest.name}: what its clips start from",
            "tiles": list[Json](tiles),
        }
        await engine.run("contact-sheet", spec, key=plan.manifest.name)
    except OperationFailed as error:
        raise OutputUnusable(f"cannot write {path}: {error.message}") from error
    finally:
        await engine.close()
    return tiles


async def _tile(
    plan: Plan, outputs: Outputs, engine: Engine, steps: list[Step]
) -> dict[str, Json] | Problem:
    """What the sheet is told of one picture; a problem where it cannot be fitted."""
    step = steps[0]
    reference = step.shot.reference
    if isinstance(reference, FrameReference) and step.frame_clip is None:
        return _told(steps, None, f"{_moment(reference)}, once there is a clip of it")
    image = reference.image if isinstance(reference, ImageReference) else ""
    try:
        picture = await fit_reference(
            outputs,
            engine,
            step,
            picture_sha256=plan.pictures.get(image),
            limit_bytes=capabilities(plan.manifest.provider.kind).picture_bytes,
        )
    except OperationFailed as error:
        place = step.shot.place("reference")
        if isinstance(reference, ImageReference):
            return picture_problem([reference], error.message, "", error.code)
        return Problem(error.message, place, error.code)
    return _told(steps, picture, "")


def _told(steps: list[Step], picture: Path | None, words: str) -> dict[str, Json]:
    shot = steps[0].shot
    more = f" and {len(steps) - 1:,} more" if len(steps) > 1 else ""
    size: Size = shot.size
    return {
        "picture": str(picture) if picture is not None else None,
        "words": words,
        "name": f"{shot.id}{more}",
        "details": f"{size}, {_words(steps[0])}",
        "width": size.width,
        "height": size.height,
    }


def _words(step: Step) -> str:
    reference = step.shot.reference
    if isinstance(reference, FrameReference):
        return f"{reference.fit}, {_moment(reference)}"
    if isinstance(reference, ImageReference):
        return f"{reference.fit}, {Path(reference.image.partition('?')[0]).name}"
    return ""


def _moment(reference: FrameReference) -> str:
    if isinstance(reference.at, str):
        return f"{reference.at} frame of {reference.shot}"
    return f"{reference.shot} at {reference.at} s"
