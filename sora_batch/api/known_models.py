"""What models there are, where and for how much. Needs no manifest and nothing that plans."""

from __future__ import annotations

from sora_batch.catalog import ModelEntry
from sora_batch.catalog.cached import current_catalog
from sora_batch.clock import SystemClock
from sora_batch.errors import UsageError
from sora_batch.problems import did_you_mean, joined

_EMBEDDED = "local"


def models(kind: str | None = None) -> tuple[ModelEntry, ...]:
    """The catalog's models, of one kind of provider or all; OpenRouter's as it listed them last.

    Raises UsageError for a kind that there is not.
    """
    catalog = current_catalog(kind, today=SystemClock().now().date())
    known = (_EMBEDDED, *catalog.kinds)
    if kind is not None and kind not in known:
        fix = did_you_mean(kind, known) or f"use {joined(f'`{one}`' for one in known)}"
        raise UsageError(f"there is no kind of provider `{kind}`", fix=fix)
    return catalog.models(kind)
