"""Completes a step whose inputs had to wait for another shot's clip.

A first frame counts by the clip it is taken from, and while that clip is still to be made nobody
knows its digest. The run knows it when the step's turn comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sora_batch.planning.plan import Step
from sora_batch.records import Clip
from sora_batch.shots import FrameReference, ShotId, fingerprint_of, inputs_of


def settled(step: Step, clips: Mapping[ShotId, Clip], *, picture_sha256: str | None = None) -> Step:
    """The step as it is ordered, once `clips` has the clips of everything it needs.

    What a plan made after the fact would say of it, so the next plan knows the clip again.
    """
    reference = step.shot.reference
    if isinstance(reference, FrameReference):
        step = replace(step, frame_clip=clips.get(reference.shot))
    if step.awaits is None:
        return step
    needed = {shot: clips[shot] for shot in step.shot.needed if shot in clips}
    inputs = inputs_of(
        step.shot,
        step.target,
        picture_sha256=picture_sha256,
        parents={shot: clip.fingerprint for shot, clip in needed.items()},
        frames={shot: clip.sha256 for shot, clip in needed.items()},
    )
    return replace(step, inputs=inputs, fingerprint=fingerprint_of(inputs), awaits=None)
