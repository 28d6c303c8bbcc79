"""Fetches the reference pictures that a manifest names by URL, once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from sora_batch.api.aside import run_aside
from sora_batch.api.pictures import picture_problem, unfetched
from sora_batch.manifest.settings import Manifest
from sora_batch.media.fetch import FetchFailed, fetch
from sora_batch.media.pictures import MOST_BYTES
from sora_batch.outputs import Outputs
from sora_batch.problems import Problem
from sora_batch.shots import ImageReference

TIMEOUT_S = 60.0

_AT_ONCE = 8


def fetch_pictures(manifest: Manifest) -> tuple[Problem, ...]:
    """Fetches what is not here yet; a problem for each picture that could not be fetched.

    From then on the URL stands for those bytes. Raises OutputUnusable.
    """
    missing = unfetched(manifest)
    if not missing:
        return ()
    outputs = Outputs(manifest.output)
    outputs.ensure()
    return run_aside(_fetch_all(outputs, missing))


async def _fetch_all(
    outputs: Outputs, missing: Mapping[str, list[ImageReference]]
) -> tuple[Problem, ...]:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(url: str, references: list[ImageReference]) -> Problem | None:
        try:
            async with gate:
                target = outputs.fetched_path(url)
                await fetch(url, target, limit_bytes=MOST_BYTES, timeout_s=TIMEOUT_S)
        except FetchFailed as error:
            return picture_problem(references, error.message, error.fix, "reference")
        return None

    found = await asyncio.gather(*(one(url, uses) for url, uses in missing.items()))
    return tuple(problem for problem in found if problem is not None)
