"""The picture a shot starts from, brought to the clip's size: a person's, or another clip's frame.

Everything here is made by the engine, costs nothing and is cached by what it is made from, so a
run that was killed makes no clip again to get a picture of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from sora_batch.engines.engine import Engine, EngineLost, OperationFailed
from sora_batch.outputs import Outputs, write_atomically
from sora_batch.planning.plan import Step
from sora_batch.records import Clip
from sora_batch.shots import FrameReference, ImageReference, Json

_TRIES = 3


async def fit_reference(
    outputs: Outputs,
    engine: Engine,
    step: Step,
    *,
    picture_sha256: str | None,
    limit_bytes: int | None,
) -> Path | None:
    """The shot's first frame at the clip's size; made once for all who share it, None for none.

    A PNG, or a JPEG where the PNG would have more than `limit_bytes`. Raises OperationFailed where
    the picture cannot be fitted or the frame not be taken.
    """
    reference = step.shot.reference
    if reference is None:
        return None
    origin: list[Json] = [picture_sha256]
    if isinstance(reference, FrameReference):
        origin = _frame_recipe(reference, _clip_of(step, reference))
    size, focus = step.shot.size, list[Json](reference.focus)
    recipe: list[Json] = [*origin, str(size), reference.fit, focus, limit_bytes]
    target = outputs.fitted_path(_name_of(recipe))
    for made in (target, target.with_suffix(".jpg")):
        if made.exists():
            return made
    spec: dict[str, Json] = {
        "image": str(await _original(outputs, engine, step, reference)),
        "target": str(target),
        "width": size.width,
        "height": size.height,
        "fit": reference.fit,
        "focus": focus,
        "limit_bytes": limit_bytes,
        "sha256": picture_sha256,
    }
    told = await _run(engine, "fit", spec, key=step.shot.id)
    return target.with_suffix(".jpg") if told["format"] == "jpeg" else target


def frame_seconds(outputs: Outputs, step: Step) -> Decimal | None:
    """When the frame appears in the other shot's clip; None for no frame, or where it is not
    known any more."""
    reference = step.shot.reference
    if not isinstance(reference, FrameReference) or step.frame_clip is None:
        return None
    name = _name_of(_frame_recipe(reference, step.frame_clip))
    try:
        told = json.loads(outputs.fitted_path(name).with_suffix(".json").read_bytes())
        return Decimal(str(told["seconds"]))
    except (OSError, ValueError, KeyError, ArithmeticError):
        return None


async def _original(
    outputs: Outputs, engine: Engine, step: Step, reference: ImageReference | FrameReference
) -> Path:
    """The picture before it is fitted."""
    if isinstance(reference, FrameReference):
        return await _frame(outputs, engine, step, reference)
    return outputs.fetched_path(reference.image) if reference.is_url else Path(reference.image)


async def _frame(outputs: Outputs, engine: Engine, step: Step, reference: FrameReference) -> Path:
    """The frame of the other shot's clip, as large as it is there."""
    clip = _clip_of(step, reference)
    target = outputs.fitted_path(_name_of(_frame_recipe(reference, clip)))
    facts = target.with_suffix(".json")
    if target.exists() and facts.exists():
        return target
    path = outputs.locate(clip)
    if path is None:
        raise OperationFailed(f"the clip of {reference.shot} is no longer there", code="missing")
    spec: dict[str, Json] = {"path": str(path), "target": str(target), "at": str(reference.at)}
    told = await _run(engine, "frame", spec, key=step.shot.id)
    write_atomically(facts, json.dumps(dict(told)).encode())
    return target


async def _run(
    engine: Engine, operation: str, spec: Mapping[str, Json], *, key: str
) -> Mapping[str, Json]:
    """The answer, also where a worker is lost on the way. Raises OperationFailed."""
    for _ in range(_TRIES - 1):
        try:
            return await engine.run(operation, spec, key=key)
        except EngineLost:
            continue
    try:
        return await engine.run(operation, spec, key=key)
    except EngineLost as error:
        raise OperationFailed(f"{operation}: {error}", code="lost") from error


def _clip_of(step: Step, reference: FrameReference) -> Clip:
    if step.frame_clip is None:
        raise OperationFailed(f"{reference.shot} has no clip to take a frame of", code="missing")
    return step.frame_clip


def _frame_recipe(reference: FrameReference, clip: Clip) -> list[Json]:
    return [clip.sha256, str(reference.at)]


def _name_of(recipe: list[Json]) -> str:
    return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:32]
