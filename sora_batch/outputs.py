"""Where clips, sidecars and thumbnails stand, and how they get there without ever being lost.

All of it blocks on the disk: call it from a thread, not from the event loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from sora_batch.records import AttemptId, Clip
from sora_batch.shots import ShotId


def write_atomically(path: Path, data: bytes) -> None:
    """The file whole or not at all, and on the disk when this returns."""
    raise NotImplementedError


class Outputs:
    """The output folder of one manifest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ensure(self) -> None:
        """Makes the folder and proves it writable. Raises OutputUnusable."""
        raise NotImplementedError

    def clip_path(self, shot_id: ShotId) -> Path:
        """Where the shot's clip stands for people."""
        raise NotImplementedError

    def sidecar_path(self, shot_id: ShotId) -> Path:
        """Where the JSON beside the clip stands."""
        raise NotImplementedError

    def thumbnail_path(self, shot_id: ShotId) -> Path:
        """Where the shot's thumbnail stands."""
        raise NotImplementedError

    def part_path(self, attempt_id: AttemptId) -> Path:
        """Where the attempt's download grows; the same after a restart."""
        raise NotImplementedError

    def temporary(self, suffix: str = "") -> Path:
        """A fresh name on the same disk, for something to be renamed or thrown away."""
        raise NotImplementedError

    def locate(self, clip: Clip) -> Path | None:
        """Where the clip's file stands, whole, under its own or its earlier name."""
        raise NotImplementedError

    def intact(self, clip: Clip) -> bool:
        """Whether the clip's file is still there and unchanged."""
        raise NotImplementedError

    def place(self, part: Path, clip: Clip) -> Path:
        """Brings a checked download to its visible name; the clip that stood there moves to
        `earlier/`. Raises OutputUnusable."""
        raise NotImplementedError

    def adopt_copy(self, clip: Clip, shot_id: ShotId) -> Path:
        """The clip under this shot's visible name, as a hard link or else a copy.

        Raises OutputUnusable, also when the clip is no longer there.
        """
        raise NotImplementedError

    def write_sidecar(self, shot_id: ShotId, data: Mapping[str, object]) -> Path:
        """The JSON beside the clip; decimals as text, times as ISO."""
        raise NotImplementedError

    def clean(self, final: Iterable[AttemptId]) -> list[Path]:
        """Removes our own temporary files and the parts of these attempts; what was removed."""
        raise NotImplementedError
