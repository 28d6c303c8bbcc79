"""Which environment variable holds a provider's key, and whether it is there."""

from __future__ import annotations

from collections.abc import Mapping

from sora_batch.errors import UsageError
from sora_batch.manifest.settings import ProviderSettings
from sora_batch.providers import dialect_of


def key_of(settings: ProviderSettings, environment: Mapping[str, str]) -> str | None:
    """The provider's key, None where it needs none. Raises UsageError where it is not set."""
    dialect = dialect_of(settings.kind)
    name = settings.api_key_variable
    if name is None and (not dialect.key_variable or settings.base_url is not None):
        # Another server may want no key, and must not be shown the one that belongs elsewhere.
        return None
    name = name or dialect.key_variable
    key = environment.get(name, "").strip()
    if not key:
        raise UsageError(
            f"environment variable {name}, the key of provider `{settings.name}`, is not set",
            fix=f"export {name}=..., or write {name}=... into a .env beside the manifest",
        )
    return key
