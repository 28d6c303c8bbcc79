"""Assembles the cuts of a manifest out of the clips that are finished."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from sora_batch.api.aside import run_aside
from sora_batch.api.cut_orders import CutOrder, Material, material_of, order_of
from sora_batch.api.cut_records import is_made, read_record, write_record
from sora_batch.api.looking import Status, status
from sora_batch.api.music import inspect_music
from sora_batch.clock import SystemClock
from sora_batch.engines import local_engine
from sora_batch.errors import OutputUnusable, ProblemsFound, UsageError
from sora_batch.manifest.settings import Cut, Manifest
from sora_batch.manifest.slugs import slug
from sora_batch.media import OperationFailed
from sora_batch.problems import Problem, did_you_mean, joined
from sora_batch.shots import Json

Began = Callable[[str, int], None]
T = TypeVar("T")

_LEFTOVER_S = 600
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CutReport:
    """What became of one cut.

    `facts` are those of the finished file: width, height, fps, frames, seconds, has_audio, lufs,
    copied, notes and more. `left_out` are the shots without a clip, and why. `problem` says why a
    cut was refused.
    """

    name: str
    state: Literal["assembled", "unchanged", "refused"]
    path: Path
    captions: Path | None = None
    clips: int = 0
    facts: Mapping[str, Json] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    problem: Problem | None = None


def cut(
    manifest: Manifest,
    names: Sequence[str] = (),
    *,
    leave_out_missing: bool = False,
    began: Began | None = None,
) -> tuple[CutReport, ...]:
    """Assembles the named cuts, or all; one whose inputs have not changed is left as it is.

    A cut that misses a clip is refused and the others are made; with `leave_out_missing` it is
    made of the clips there are. `began` is told a cut's name and how many clips it has when work
    on it begins. Raises UsageError for a name that is not there, ProblemsFound for music that is
    none, OutputUnusable.
    """
    chosen = _chosen(manifest, names)
    if problems := inspect_music(chosen):
        raise ProblemsFound(problems)
    now = status(manifest)
    folder = manifest.output / "cuts"
    return tuple(_made(now, one, folder, leave_out_missing, began) for one in chosen)


def _chosen(manifest: Manifest, names: Sequence[str]) -> list[Cut]:
    known = {cut.name: cut for cut in manifest.cuts}
    if not known:
        fix = "add `cuts:` with a name and its `shots:`"
        raise UsageError(f"{manifest.file} describes no cut", fix=fix)
    for name in names:
        if name not in known:
            fix = did_you_mean(name, known) or f"there are {joined(list(known), 'and')}"
            raise UsageError(f"there is no cut `{name}`", fix=fix)
    return [known[name] for name in dict.fromkeys(names)] or list(known.values())


def _made(
    now: Status, cut: Cut, folder: Path, leave_out_missing: bool, began: Began | None
) -> CutReport:
    material = material_of(now, cut)
    path = folder / f"{slug(cut.name)}.mp4"
    if not material.present or (material.missing and not leave_out_missing):
        problem = _missing(now.manifest, cut, material)
        return _refused(cut, path, problem, material)
    order = order_of(cut, material)
    record = read_record(path)
    if record is not None and is_made(path, record, order):
        return _report("unchanged", cut, path, material, record)
    if began is not None:
        began(cut.name, len(material.present))
    try:
        facts = _in_its_loop(_assemble(order, path))
    except OperationFailed as error:
        where = cut.music_where if error.code == "music" else cut.where
        problem = Problem(f"cut `{cut.name}`: {error.message}", where, error.code)
        return _refused(cut, path, problem, material)
    record = write_record(path, order, facts, made_at=SystemClock().now(), missing=material.missing)
    return _report("assembled", cut, path, material, record)


def _report(
    state: Literal["assembled", "unchanged"],
    cut: Cut,
    path: Path,
    material: Material,
    facts: Mapping[str, Json],
) -> CutReport:
    beside = path.with_suffix(".srt")
    return CutReport(
        name=cut.name,
        state=state,
        path=path,
        captions=beside if beside.exists() else None,
        clips=len(material.present),
        facts=facts,
        left_out=material.missing,
    )


def _refused(cut: Cut, path: Path, problem: Problem, material: Material) -> CutReport:
    return CutReport(
        name=cut.name, state="refused", path=path, problem=problem, left_out=material.missing
    )


def _missing(manifest: Manifest, cut: Cut, material: Material) -> Problem:
    """Every shot without a clip, and why."""
    said = [f"`{shot}` ({why})" for shot, why in material.missing.items()]
    rest = f" and {len(said) - _NAMED:,} more" if len(said) > _NAMED else ""
    count = "a clip" if len(said) == 1 else f"{len(said):,} clips"
    message = f"cut `{cut.name}` misses {count}: {', '.join(said[:_NAMED])}{rest}"
    fix = f"`sora-batch run {manifest.file}` makes what can be made"
    if material.present:
        fix += "; --leave-out-missing cuts without them"
    return Problem(message, cut.where, "missing-clips", fix)


async def _assemble(order: CutOrder, path: Path) -> Mapping[str, Json]:
    part = path.with_name(f".{path.name[:60]}.{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear(path.parent)
        part.touch()
    except OSError as error:
        raise OutputUnusable.because(error, path) from error
    engine = local_engine(workers=1)
    try:
        spec = {**order.spec, "target": str(path), "part": str(part)}
        return await engine.run("cut", spec, key=f"cut {order.digest}")
    finally:
        # Whoever interrupts us does not want the cut any more; its absence stops the work.
        part.unlink(missing_ok=True)
        await engine.close()


def _clear(folder: Path) -> None:
    """Removes what killed processes left behind; what is still written to stays."""
    now = SystemClock().now().timestamp()
    for leftover in folder.glob(".*.tmp"):
        if now - leftover.stat().st_mtime > _LEFTOVER_S:
            leftover.unlink(missing_ok=True)


def _in_its_loop(work: Coroutine[object, object, T]) -> T:
    """Runs it here, where Ctrl-C can reach it; in a thread where a loop is running already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    return run_aside(work)
