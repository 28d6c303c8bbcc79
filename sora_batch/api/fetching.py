"""Fetches the reference pictures that a manifest names by URL, once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Mapping

from sora_batch.api.aside import run_aside
from sora_batch.api.pictures import picture_problem, pins_of, replaced, unfetched
from sora_batch.manifest.settings import Manifest
from sora_batch.media.fetch import FetchFailed, fetch
from sora_batch.media.pictures import MOST_BYTES
from sora_batch.media.urls import ALLOW_PRIVATE
from sora_batch.outputs import Outputs
from sora_batch.problems import Problem
from sora_batch.shots import ImageReference

TIMEOUT_S = 60.0

_AT_ONCE = 8


def fetch_pictures(
    manifest: Manifest, *, only: Collection[str] | None = None
) -> tuple[Problem, ...]:
    """Fetches what is not here yet, or `only` some of it; a problem for each picture that could
    not be fetched, or is not the one that its URL has stood for.

    From then on the URL stands for those bytes. Raises OutputUnusable, StoreBroken.
    """
    missing = {
        image: uses for image, uses in unfetched(manifest).items() if only is None or image in only
    }
    if not missing:
        return ()
    outputs = Outputs(manifest.output)
    outputs.ensure()
    return run_aside(_fetch_all(outputs, missing, pins_of(manifest)))


async def _fetch_all(
    outputs: Outputs, missing: Mapping[str, list[ImageReference]], pins: Mapping[str, str]
) -> tuple[Problem, ...]:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(url: str, references: list[ImageReference]) -> Problem | None:
        try:
            async with gate:
                target = outputs.fetched_path(url)
                found = await fetch(
                    url,
                    target,
                    limit_bytes=MOST_BYTES,
                    timeout_s=TIMEOUT_S,
                    allow_private=os.environ.get(ALLOW_PRIVATE) == "1",
                )
        except FetchFailed as error:
            return picture_problem(references, error.message, error.fix, "reference")
        if pins.get(outputs.pin_name(url), found) == found:
            return None
        target.unlink(missing_ok=True)
        return replaced(url, references)

    found = await asyncio.gather(*(one(url, uses) for url, uses in missing.items()))
    return tuple(problem for problem in found if problem is not None)
