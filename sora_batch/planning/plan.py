"""Turns shots and history into a plan: what to do, why, and what it will cost.

Pure. It is given the history and never opens the store, so a plan can be made, shown, tested
and thrown away. Running it is the runner's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from sora_batch.manifest.settings import Manifest
from sora_batch.problems import Problem
from sora_batch.records import Attempt, Clip, Ledger
from sora_batch.shots import Fingerprint, Json, Shot, ShotId, Target


class Action(StrEnum):
    """What a run does with a shot."""

    MAKE = "make"
    RESUME = "resume"
    REUSE = "reuse"
    HOLD = "hold"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a plan: a shot, what is done with it, and one sentence why.

    `price_usd` is what MAKE would cost, None where no price is known; `list_price_usd` what the
    same shot costs at the catalog's price of the model the manifest names, for rehearsals.
    `attempt` is the open one for RESUME and HOLD, `clip` the one to reuse, `number` the attempt
    MAKE would start with. `chain_s` is the expected time from this shot's submission to the end
    of the longest chain that needs it. `taken_along` says that it was not selected but is needed.
    """

    shot: Shot
    target: Target
    action: Action
    reason: str
    fingerprint: Fingerprint
    inputs: Mapping[str, Json]
    needed: tuple[ShotId, ...] = ()
    price_usd: Decimal | None = None
    list_price_usd: Decimal | None = None
    attempt: Attempt | None = None
    clip: Clip | None = None
    number: int = 1
    chain_s: float = 0.0
    taken_along: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run would do. `steps` are in an order in which every shot follows what it needs.

    `estimate_usd` sums what MAKE would cost, over the known prices; `unpriced` are the shots to
    make whose price is not known. `salvage` are open attempts that no step stands for any more:
    their clips are paid for and will be fetched. `notices` are sentences for the person reading.
    """

    manifest: Manifest
    steps: tuple[Step, ...]
    problems: tuple[Problem, ...] = ()
    notices: tuple[str, ...] = ()
    ledger: Ledger = field(default_factory=Ledger)
    estimate_usd: Decimal = Decimal(0)
    list_price_usd: Decimal | None = None
    unpriced: tuple[ShotId, ...] = ()
    prices_date: date | None = None
    critical_path: tuple[ShotId, ...] = ()
    critical_path_s: float = 0.0
    expected_s: float | None = None
    salvage: tuple[Attempt, ...] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)
    """Digest of every reference picture, by the path or URL as the shot has it."""
    store: Path | None = None
