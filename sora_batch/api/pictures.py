"""Looks at every reference picture of a manifest before anything else is done with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sora_batch.manifest.settings import Manifest
from sora_batch.media.pictures import Picture, PictureProblem, inspect
from sora_batch.media.urls import shown_url
from sora_batch.outputs import Outputs
from sora_batch.problems import Problem
from sora_batch.shots import ImageReference
from sora_batch.store import read_store


def inspect_pictures(manifest: Manifest) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Digests of the pictures by the path or URL that shots have, and what is wrong with them.

    A URL stands for the bytes that were fetched when it was first planned; once a run has used
    them the store remembers which they were, so the cache may be lost. One that was not fetched
    yet has no digest and is no problem.
    """
    outputs, pins = Outputs(manifest.output), pins_of(manifest)
    digests: dict[str, str] = {}
    problems: list[Problem] = []
    for image, references in by_image(manifest).items():
        path = outputs.fetched_path(image) if references[0].is_url else Path(image)
        pin = pins.get(outputs.pin_name(image)) if references[0].is_url else None
        if references[0].is_url and not path.exists():
            if pin is not None:
                digests[image] = pin
            continue
        try:
            picture = inspect(path)
        except PictureProblem as error:
            name = shown_url(image) if references[0].is_url else path.name
            message = error.message.replace(path.name, name)
            problems.append(picture_problem(references, message, error.fix, error.code))
            continue
        digests[image] = picture.sha256
        if pin not in {None, picture.sha256}:
            problems.append(replaced(image, references))
        problems += _not_exact(manifest, image, picture)
    return digests, tuple(problems)


def _not_exact(manifest: Manifest, image: str, picture: Picture) -> Iterable[Problem]:
    """Shots that take the picture as it is, and whose size it does not have."""
    for shot in manifest.shots:
        reference = shot.reference
        if not isinstance(reference, ImageReference) or reference.image != image:
            continue
        if reference.fit == "exact" and (picture.width, picture.height) != shot.size:
            message = (
                f"the picture is {picture.width}x{picture.height} and shot `{shot.id}` is "
                f"{shot.size}, and `fit: exact` leaves it as it is"
            )
            fix = "use `fit: cover`, or a picture of that size"
            yield Problem(message, reference.where, "reference", fix)


def unfetched(manifest: Manifest) -> dict[str, list[ImageReference]]:
    """The pictures that are named by URL and not here yet, with the places that name them."""
    outputs = Outputs(manifest.output)
    return {
        image: references
        for image, references in by_image(manifest).items()
        if references[0].is_url and not outputs.fetched_path(image).exists()
    }


def pins_of(manifest: Manifest) -> dict[str, str]:
    """The digests that URLs have stood for in earlier runs, by their names in the store."""
    if not any(references[0].is_url for references in by_image(manifest).values()):
        return {}
    reader = read_store(manifest.output)
    if reader is None:
        return {}
    try:
        return reader.pins()
    finally:
        reader.close()


def unpinned(manifest: Manifest, images: Iterable[str]) -> set[str]:
    """Those of the URLs that no run has used yet."""
    outputs, pins = Outputs(manifest.output), pins_of(manifest)
    return {image for image in images if outputs.pin_name(image) not in pins}


def replaced(url: str, references: list[ImageReference]) -> Problem:
    """Another picture stands where the one that was used before was."""
    message = f"{shown_url(url)} answers with another picture than the one clips were made from"
    fix = "save the picture you want and name the file, or name it by another URL"
    return picture_problem(references, message, fix, "reference")


def by_image(manifest: Manifest) -> dict[str, list[ImageReference]]:
    """The reference pictures by the path or URL that shots have."""
    images: dict[str, list[ImageReference]] = {}
    for shot in manifest.shots:
        if isinstance(shot.reference, ImageReference):
            images.setdefault(shot.reference.image, []).append(shot.reference)
    return images


def picture_problem(references: list[ImageReference], message: str, fix: str, code: str) -> Problem:
    """What is wrong with a picture, at the first place that names it."""
    places = list(dict.fromkeys(reference.where for reference in references))
    return Problem(message, places[0], code, fix, also=tuple(places[1:4]))
