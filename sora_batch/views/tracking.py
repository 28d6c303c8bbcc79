"""What a run has come to, kept from its events; and each event as a sentence.

Knows no terminal. The observers of `progress.py` show what is kept here, and the closing summary
is made from it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from sora_batch.events import (
    Event,
    RunNotice,
    RunStarted,
    ShotBlocked,
    ShotDone,
    ShotFailed,
    ShotHeld,
    ShotProgress,
    ShotRendered,
    ShotRetrying,
    ShotSubmitted,
)
from sora_batch.records import ZERO, Clip, Failure
from sora_batch.shots import JobId, ShotId
from sora_batch.views.paint import Paint
from sora_batch.views.text import counted, dollars, printable, span


@dataclass(slots=True)
class Rendering:
    """A shot that is with the server: what the server last said, and since when it is there."""

    status: str
    since: float
    job_id: JobId
    progress: int | None = None
    price_usd: Decimal | None = None


@dataclass(slots=True)
class Tally:
    """An observer that only remembers. Shots are in the order in which things befell them.

    `spent_usd` is what this run is known to have paid, not what earlier ones did.
    """

    now: Callable[[], float] = time.monotonic
    total: int = 0
    to_make: int = 0
    estimate_usd: Decimal | None = None
    spent_usd: Decimal = ZERO
    rendering: dict[ShotId, Rendering] = field(default_factory=dict)
    made: dict[ShotId, Clip] = field(default_factory=dict)
    reused: set[ShotId] = field(default_factory=set)
    failed: dict[ShotId, ShotFailed] = field(default_factory=dict)
    held: dict[ShotId, ShotHeld] = field(default_factory=dict)
    blocked: dict[ShotId, ShotBlocked] = field(default_factory=dict)

    @property
    def settled(self) -> int:
        """How many shots this run has nothing more to do for."""
        groups = (self.made, self.reused, self.failed, self.held, self.blocked)
        return sum(map(len, groups))

    def __call__(self, event: Event) -> None:
        """Takes an event in."""
        match event:
            case RunStarted():
                self.total, self.to_make = event.shots, event.to_make
                self.estimate_usd = event.estimate_usd
            case ShotSubmitted():
                status = "picked up again" if event.resumed else "submitted"
                self.rendering[event.shot_id] = Rendering(
                    status, self.now(), event.job_id, price_usd=event.price_usd
                )
            case ShotProgress() | ShotRendered():
                self._moved(event)
            case ShotDone() | ShotFailed() | ShotHeld() | ShotBlocked() | ShotRetrying():
                self._left(event)
            case _:
                pass

    def _moved(self, event: ShotProgress | ShotRendered) -> None:
        shot = self.rendering.get(event.shot_id)
        if shot is None:
            return
        if isinstance(event, ShotProgress):
            shot.status, shot.progress = event.status, event.progress
        else:
            shot.status, shot.progress = "downloading", None

    def _left(self, event: ShotDone | ShotFailed | ShotHeld | ShotBlocked | ShotRetrying) -> None:
        left = self.rendering.pop(event.shot_id, None)
        match event:
            case ShotDone(reused=True):
                self.reused.add(event.shot_id)
            case ShotDone():
                self.made[event.shot_id] = event.clip
                price = left.price_usd if left else None
                spent = event.clip.spent_usd if event.clip.spent_usd is not None else price
                self.spent_usd += spent or ZERO
            case ShotFailed():
                self.failed[event.shot_id] = event
                self.spent_usd += event.spent_usd or ZERO
            case ShotHeld():
                self.held[event.shot_id] = event
            case ShotBlocked():
                self.blocked[event.shot_id] = event
            case ShotRetrying():
                pass

    def headline(self) -> str:
        """`12 of 48 shots, $9.60 of about $24.00`, as far as money plays a part."""
        shots = f"{self.settled:,} of {counted(self.total, 'shot')}"
        if self.spent_usd or self.estimate_usd:
            estimate = f" of about {dollars(self.estimate_usd)}" if self.estimate_usd else " spent"
            return f"{shots}, {dollars(self.spent_usd)}{estimate}"
        return shots

    def troubles(self) -> str:
        """`1 failed, 2 on hold`, empty while all is well."""
        groups = ((self.failed, "failed"), (self.held, "on hold"), (self.blocked, "blocked"))
        return ", ".join(f"{len(shots):,} {word}" for shots, word in groups if shots)


def colour_of(event: Event, paint: Paint) -> Callable[[str], str]:
    """How the event's sentence is coloured."""
    match event:
        case ShotDone():
            return paint.good
        case ShotFailed():
            return paint.bad
        case ShotRetrying() | ShotHeld() | ShotBlocked():
            return paint.wary
        case _:
            return str


def sentence(event: Event, *, attempts: int) -> str:
    """The event for a person, shot first; empty for what is not worth a line.

    `attempts` is how many tries a shot has.
    """
    match event:
        case ShotSubmitted():
            verb = "job found again" if event.resumed else "submitted"
            price = f", {dollars(event.price_usd)}" if event.price_usd else ""
            return f"{event.shot_id}: {verb} (job {printable(event.job_id, 80)}{price})"
        case ShotDone(reused=False):
            return f"{event.shot_id}: done, {event.path}{_price(event)}{_differences(event)}"
        case ShotRetrying():
            again = f"trying again in {span(event.wait_s)}" if event.wait_s else "trying again"
            return f"{_tried(event, attempts)}: {why(event.failure)}; {again}"
        case ShotFailed():
            return f"{_tried(event, attempts)}: {why(event.failure)}; {_loss(event)}"
        case ShotHeld():
            held = f", {dollars(event.held_usd)} reserved" if event.held_usd else ""
            note = printable(event.note)
            return f"{_tried(event, attempts)}: {note}; on hold{held}; nobody pays again"
        case ShotBlocked():
            return f"{event.shot_id}: not made: {printable(event.reason)}"
        case RunNotice():
            return printable(event.message)
        case _:
            return ""


def _tried(event: ShotRetrying | ShotFailed | ShotHeld, attempts: int) -> str:
    if not event.attempt:
        return event.shot_id
    # What was never sent does not count as a try, so it may be tried again after the last one.
    last = attempts - 1 if isinstance(event, ShotRetrying) else attempts
    of = f" of {attempts}" if event.attempt <= last else ""
    return f"{event.shot_id}: attempt {event.attempt}{of}"


def why(failure: Failure) -> str:
    """The failure in our words and, where they say more, the server's."""
    ours = printable(failure.message).rstrip(".")
    theirs = printable(failure.server_words, 200)
    return f"{ours} (the server said: {theirs})" if theirs and theirs not in ours else ours


def _price(event: ShotDone) -> str:
    return f", {dollars(event.clip.spent_usd)}" if event.clip.spent_usd else ""


def _differences(event: ShotDone) -> str:
    return f"; not as ordered: {printable(event.clip.differs)}" if event.clip.differs else ""


def _loss(event: ShotFailed) -> str:
    if event.spent_usd is None:
        return "failed; whether it is billed is not known"
    return (
        f"failed, {dollars(event.spent_usd)} spent" if event.spent_usd else "failed, nothing spent"
    )
