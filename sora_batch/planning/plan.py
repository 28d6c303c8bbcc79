"""A plan as a value: what a run would do with every shot, why, and what it will cost.

Made by `making.py`, shown by `views/plans.py`, executed by `running/`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from sora_batch.manifest.settings import Manifest
from sora_batch.problems import Problem
from sora_batch.records import ZERO, Attempt, Clip, Ledger
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
    `attempt` is the open one for RESUME and HOLD, and for BLOCKED the failure that is to be put
    aside; `clip` is the one to reuse, `number` the attempt MAKE would start with. `render_s` is
    what earlier renders of the model and length took, None where there were none. `chain_s` is the
    expected time from this shot's submission to the end of the longest chain that needs it.
    `taken_along` says that it was not selected but is needed.

    `frame_clip` is the other shot's clip that its first frame is taken from. `awaits` is a shot
    whose clip is not there yet and decides this step's inputs: they and the fingerprint are
    provisional until then, and `settled` completes them.

    `same_as` is another shot of this plan with the same inputs, which comes first and stands in
    `needed`: this one reuses the clip that one gets in this run, so `clip` is None.
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
    render_s: float | None = None
    chain_s: float = 0.0
    taken_along: bool = False
    same_as: ShotId | None = None
    frame_clip: Clip | None = None
    awaits: ShotId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTotal:
    """What a plan would make on one model.

    `model` is the manifest's name, `server_model` the server's. `estimate_usd` is over the known
    prices; `unpriced` counts the shots without, and `why` says why that is. `price_source` is
    where the price is from, in words.
    """

    model: str
    server_model: str
    shots: int
    seconds: Decimal
    estimate_usd: Decimal
    unpriced: int = 0
    price_source: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPrice:
    """What all shots of a rehearsal on one model would cost where it is sold.

    `since` is the price's date, `closed` when the service stopped selling it, None if it has not.
    """

    model: str
    service: str
    shots: int
    usd: Decimal
    since: date
    closed: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run would do. `steps` are in an order in which every shot follows what it needs.

    `estimate_usd` sums what MAKE would cost, over the known prices; `unpriced` are the shots to
    make whose price is not known. `list_price_usd` sums the list prices of all steps, made or
    not, None for anything but a rehearsal; `list_prices` has them by model. `salvage` are open
    attempts that no shot of the manifest stands for any more: their clips are paid for and will
    be fetched. `expected_s` is how long the run should take, `expected_is_guess` that nothing is
    known yet of how long these models render. `notices` are sentences for the person reading.
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
    expected_is_guess: bool = False
    totals: tuple[ModelTotal, ...] = ()
    list_prices: tuple[ListPrice, ...] = ()
    selection: tuple[str, ...] = ()
    salvage: tuple[Attempt, ...] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)
    """Digest of every reference picture, by the path or URL as the shot has it."""
    store: Path | None = None
    as_of: str = ""
    """A word for the state of the store when its history was read; another word, another state."""

    @property
    def counts(self) -> dict[Action, int]:
        """How many steps of each action there are."""
        counted = Counter(step.action for step in self.steps)
        return {action: counted[action] for action in Action}

    @property
    def budget_left_usd(self) -> Decimal | None:
        """What earlier runs have left of the budget, None where there is none; may be negative."""
        budget = self.manifest.budget
        return None if budget is None else budget - self.ledger.committed

    @property
    def over_budget_usd(self) -> Decimal:
        """By how much the estimate is more than what is left; zero where it is not."""
        left = self.budget_left_usd
        return ZERO if left is None else max(ZERO, self.estimate_usd - max(left, ZERO))
