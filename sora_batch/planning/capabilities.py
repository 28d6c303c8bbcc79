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

    `picture_bytes` is how large a reference picture may be, None for any size. Where nothing is
    established it is what OpenAI's specification allows, 20 MiB as a data URL.

    `settle_s` is how long a job that was accepted may be missing from the list of jobs.
    `lists_models` is whether the list shows the model as it was ordered. `embedded` is whether the
    server lives in this process: what it has not written down when it dies, it never accepted.
    `deletes` is whether a job can be taken from its library; `cancels` whether that stops one that
    still renders. `may_repeat` says, of a server that passes orders on, how it may order more than
    it was asked to; "" where it does not.
    """

    remix: bool = False
    edit: bool = False
    extend: bool = False
    reference: bool = True
    picture_bytes: int | None = 15 * 1024 * 1024
    seed: bool = False
    whole_seconds: bool = True
    any_model: bool = False
    self_hosted: bool = False
    listing: Listing = Listing.NONE
    settle_s: float = 120.0
    lists_models: bool = True
    embedded: bool = False
    deletes: bool = False
    cancels: bool = False
    may_repeat: str = ""
    fields: frozenset[str] | None = None
