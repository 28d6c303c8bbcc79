"""Opens a provider: finds its key and address, starts the embedded one."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import cast

from sora_batch.catalog.cached import current_catalog
from sora_batch.clock import Clock
from sora_batch.errors import UsageError
from sora_batch.manifest.settings import ProviderSettings
from sora_batch.providers import address_of, dialect_of, transport
from sora_batch.providers.connection import Connection
from sora_batch.providers.keys import key_of
from sora_batch.providers.openrouter import OpenRouter
from sora_batch.providers.provider import Provider
from sora_batch.providers.videos_api import VideosApi


async def open_provider(
    settings: ProviderSettings,
    *,
    environment: Mapping[str, str],
    local_folder: Path,
    clock: Clock,
) -> Provider:
    """The provider, ready to be asked. Raises UsageError where its key or address is missing."""
    dialect = dialect_of(settings.kind)
    if dialect.kind == "local" and settings.base_url is None:
        # Found when it is asked for: it brings the renderer along, which no other server needs.
        local = importlib.import_module("sora_batch.providers.local")
        return cast(Provider, await local.open_local(local_folder, clock))
    base_url = address_of(settings)
    if not base_url:
        raise UsageError(
            f"provider `{settings.name}` has no address",
            fix=f"write `base_url: http://HOST:PORT/v1` under `providers: {settings.name}:`",
        )
    key = key_of(settings, environment)
    client = transport.remote_client(base_url)
    if dialect.protocol == "openrouter":
        known = current_catalog(settings.kind, today=clock.now().date())
        find = partial(known.find, settings.kind)
        return OpenRouter(dialect, client, clock, base_url=base_url, key=key, find_model=find)
    return VideosApi(dialect, client, clock, base_url=base_url, key=key)


def open_connection(
    settings: ProviderSettings, *, base_url: str, key: str | None, clock: Clock
) -> Connection:
    """Requests to a provider's server, without a protocol."""
    dialect = dialect_of(settings.kind)
    return Connection(
        transport.remote_client(base_url),
        clock,
        base_url=base_url,
        key=key,
        key_header=dialect.key_header,
    )
