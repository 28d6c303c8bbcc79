"""The server families the simulator can pass for, by name."""

from __future__ import annotations

from collections.abc import Mapping

from sora_batch.errors import UsageError
from sora_batch.problems import did_you_mean
from sora_batch.simulator.dialects.dialect import Dialect
from sora_batch.simulator.dialects.families import FAMILIES

__all__ = ["DIALECTS", "Dialect", "dialect_named"]

DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in FAMILIES}


def dialect_named(name: str) -> Dialect:
    """The record of that name. Raises UsageError."""
    if name not in DIALECTS:
        fix = did_you_mean(name, DIALECTS) or f"use one of {', '.join(DIALECTS)}"
        raise UsageError(f"the simulator has no dialect `{name}`", fix=fix)
    return DIALECTS[name]
