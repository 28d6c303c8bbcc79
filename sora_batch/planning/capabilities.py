"""What planning has to know about a server: what it can be asked, and what its answers prove.

Filled in by the dialect records of `providers/`; planning only reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Listing(StrEnum):
    """What a server's list of jobs can prove about a submission whose answer was lost."""

    PROMPTS = "prompts"
    BARE = "bare"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What one server family can do.

    `fields` are the option names it knows beyond the manifest's own (None: any are passed on).
    `whole_seconds` is whether a clip's length must be a whole number. `any_model` is whether it
    renders whatever name it is given, so that the catalog is no bar.
    """

    remix: bool = False
    edit: bool = False
    extend: bool = False
    reference: bool = True
    seed: bool = False
    whole_seconds: bool = True
    any_model: bool = False
    self_hosted: bool = False
    listing: Listing = Listing.NONE
    fields: frozenset[str] | None = None
