"""Fetches OpenRouter's listing of its video models: one request, without a key."""

from __future__ import annotations

import httpx

from sora_batch.catalog.openrouter_listing import rows_of
from sora_batch.errors import UsageError
from sora_batch.providers import replies, transport

_FIX = "until it can be fetched, the catalog of this version is used"


async def fetch_models(client: httpx.AsyncClient, *, base_url: str) -> list[object]:
    """The rows of the listing. Raises UsageError where it cannot be had."""
    address = f"{base_url.rstrip('/')}/videos/models"
    try:
        response, body = await transport.exchange(client, client.build_request("GET", address))
    except (httpx.HTTPError, OSError) as error:
        raise UsageError(
            f"cannot reach {address}: {transport.in_words(error)}", fix=_FIX
        ) from error
    if not response.is_success:
        _, words = replies.error_words(body)
        said = f"{address} answered {response.status_code}" + (f": {words}" if words else "")
        raise UsageError(said, fix=_FIX)
    rows = rows_of(replies.parse_json(body))
    if not rows:
        raise UsageError(f"{address} answered with no listing of models", fix=_FIX)
    return rows
