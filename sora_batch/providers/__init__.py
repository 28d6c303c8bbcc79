"""The servers a shot can be rendered on; the registry, by kind.

Light: a plan needs to know servers, not to reach one. `opening.py` has the rest.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, cast

from sora_batch.clock import Clock
from sora_batch.errors import UsageError
from sora_batch.manifest.settings import ProviderSettings
from sora_batch.planning.capabilities import Capabilities
from sora_batch.providers.dialects import DIALECTS, Dialect
from sora_batch.providers.provider import Provider

__all__ = ["address_of", "capabilities", "dialect_of", "kinds", "opener"]


class Opener(Protocol):
    """Opens a provider; `opening.open_provider` says how."""

    async def __call__(
        self,
        settings: ProviderSettings,
        *,
        environment: Mapping[str, str],
        local_folder: Path,
        clock: Clock,
    ) -> Provider:
        """The provider, ready to be asked. Raises UsageError."""
        ...


def opener() -> Opener:
    """The function that opens providers, found when it is asked for: it brings the HTTP libraries
    along, and for the embedded one the renderer."""
    opening = importlib.import_module("sora_batch.providers.opening")
    return cast(Opener, opening.open_provider)


def kinds() -> tuple[str, ...]:
    """The kinds of provider this version can speak to."""
    return tuple(DIALECTS)


def dialect_of(kind: str) -> Dialect:
    """The record of a kind. Raises UsageError for one nobody speaks to yet."""
    if kind not in DIALECTS:
        raise UsageError(
            f"this version does not speak to `{kind}` servers yet",
            fix=f"use one of {', '.join(DIALECTS)}",
        )
    return DIALECTS[kind]


def capabilities(kind: str) -> Capabilities:
    """What servers of this kind can do. Raises UsageError for one nobody speaks to yet."""
    return dialect_of(kind).capabilities


def address_of(settings: ProviderSettings) -> str:
    """Where its requests go, without a trailing slash; "" where the manifest has to say it."""
    return (settings.base_url or dialect_of(settings.kind).base_url or "").rstrip("/")
