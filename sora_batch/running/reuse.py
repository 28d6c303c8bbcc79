"""Takes over a clip that is there already: the same picture, asked for by another name."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sora_batch.planning.plan import Step
from sora_batch.records import Clip
from sora_batch.running.references import frame_seconds
from sora_batch.running.sidecar import sidecar_of
from sora_batch.running.tools import Tools


def clip_there(tools: Tools, step: Step) -> Clip | None:
    """A clip that this shot got for exactly these inputs in an earlier run, if it is intact."""
    for clip in tools.store.clips(step.shot.id):
        if clip.fingerprint == step.fingerprint and tools.outputs.intact(clip):
            return clip
    return None


async def bring(tools: Tools, step: Step, clip: Clip) -> Clip:
    """The clip under this shot's own name: one of another shot, or an earlier one of its own.

    Raises OutputUnusable.
    """
    path = await asyncio.to_thread(tools.outputs.adopt_copy, clip, step.shot.id)
    adopted = replace(clip, shot_id=step.shot.id, mtime_ns=path.stat().st_mtime_ns)
    data = sidecar_of(
        tools.manifest,
        step,
        None,
        adopted,
        copied_from=clip.shot_id,
        frame_s=frame_seconds(tools.outputs, step),
    )
    await asyncio.to_thread(tools.outputs.write_sidecar, step.shot.id, data)
    await tools.store.keep(None, adopted)
    return adopted
