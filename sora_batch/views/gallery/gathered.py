"""What a gallery is told: the plan as it stands, what became of every attempt, and the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sora_batch.manifest.settings import Manifest
from sora_batch.planning.plan import Step
from sora_batch.records import Attempt, Ledger
from sora_batch.shots import ShotId


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Addresses of a shot's files as the page has them, "" for what is not there.

    `clip` begins with `#` where the clip is inside the page. `strip` has `frames` pictures side
    by side. `reference` is the picture the shot starts from, small and cut as it is sent.
    """

    clip: str = ""
    poster: str = ""
    strip: str = ""
    frames: int = 0
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A manifest's shots at one moment.

    `attempts` are all there were at a shot, oldest first. `running` names who runs the manifest.
    """

    manifest: Manifest
    steps: tuple[Step, ...]
    ledger: Ledger
    at: datetime
    attempts: Mapping[ShotId, tuple[Attempt, ...]] = field(default_factory=dict)
    media: Mapping[ShotId, Media] = field(default_factory=dict)
    running: str | None = None
