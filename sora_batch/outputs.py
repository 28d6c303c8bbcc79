"""Where clips, sidecars and thumbnails stand, and how they get there without ever being lost.

Knows files and nothing else: not what was paid, not what is planned. All of it blocks on the
disk, so it is called from a thread and never from the event loop.

Nothing is ever deleted but our own temporary files. A clip that another one takes the place of
goes to `earlier/` under a name made from its own bytes, and it is there before the newer one
stands in its place: a kill at any instant leaves both.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path

from sora_batch.durable import (
    TEMPORARY,
    link_over,
    sha256_of,
    sync_folder,
    write_atomically,
)
from sora_batch.errors import OutputUnusable
from sora_batch.records import AttemptId, Clip
from sora_batch.shots import ShotId

__all__ = ["Outputs", "write_atomically"]

_EARLIER = "earlier"
_PARTS = ".parts"
_CACHE = ".cache"
_OURS = re.compile(TEMPORARY + r"|t-[0-9a-f]{16}(\..*)?")
_UNSAFE = re.compile(r"[/\\\x00-\x1f\x7f]")


class Outputs:
    """The output folder of one manifest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._digests: dict[tuple[int, int, int, int], str] = {}

    def ensure(self) -> None:
        """Makes the folder and proves it writable, to the disk. Raises OutputUnusable."""
        with _unusable(self.folder):
            (self.folder / _PARTS).mkdir(parents=True, exist_ok=True)
            (self.folder / _EARLIER).mkdir(exist_ok=True)
            (self.folder / _CACHE).mkdir(exist_ok=True)
            probe = self.folder / _PARTS / "probe"
            write_atomically(probe, b"x" * 4096)
            probe.unlink()

    def clip_path(self, shot_id: ShotId) -> Path:
        """Where the shot's clip stands for people."""
        return self.folder / f"{_safe(shot_id)}.mp4"

    def sidecar_path(self, shot_id: ShotId) -> Path:
        """Where the JSON beside the clip stands."""
        return self.folder / f"{_safe(shot_id)}.json"

    def thumbnail_path(self, shot_id: ShotId) -> Path:
        """Where the shot's thumbnail stands."""
        return self.folder / f"{_safe(shot_id)}.webp"

    def part_path(self, attempt_id: AttemptId) -> Path:
        """Where the attempt's download grows; the same after a restart."""
        return self.folder / _PARTS / f"{_safe(attempt_id)}.part"

    @property
    def local_folder(self) -> Path:
        """Where the embedded provider keeps its jobs."""
        return self.folder / ".local"

    def fitted_path(self, name: str) -> Path:
        """Where a fitted reference or a frame of that name stands, as PNG; as JPEG or with facts
        in JSON it stands beside. A cache, free to make again."""
        return self.folder / _CACHE / f"{_safe(name)}.png"

    def fetched_path(self, url: str) -> Path:
        """Where the picture behind the URL stands once it was fetched."""
        return self.folder / _CACHE / f"{self.pin_name(url)}.fetched"

    def pin_name(self, url: str) -> str:
        """By what the store knows the URL: a signed one is a secret, and none is kept."""
        return hashlib.sha256(url.encode()).hexdigest()[:32]

    def temporary(self, suffix: str = "") -> Path:
        """A fresh name on the same disk, to rename or throw away; `clean` removes what is left."""
        return self.folder / _PARTS / f"t-{secrets.token_hex(8)}{suffix}"

    def earlier_path(self, clip: Clip) -> Path:
        """Where the clip's file goes when another one takes its place."""
        return self._earlier(clip.shot_id, clip.sha256, ".mp4")

    def locate(self, clip: Clip) -> Path | None:
        """Where the clip's file stands, whole, under its own or its earlier name.

        It is known by its size and time without being read; only where the time differs (the
        folder was copied) its bytes are compared.
        """
        for path in (self.clip_path(clip.shot_id), self.earlier_path(clip)):
            if self._is_whole(path, clip):
                return path
        return None

    def is_visible(self, clip: Clip) -> bool:
        """Whether the clip stands under its shot's own name, rather than in `earlier/`."""
        return self.locate(clip) == self.clip_path(clip.shot_id)

    def intact(self, clip: Clip) -> bool:
        """Whether the clip's file is still there and unchanged."""
        return self.locate(clip) is not None

    def place(self, part: Path, clip: Clip, sidecar: Mapping[str, object]) -> Path:
        """Brings a checked download, whose bytes are on the disk, to its visible name, and its
        sidecar beside it; the clip that stood there moves to `earlier/` with its sidecar and
        thumbnail. Raises OutputUnusable.

        Calling it again after a kill, with the part or with another download of the same clip,
        ends in the same files.
        """
        target, described = self.clip_path(clip.shot_id), _json(sidecar)
        with _unusable(target):
            self._set_aside(clip.shot_id, clip.sha256)
            part.replace(target)
            write_atomically(self.sidecar_path(clip.shot_id), described, sync_name=False)
            sync_folder(self.folder)
        return target

    def place_earlier(self, part: Path, clip: Clip, sidecar: Mapping[str, object]) -> Path:
        """Keeps a clip that was paid for and that its shot asks for no more, in `earlier/`.

        Raises OutputUnusable.
        """
        target = self.earlier_path(clip)
        with _unusable(target):
            write_atomically(target.with_suffix(".json"), _json(sidecar), sync_name=False)
            part.replace(target)
            sync_folder(target.parent)
        return target

    def adopt_copy(self, clip: Clip, shot_id: ShotId) -> Path:
        """The clip under this shot's visible name: a hard link, or a copy where there are none.

        Also brings a clip of the same shot back from `earlier/`. What stood there is set aside.
        Raises OutputUnusable, also when the clip is no longer there.
        """
        target = self.clip_path(shot_id)
        if self._is_whole(target, clip):
            return target
        source = self.locate(clip)
        if source is None:
            raise OutputUnusable(
                f"the clip of {clip.shot_id} is no longer in {self.folder}",
                fix="put it back, or run again to make it anew",
            )
        with _unusable(target):
            self._set_aside(shot_id, clip.sha256)
            link_over(source, target)
            sync_folder(self.folder)
        return target

    def write_sidecar(self, shot_id: ShotId, data: Mapping[str, object]) -> Path:
        """The JSON beside the clip, keys in the order given; decimals as text, times as ISO.

        A top-level `sha256` names the clip it describes; by it the sidecar finds its place in
        `earlier/`. Raises OutputUnusable.
        """
        path = self.sidecar_path(shot_id)
        with _unusable(path):
            write_atomically(path, _json(data))
        return path

    def clean(self, final: Iterable[AttemptId] = (), *, spared_s: float = 0.0) -> list[Path]:
        """Removes our own temporary files and the parts of these attempts; what was removed.

        Only for the process that has the store's lock: no other may be writing parts. Those of
        attempts that are not named stay: they may be most of a clip that is paid for. Pages are
        made while a run goes on: temporary files elsewhere that are younger than `spared_s` stay.
        """
        removed = [path for path in map(self.part_path, final) if path.exists()]
        with _unusable(self.folder):
            for name in ("", _EARLIER, _PARTS, _CACHE):
                folder, oldest = self.folder / name, time.time() - (name != _PARTS) * spared_s
                names = os.listdir(folder) if folder.is_dir() else ()  # noqa: PTH208 - no Path each
                ours = (folder / one for one in names if _OURS.fullmatch(one))
                removed += [path for path in ours if _was_there(path, oldest)]
            for path in removed:
                path.unlink(missing_ok=True)
        return removed

    def parts(self) -> list[Path]:
        """The downloads that are not whole yet, and what a kill has left of them."""
        return sorted((self.folder / _PARTS).glob("*.part"))

    def _earlier(self, shot_id: ShotId, sha256: str, suffix: str) -> Path:
        return self.folder / _EARLIER / f"{_safe(shot_id)}.{_safe(sha256[:10])}{suffix}"

    def _is_whole(self, path: Path, clip: Clip) -> bool:
        try:
            stat = os.stat(path)  # noqa: PTH116 - once for each of 100,000 clips
        except OSError:
            return False
        if stat.st_size != clip.bytes:
            return False
        return stat.st_mtime_ns == clip.mtime_ns or self._digest(path, stat) == clip.sha256

    def _digest(self, path: Path, stat: os.stat_result) -> str | None:
        key = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
        if key not in self._digests:
            try:
                self._digests[key] = sha256_of(path)
            except OSError:
                return None
        return self._digests[key]

    def _set_aside(self, shot_id: ShotId, newer_sha256: str) -> None:
        """Gives what stands under the shot's visible names a name in `earlier/` too.

        The visible names are left as they are, for the newer files to be renamed over.
        """
        old = self.clip_path(shot_id)
        if not old.exists():
            return
        digest = sha256_of(old)
        if digest == newer_sha256:
            return
        (self.folder / _EARLIER).mkdir(exist_ok=True)
        sidecar, thumbnail = self.sidecar_path(shot_id), self.thumbnail_path(shot_id)
        described = _described(sidecar) or digest
        for source in (sidecar, thumbnail):
            if source.exists():
                # A copy: whoever writes the newer one in place must not reach the older through it.
                target = self._earlier(shot_id, described, source.suffix)
                write_atomically(target, source.read_bytes())
        link_over(old, self._earlier(shot_id, digest, ".mp4"))
        sync_folder(self.folder / _EARLIER)


def _json(data: Mapping[str, object]) -> bytes:
    text = json.dumps(data, indent=2, ensure_ascii=False, default=_plain, allow_nan=False)
    # A lone surrogate in a server's words has no UTF-8; as an escape it is good JSON.
    return f"{text}\n".encode("utf-8", "backslashreplace")


def _safe(name: str) -> str:
    if not name or name.startswith(".") or _UNSAFE.search(name):
        raise OutputUnusable(f"{name!r} cannot be a file name", fix="choose another shot id")
    return name


def _was_there(path: Path, moment: float) -> bool:
    with suppress(FileNotFoundError):  # its writer may be done with it
        return path.stat().st_mtime <= moment
    return False


def _described(sidecar: Path) -> str | None:
    """The digest of the clip that a sidecar says it belongs to."""
    try:
        data = json.loads(sidecar.read_bytes())
    except (OSError, ValueError):
        return None
    found = data.get("sha256") if isinstance(data, dict) else None
    return found if isinstance(found, str) and re.fullmatch(r"[0-9a-f]{64}", found) else None


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return value.as_posix()
    raise TypeError(f"a sidecar cannot hold {type(value).__name__}")


@contextmanager
def _unusable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputUnusable.because(error, path) from error
