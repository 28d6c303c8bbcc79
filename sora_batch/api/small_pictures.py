"""The small pictures of a gallery: posters, strips to leaf through, references as they are sent.

Posters are the thumbnails that a run makes. What is missing is made, once, in the output folder's
cache; a picture that cannot be made is left out and said.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sora_batch.engines import local_engine
from sora_batch.engines.engine import Engine, EngineLost, OperationFailed
from sora_batch.outputs import Outputs
from sora_batch.planning.plan import Step
from sora_batch.shots import ImageReference, Json, ShotId, Size

FRAMES = 12

_LONG_SIDE = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """A shot's small pictures; `strip` has `frames` side by side. None is not there."""

    poster: Path | None = None
    strip: Path | None = None
    frames: int = FRAMES
    reference: Path | None = None


@dataclass(frozen=True, slots=True)
class _Order:
    """A picture that is not there yet, and how it is made."""

    operation: str
    spec: Mapping[str, Json]
    shot: ShotId


async def small_pictures(
    outputs: Outputs,
    steps: Sequence[Step],
    clips: Mapping[ShotId, Path],
    began: Callable[[int], None] | None,
) -> tuple[dict[ShotId, Small], tuple[str, ...]]:
    """The pictures of every shot, and what could not be made. Raises OutputUnusable."""
    wanted = {step.shot.id: _wanted(outputs, step, clips.get(step.shot.id)) for step in steps}
    orders: dict[Path, _Order] = {}
    for step in steps:
        orders |= _orders(outputs, step, clips.get(step.shot.id), wanted[step.shot.id])
    if orders:
        outputs.ensure()
        if began is not None:
            began(len(orders))
    failed = await _made(orders)
    there = {shot: _there(small) for shot, small in wanted.items()}
    notices = tuple(f"{orders[path].shot}: {words}" for path, words in failed.items())
    return there, notices


def _wanted(outputs: Outputs, step: Step, clip: Path | None) -> Small:
    """Where the pictures are, or will be."""
    reference = _reference_path(outputs, step)
    if clip is None or step.clip is None:
        return Small(reference=reference)
    thumbnail, digest = clip.with_suffix(".webp"), step.clip.sha256[:32]
    return Small(
        poster=thumbnail if thumbnail.exists() else _cached(outputs, f"poster-{digest}"),
        strip=_cached(outputs, f"strip-{digest}"),
        reference=reference,
    )


def _cached(outputs: Outputs, name: str) -> Path:
    return outputs.fitted_path(name).with_suffix(".webp")


def _reference_path(outputs: Outputs, step: Step) -> Path | None:
    reference = step.shot.reference
    if not isinstance(reference, ImageReference):
        return None
    inputs = f"{step.inputs.get('reference')} {_small(step.shot.size)}"
    return outputs.fitted_path(f"small-{hashlib.sha256(inputs.encode()).hexdigest()[:32]}")


def _small(size: Size) -> Size:
    scale = _LONG_SIDE / max(size)
    return Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))


def _orders(outputs: Outputs, step: Step, clip: Path | None, small: Small) -> dict[Path, _Order]:
    """What has to be made of a shot's pictures, by where it goes."""
    specs: dict[Path, tuple[str, dict[str, Json]]] = {}
    if clip is not None and step.clip is not None:
        width = _small(step.clip.size).width
        if small.poster is not None:
            specs[small.poster] = ("thumbnail", {"path": str(clip), "width": 480})
        if small.strip is not None:
            strip: dict[str, Json] = {"path": str(clip), "frames": FRAMES, "width": width}
            specs[small.strip] = ("strip", strip)
    reference = step.shot.reference
    if small.reference is not None and isinstance(reference, ImageReference):
        image = outputs.fetched_path(reference.image) if reference.is_url else reference.image
        size = _small(step.shot.size)
        fit: dict[str, Json] = {
            "image": str(image),
            "width": size.width,
            "height": size.height,
            "fit": "cover" if reference.fit == "exact" else reference.fit,
            "focus": list(reference.focus),
        }
        specs[small.reference] = ("fit", fit)
    return {
        path: _Order(operation, {**spec, "target": str(path)}, step.shot.id)
        for path, (operation, spec) in specs.items()
        if not path.exists()
    }


async def _made(orders: Mapping[Path, _Order]) -> dict[Path, str]:
    """Makes them all; what failed, and why."""
    if not orders:
        return {}
    engine = local_engine()
    try:
        failed = await asyncio.gather(*(_make(engine, order) for order in orders.values()))
    finally:
        await engine.close()
    return {path: words for path, words in zip(orders, failed, strict=True) if words}


async def _make(engine: Engine, order: _Order) -> str:
    try:
        await engine.run(order.operation, order.spec, key=order.shot)
    except (OperationFailed, EngineLost) as error:
        return f"no {'reference' if order.operation == 'fit' else order.operation}: {error}"
    return ""


def _there(small: Small) -> Small:
    def found(path: Path | None) -> Path | None:
        return path if path is not None and path.exists() else None

    return Small(
        poster=found(small.poster),
        strip=found(small.strip),
        frames=small.frames,
        reference=found(small.reference),
    )
