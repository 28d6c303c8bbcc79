"""Fetches what a provider lists of its own models and prices, for the plans that follow."""

from __future__ import annotations

from sora_batch.api.aside import run_aside
from sora_batch.catalog import ModelEntry
from sora_batch.catalog.cached import current_catalog, keep_listing, listing_path
from sora_batch.catalog.openrouter_listing import KIND
from sora_batch.clock import SystemClock
from sora_batch.errors import OutputUnusable, UsageError
from sora_batch.providers import dialect_of, transport
from sora_batch.providers.openrouter_models import fetch_models


def refresh_models(kind: str = KIND, *, base_url: str | None = None) -> tuple[ModelEntry, ...]:
    """The models a provider lists today, which plans go by from now on; one request, no key.

    `base_url` is where to ask, its own address if not given.
    Raises UsageError for a provider without a listing, or where it cannot be had; OutputUnusable
    where it cannot be kept.
    """
    if kind != KIND:
        raise UsageError(
            f"`{kind}` has no listing of models and prices",
            fix=f"`sora-batch models {KIND} --refresh` fetches the one there is",
        )
    today = SystemClock().now().date()
    rows = run_aside(_fetch(base_url or dialect_of(kind).base_url or ""))
    try:
        keep_listing(rows, on=today)
    except OSError as error:
        raise OutputUnusable.because(error, listing_path()) from error
    return current_catalog(kind, today=today).models(kind)


async def _fetch(base_url: str) -> list[object]:
    async with transport.remote_client(base_url) as client:
        return await fetch_models(client, base_url=base_url)
