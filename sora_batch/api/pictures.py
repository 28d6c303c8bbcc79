"""Looks at every reference picture of a manifest before anything else is done with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

from sora_batch.api.aside import run_aside
from sora_batch.manifest.settings import Manifest
from sora_batch.media.fetch import FetchFailed, fetch
from sora_batch.media.pictures import MOST_BYTES, Picture, PictureProblem, inspect
from sora_batch.outputs import Outputs
from sora_batch.problems import Problem
from sora_batch.shots import ImageReference

FETCH_TIMEOUT_S = 60.0


def inspect_pictures(manifest: Manifest) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Digests of the pictures by the path or URL that shots have, and what is wrong with them.

    A URL stands for the bytes that were fetched when it was first planned; one that was not
    fetched yet has no digest and is no problem.
    """
    outputs = Outputs(manifest.output)
    digests: dict[str, str] = {}
    problems: list[Problem] = []
    for image, references in _by_image(manifest).items():
        path = outputs.fetched_path(image) if references[0].is_url else Path(image)
        if references[0].is_url and not path.exists():
            continue
        try:
            picture = inspect(path)
        except PictureProblem as error:
            problems.append(_problem(references, error.message, error.fix, error.code))
            continue
        digests[image] = picture.sha256
        problems += _not_exact(manifest, image, picture)
    return digests, tuple(problems)


def fetch_pictures(manifest: Manifest) -> tuple[Problem, ...]:
    """Fetches the pictures that are named by URL and not here yet; what could not be fetched."""
    outputs = Outputs(manifest.output)
    missing = {
        image: references
        for image, references in _by_image(manifest).items()
        if references[0].is_url and not outputs.fetched_path(image).exists()
    }
    if not missing:
        return ()
    outputs.ensure()
    return run_aside(_fetch_all(outputs, missing))


async def _fetch_all(
    outputs: Outputs, missing: Mapping[str, list[ImageReference]]
) -> tuple[Problem, ...]:
    gate = asyncio.Semaphore(8)

    async def one(url: str, references: list[ImageReference]) -> Problem | None:
        try:
            async with gate:
                target = outputs.fetched_path(url)
                await fetch(url, target, limit_bytes=MOST_BYTES, timeout_s=FETCH_TIMEOUT_S)
        except FetchFailed as error:
            return _problem(references, error.message, error.fix, "reference")
        return None

    found = await asyncio.gather(*(one(url, uses) for url, uses in missing.items()))
    return tuple(problem for problem in found if problem is not None)


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


def _by_image(manifest: Manifest) -> dict[str, list[ImageReference]]:
    images: dict[str, list[ImageReference]] = {}
    for shot in manifest.shots:
        if isinstance(shot.reference, ImageReference):
            images.setdefault(shot.reference.image, []).append(shot.reference)
    return images


def _problem(references: list[ImageReference], message: str, fix: str, code: str) -> Problem:
    places = list(dict.fromkeys(reference.where for reference in references))
    return Problem(message, places[0], code, fix, also=tuple(places[1:4]))
