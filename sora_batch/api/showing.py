"""Writes the gallery: every shot of a manifest on one page, clips beside it or inside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sora_batch.api.addresses import as_data, as_relative
from sora_batch.api.aside import run_aside
from sora_batch.api.pictures import inspect_pictures
from sora_batch.api.plans import plan_of
from sora_batch.api.small_pictures import Small, small_pictures
from sora_batch.clock import SystemClock
from sora_batch.errors import OutputUnusable, UsageError
from sora_batch.manifest.settings import Manifest
from sora_batch.outputs import Outputs, write_atomically
from sora_batch.records import Attempt, History
from sora_batch.shots import ShotId
from sora_batch.store import read_store
from sora_batch.views.gallery import CLIPS_GO_HERE, Gathered, Media, clip_element, gallery_html

EMBED_LIMIT_BYTES = 100_000_000
"""Clips of more than this are not put inside a page: no browser would open it with pleasure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryPage:
    """The page that was written. `clips` are those that can be played on it; `notices` are
    sentences for a person."""

    path: Path
    shots: int
    clips: int
    bytes: int
    embedded: bool
    notices: tuple[str, ...] = ()


def gallery(
    manifest: Manifest,
    *,
    target: Path | None = None,
    select: Sequence[str] = (),
    embed: bool = False,
    most_bytes: int = EMBED_LIMIT_BYTES,
    began: Callable[[int], None] | None = None,
) -> GalleryPage:
    """Writes the page to `target`, or to `gallery.html` beside the clips.

    It needs no server and no network; clips are where they are, unless `embed` puts them inside.
    `began` is told how many posters and strips have to be made first. Spends nothing, and may be
    called while a run goes on. Raises UsageError (a selection that matches nothing; more clips to
    embed than `most_bytes`), StoreBroken, OutputUnusable.
    """
    outputs, path = Outputs(manifest.output), target or manifest.output / "gallery.html"
    gathered, clips = _gathered(manifest, outputs, select)
    if embed:
        _require_room(clips, most_bytes)
    _make_folder(path.parent)
    small, notices = run_aside(small_pictures(outputs, gathered.steps, clips, began))
    media = _media(clips, small, path.parent.resolve(), embed=embed)
    html = gallery_html(replace(gathered, media=media)).encode("utf-8", "replace")
    if embed:
        html = _with_clips(html, media, clips)
    try:
        write_atomically(path, html)
    except OSError as error:
        raise OutputUnusable.because(error, path) from error
    return GalleryPage(
        path=path,
        shots=len(gathered.steps),
        clips=len(clips),
        bytes=len(html),
        embedded=embed,
        notices=notices,
    )


def _gathered(
    manifest: Manifest, outputs: Outputs, select: Sequence[str]
) -> tuple[Gathered, dict[ShotId, Path]]:
    """What the page is told but for addresses, and where the clips are."""
    history, running = History(), None
    attempts: defaultdict[ShotId, list[Attempt]] = defaultdict(list)
    reader = read_store(manifest.output)
    if reader is not None:
        try:
            history, running = reader.history(intact=outputs.intact), reader.holder()
            for attempt in reader.attempts():
                attempts[attempt.shot_id].append(attempt)
        finally:
            reader.close()
    pictures, _ = inspect_pictures(manifest)
    plan = plan_of(manifest, history, pictures=pictures, select=select)
    steps = tuple(step for step in plan.steps if not step.taken_along)
    found = ((step.shot.id, outputs.locate(step.clip)) for step in steps if step.clip is not None)
    gathered = Gathered(
        manifest=manifest,
        steps=steps,
        ledger=history.ledger,
        at=SystemClock().now(),
        attempts={step.shot.id: tuple(attempts[step.shot.id]) for step in steps},
        running=None if running is None else str(running),
    )
    return gathered, {shot: path for shot, path in found if path is not None}


def _require_room(clips: Mapping[ShotId, Path], most_bytes: int) -> None:
    total = sum(path.stat().st_size for path in clips.values())
    if total > most_bytes:
        raise UsageError(
            f"the clips are {total / 1e6:,.0f} MB, and a page can hold "
            f"{most_bytes / 1e6:,.0f} MB of them",
            fix="choose fewer with --select, or leave --embed out and hand on the whole folder",
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnusable.because(error, folder) from error


def _media(
    clips: Mapping[ShotId, Path], small: Mapping[ShotId, Small], folder: Path, *, embed: bool
) -> dict[ShotId, Media]:
    """Addresses of every shot's files, as seen from the page's folder."""
    media = {}
    for number, (shot, pictures) in enumerate(small.items()):
        clip = clips.get(shot)
        inside = f"#clip-{number}" if embed else ""
        media[shot] = Media(
            clip=(inside or as_relative(clip, folder)) if clip is not None else "",
            poster=_address(pictures.poster, folder, embed=embed),
            strip=_address(pictures.strip, folder, embed=embed),
            frames=pictures.frames if pictures.strip else 0,
            reference=_address(pictures.reference, folder, embed=embed),
        )
    return media


def _address(path: Path | None, folder: Path, *, embed: bool) -> str:
    if path is None:
        return ""
    return as_data(path) if embed else as_relative(path, folder)


def _with_clips(html: bytes, media: Mapping[ShotId, Media], clips: Mapping[ShotId, Path]) -> bytes:
    head, mark, tail = html.rpartition(CLIPS_GO_HERE.encode())
    elements = (
        clip_element(media[shot].clip.removeprefix("#"), path.read_bytes())
        for shot, path in clips.items()
    )
    return b"".join([head, *elements, mark, tail])
