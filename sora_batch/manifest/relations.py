"""Makes what ties a shot to pictures and to other shots: its reference, its source, its needs."""

from __future__ import annotations

import os.path
from collections.abc import Mapping

from sora_batch.manifest.families import Cell
from sora_batch.manifest.fillings import Filler, attempt
from sora_batch.manifest.layers import SOURCES, Written
from sora_batch.manifest.measures import fraction_of, moment_of
from sora_batch.manifest.scope import Scope, Way
from sora_batch.manifest.shot_schema import EachSpec, JobSpec, ReferenceSpec
from sora_batch.shots import FrameReference, ImageReference, JobId, ShotId, Source, SourceKind

_KINDS: Mapping[str, SourceKind] = {"remix_of": "remix", "edit_of": "edit", "extend_of": "extend"}


def reference_of(
    filler: Filler, written: Written, cell: Cell, scope: Scope
) -> ImageReference | FrameReference:
    """The first frame: a picture, or a frame of another shot. Raises Failed."""
    value, way = written.value, written.way
    where = filler.draft.where(way)
    if isinstance(value, str):
        return ImageReference(_image(filler, written, cell, scope), where=where)
    assert isinstance(value, ReferenceSpec)
    if (value.image is None) == (value.frame_of is None):
        message = "a reference is a picture or a frame of another shot: one of the two"
        raise filler.failed(cell, message, way, "reference", "write either `image` or `frame_of`")
    focus = _focus(filler, value, way, cell, scope)
    if value.frame_of is None:
        if value.at is not None:
            message = "`at` is for a frame of another shot, and this is a picture"
            raise filler.failed(cell, message, (*way, "at"), "reference", "leave `at` out")
        image = _image(filler, Written(value.image, (*way, "image")), cell, scope)
        return ImageReference(image, value.fit, focus, where)
    parent = _one(filler, "reference", Written(value.frame_of, (*way, "frame_of")), cell, scope)
    at = Written("last" if value.at is None else value.at, (*way, "at"))
    moment = filler.read("at", moment_of, at, cell, scope)
    return FrameReference(parent.id, moment, value.fit, focus, where)


def source_of(
    filler: Filler, values: Mapping[str, Written], cell: Cell, scope: Scope
) -> Source | None:
    """What the clip is made from, None where it is made from nothing. Raises Failed."""
    for name in SOURCES:
        written = values.get(name)
        if written is None:
            continue
        where = filler.draft.where(written.way)
        if isinstance(written.value, JobSpec):
            job_written = Written(written.value.job, (*written.way, "job"))
            job = filler.text(job_written, cell, scope).strip()
            if not job:
                fix = "write the job's id on the server"
                raise filler.failed(cell, "this job has no id", job_written.way, "job", fix)
            return Source(_KINDS[name], job=JobId(job), where=where)
        parent = _one(filler, name, written, cell, scope)
        return Source(_KINDS[name], shot=parent.id, where=where)
    return None


def needs_of(filler: Filler, cell: Cell, scope: Scope) -> tuple[ShotId, ...]:
    """The shots that have to be finished first; those that cannot be found are reported."""
    found: list[ShotId] = []
    for index, need in enumerate(filler.family.spec.needs or ()):
        if isinstance(need, EachSpec) and need.each and cell.parent is not None:
            found.append(cell.parent.id)
            continue
        written = Written(need, (*filler.family.way, "needs", index))
        meant = attempt(filler.meant, written, cell, scope, many=True)
        found += [other.id for other in meant or ()]
    return tuple(dict.fromkeys(found))


def _one(filler: Filler, name: str, written: Written, cell: Cell, scope: Scope) -> Cell:
    each = isinstance(written.value, EachSpec) and written.value.each
    if each and cell.parent is not None and name in filler.family.each:
        return cell.parent
    if each:
        message = "`each` belongs to the shot itself, not to a variant or an axis"
        fix = "make a shot of its own of it"
        raise filler.failed(cell, message, written.way, "each", fix)
    return filler.meant(written, cell, scope, many=False)[0]


def _focus(
    filler: Filler, value: ReferenceSpec, way: Way, cell: Cell, scope: Scope
) -> tuple[float, float]:
    if value.focus is None:
        return 0.5, 0.5
    x, y = (
        filler.read("focus", fraction_of, Written(part, (*way, "focus", i)), cell, scope)
        for i, part in enumerate(value.focus)
    )
    return x, y


def _image(filler: Filler, written: Written, cell: Cell, scope: Scope) -> str:
    """The picture's way from where the program runs, or its URL as it is."""
    image = filler.text(written, cell, scope).strip()
    if not image or "\0" in image:
        fix = "write a way or an http(s) URL"
        raise filler.failed(cell, "this reference names no picture", written.way, "reference", fix)
    if image.startswith(("http://", "https://")):
        return image
    return os.path.normpath(filler.draft.folder / image)
