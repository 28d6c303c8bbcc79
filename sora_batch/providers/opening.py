"""Opens a provider: finds its key and address, starts the embedded one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sora_batch.clock import Clock
from sora_batch.errors import UsageError
from sora_batch.manifest.settings import ProviderSettings
from sora_batch.providers import address_of, dialect_of, transport
from sora_batch.providers.local import LocalProvider
from sora_batch.providers.provider import Provider
from sora_batch.providers.videos_api import VideosApi
from sora_batch.simulator import SimulatorSettings

_OWN_KEYS = {"openai": "OPENAI_API_KEY"}


async def open_provider(
    settings: ProviderSettings,
    *,
    environment: Mapping[str, str],
    local_folder: Path,
    clock: Clock,
    simulator: SimulatorSettings | None = None,
) -> Provider:
    """The provider, ready to be asked. Raises UsageError where its key or address is missing."""
    dialect = dialect_of(settings.kind)
    if dialect.kind == "local" and settings.base_url is None:
        provider = LocalProvider(local_folder, clock, simulator or SimulatorSettings())
        await provider.start()
        return provider
    base_url = address_of(settings)
    if not base_url:
        raise UsageError(
            f"provider `{settings.name}` has no address",
            fix=f"write `base_url: http://HOST:PORT/v1` under `providers: {settings.name}:`",
        )
    key = _key(settings, environment)
    return VideosApi(dialect, transport.remote_client(), clock, base_url=base_url, key=key)


def _key(settings: ProviderSettings, environment: Mapping[str, str]) -> str | None:
    name = settings.api_key_variable
    if name is None:
        return environment.get(_OWN_KEYS.get(settings.kind, ""))
    key = environment.get(name, "").strip()
    if not key:
        raise UsageError(
            f"environment variable {name}, the key of provider `{settings.name}`, is not set",
            fix=f"export {name}=... before the run",
        )
    return key
