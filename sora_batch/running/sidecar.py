"""What stands in the JSON beside a clip: everything that made it, for people and other programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from sora_batch.manifest.settings import Manifest
from sora_batch.planning.plan import Step
from sora_batch.records import Attempt, Clip
from sora_batch.shots import FrameReference, ShotId

SIDECAR_VERSION = 1


def sidecar_of(
    manifest: Manifest,
    step: Step | None,
    attempt: Attempt | None,
    clip: Clip,
    *,
    copied_from: ShotId | None = None,
    frame_s: Decimal | None = None,
) -> Mapping[str, object]:
    """The sidecar's content; money and times as the writer of JSON puts them.

    `attempt` is the one that made the clip in this run; `copied_from` is the shot whose clip this
    one is, where the same picture was there already. `frame_s` is when the frame that it starts
    from appears in the other shot's clip.
    """
    return {
        "sidecar": SIDECAR_VERSION,
        "shot": clip.shot_id,
        "sha256": clip.sha256,
        "fingerprint": clip.fingerprint,
        "inputs": dict(clip.inputs),
        "manifest": _origin(manifest),
        **({"written": _written(step, frame_s)} if step is not None else {}),
        "job": {"provider": clip.provider, "id": clip.job_id, **_tried(attempt)},
        "price": {
            "estimated_usd": attempt.price_usd if attempt is not None else None,
            "spent_usd": clip.spent_usd,
        },
        "clip": {
            "bytes": clip.bytes,
            "size": str(clip.size),
            "seconds": clip.seconds,
            "fps": clip.fps,
            "has_audio": clip.has_audio,
            "differs": clip.differs,
            "origin": clip.origin,
            "made_at": clip.made_at,
            "copied_from": copied_from,
        },
    }


def made_by(sidecar: Path) -> object:
    """The id of the attempt that made the clip which a sidecar describes; None where none says."""
    try:
        job = json.loads(sidecar.read_bytes())["job"]
        return job.get("attempt_id")
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _origin(manifest: Manifest) -> Mapping[str, object]:
    return {
        "name": manifest.name,
        "file": str(manifest.file),
        "sha256": manifest.sha256,
        "profile": manifest.profile,
    }


def _tried(attempt: Attempt | None) -> Mapping[str, object]:
    if attempt is None:
        return {}
    return {
        "server_model": attempt.model,
        "attempt": attempt.number,
        "attempt_id": attempt.id,
        "submitted_at": attempt.submitted_at,
        "rendered_at": attempt.rendered_at,
    }


def _written(step: Step, frame_s: Decimal | None) -> Mapping[str, object]:
    """The shot as its manifest has it, with its lineage."""
    shot = step.shot
    return {
        "at": str(shot.where),
        "spec": shot.spec,
        "template": shot.template,
        "variables": dict(shot.variables),
        "model": shot.model,
        "row": shot.row,
        "variant": shot.variant,
        "axes": dict(shot.axes),
        "take": shot.take,
        "tags": list(shot.tags),
        "made_from": shot.source.shot or shot.source.job if shot.source is not None else None,
        "frame_of": _frame(step, frame_s),
        "needs": list(shot.needed),
    }


def _frame(step: Step, frame_s: Decimal | None) -> Mapping[str, object] | None:
    """Which frame of which clip it starts from."""
    reference, clip = step.shot.reference, step.frame_clip
    if not isinstance(reference, FrameReference):
        return None
    return {
        "shot": reference.shot,
        "clip_sha256": clip.sha256 if clip is not None else None,
        "at": reference.at,
        "seconds": frame_s,
    }
