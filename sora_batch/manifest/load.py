"""Reads a manifest and everything it includes into a Draft; each thing wrong becomes a Problem."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from sora_batch.manifest.draft import Draft
from sora_batch.problems import Problem

__all__ = ["Draft", "load_draft"]


def load_draft(
    path: Path,
    *,
    profile: str | None = None,
    provider: str | None = None,
    variables: Mapping[str, str] | None = None,
    budget: Decimal | None = None,
    concurrency: int | None = None,
    environment: Mapping[str, str],
) -> tuple[Draft | None, list[Problem]]:
    """The draft, as good as it could be made, and every problem found on the way."""
    raise NotImplementedError
