"""What a cut is to be made of: which clips are there, and what an engine is told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from sora_batch.api.looking import Status
from sora_batch.durable import sha256_of
from sora_batch.manifest.settings import Cut
from sora_batch.media.cutting.captions import fonts_of
from sora_batch.planning.plan import Action
from sora_batch.shots import Json

_VERSION = "c2"
"""To be raised with every change after which the same inputs come to another cut."""


@dataclass(frozen=True, slots=True)
class Material:
    """The clips of a cut that are there, by place in the cut, and the shots that have none."""

    present: Mapping[int, Mapping[str, Json]]
    missing: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CutOrder:
    """What the engine is told, without names of files to be written; `digest` is of the inputs."""

    spec: Mapping[str, Json]
    digest: str


def material_of(now: Status, cut: Cut) -> Material:
    """Which of the cut's clips are finished and up to date."""
    steps = {step.shot.id: step for step in now.steps}
    present: dict[int, Mapping[str, Json]] = {}
    missing: dict[str, str] = {}
    for place, shot in enumerate(cut.shots):
        step, path = steps[shot], now.clips.get(shot)
        if path is not None and step.clip is not None:
            present[place] = {"shot": shot, "path": str(path), "sha256": step.clip.sha256}
        else:
            kept = step.action is Action.REUSE
            missing[shot] = "made by the next run" if kept else step.reason
    return Material(present, missing)


def order_of(cut: Cut, material: Material) -> CutOrder:
    """The order for the clips that are there."""
    pieces: list[Json] = []
    for place, clip in material.present.items():
        crossfade = cut.crossfades_s[place] if cut.crossfades_s else cut.crossfade_s
        caption = cut.caption_texts[place] if cut.caption_texts else ""
        pieces.append({**clip, "crossfade_s": str(crossfade), "caption": caption})
    spec: dict[str, Json] = {
        "name": cut.name,
        "pieces": pieces,
        "title": cut.title,
        "music": None if cut.music is None else str(cut.music),
        "loudness": cut.loudness,
        "size": None if cut.size is None else list(cut.size),
        "fps": None if cut.fps is None else str(cut.fps),
    }
    return CutOrder(spec, _digest(cut, spec, material))


def _digest(cut: Cut, spec: Mapping[str, Json], material: Material) -> str:
    """Over everything that decides the cut, bytes rather than names of files."""
    pieces = [
        {name: value for name, value in piece.items() if name != "path"}
        for piece in spec["pieces"]  # type: ignore[union-attr]
        if isinstance(piece, dict)
    ]
    music = None if cut.music is None else sha256_of(cut.music)
    captions = [str(piece["caption"]) for piece in pieces]
    fonts: list[Json] = [*fonts_of([*captions, cut.title])]
    inputs = {**spec, "pieces": pieces, "music": music, "fonts": fonts, "version": _VERSION}
    text = json.dumps(inputs, sort_keys=True, ensure_ascii=True)
    return f"{_VERSION}:{hashlib.sha256(text.encode()).hexdigest()}"
