"""Turns shots and history into a plan. Pure: all that it knows, it is given."""

from __future__ import annotations

from sora_batch.planning.making import make_plan

__all__ = ["make_plan"]
