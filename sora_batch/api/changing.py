"""A person's decisions about the past: keep this clip, try that shot again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sora_batch.api.aside import run_aside
from sora_batch.api.plans import plan, read_history, require_settled
from sora_batch.clock import SystemClock
from sora_batch.errors import UsageError
from sora_batch.manifest.settings import Manifest
from sora_batch.outputs import Outputs
from sora_batch.planning.absent import no_shot
from sora_batch.planning.plan import Action, Step
from sora_batch.records import Clip, History
from sora_batch.shots import FrameReference, Shot, ShotId
from sora_batch.store import open_store


def accept(manifest: Manifest, shots: Sequence[str]) -> list[Clip]:
    """Keeps the existing clips of these shots for their changed inputs, without paying.

    All of them or none. Raises UsageError for a shot that is not there, has no clip, or needs
    none; StoreBusy while a run is going on.
    """
    steps = {str(step.shot.id): step for step in plan(manifest).steps}
    return run_aside(_accept(manifest, steps, shots))


def made_again(manifest: Manifest, shots: Sequence[str]) -> list[Step]:
    """The shots that go on from these and would be made again although each has a clip, in the
    order of the plan: what a person who accepts these may want to accept too."""
    history, outputs = read_history(manifest), Outputs(manifest.output)
    changed, found = set(shots), list[Step]()
    for step in plan(manifest).steps:
        if step.action is not Action.MAKE or changed.isdisjoint(_origins(step.shot)):
            continue
        changed.add(step.shot.id)
        clip = history.latest.get(step.shot.id)
        # What waits for a frame of a clip to come cannot be accepted before that clip is there.
        if clip is not None and step.awaits is None and outputs.intact(clip):
            found.append(step)
    return found


def _origins(shot: Shot) -> set[str]:
    """The shots whose clips it is made from or takes its first frame of."""
    origins = {shot.source.shot} if shot.source is not None and shot.source.shot else set[str]()
    return origins | (
        {shot.reference.shot} if isinstance(shot.reference, FrameReference) else set()
    )


def retry(manifest: Manifest, select: Sequence[str] = ()) -> int:
    """Puts the failures of the selected shots aside, so that the next run tries them again.

    How many shots had failed. Raises UsageError for a selection that matches nothing, StoreBusy
    while a run is going on.
    """
    steps = plan(manifest, select=select).steps
    shots = [step.shot.id for step in steps if not step.taken_along]
    return run_aside(_forgive(manifest, shots))


async def _accept(manifest: Manifest, steps: dict[str, Step], shots: Sequence[str]) -> list[Clip]:
    outputs, clock = Outputs(manifest.output), SystemClock()
    store = open_store(manifest.output, clock=clock)
    try:
        history = store.history(intact=outputs.intact)
        clips = [_acceptable(manifest, steps, history, outputs, shot) for shot in shots]
        kept = [replace(clip, made_at=clock.now(), origin="accepted") for clip in clips]
        for clip in kept:
            await store.accept(clip)
        return kept
    finally:
        await store.close()


async def _forgive(manifest: Manifest, shots: Sequence[ShotId]) -> int:
    clock = SystemClock()
    store = open_store(manifest.output, clock=clock)
    try:
        return await store.forgive(shots, clock.now())
    finally:
        await store.close()


def _acceptable(
    manifest: Manifest, steps: dict[str, Step], history: History, outputs: Outputs, shot: str
) -> Clip:
    """The shot's newest clip, as the clip of its present inputs. Raises UsageError."""
    step = steps.get(shot)
    if step is None:
        raise no_shot(shot, steps, manifest.disabled)
    if step.action is Action.REUSE:
        raise UsageError(f"`{shot}` has a clip for its present inputs; there is nothing to accept")
    if step.action in {Action.RESUME, Action.HOLD}:
        raise UsageError(f"`{shot}` is not finished: {step.reason}")
    clip = history.latest.get(ShotId(shot))
    if clip is None or not outputs.intact(clip):
        fix = f"`sora-batch run --select {shot}` makes one"
        raise UsageError(f"`{shot}` has no clip that could be kept", fix=fix)
    require_settled(step)
    return replace(clip, fingerprint=step.fingerprint, inputs=step.inputs)
