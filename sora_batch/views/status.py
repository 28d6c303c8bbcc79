"""Where every shot of a manifest stands, and the money.

Made from what the store says now, so it can be asked for while another process runs the manifest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from sora_batch.manifest.settings import Manifest
from sora_batch.planning.plan import Action, Step
from sora_batch.records import Attempt, AttemptState, Holder, Ledger, RunRow
from sora_batch.shots import Json, ShotId
from sora_batch.views.columns import middle
from sora_batch.views.facts import as_json
from sora_batch.views.paint import PLAIN, Paint
from sora_batch.views.runs import holder_json, run_json, run_sentence
from sora_batch.views.shot_rows import ShotRow, shot_rows
from sora_batch.views.text import (
    counted,
    dollars,
    money_text,
    printable,
    shown_path,
    span,
    table,
    wrapped,
)

_JOB_COLUMNS = 24


class Status(Protocol):
    """What is shown: `api.Status`, of which this is the part that is needed here."""

    @property
    def manifest(self) -> Manifest:
        """Whose shots these are."""
        ...

    @property
    def steps(self) -> tuple[Step, ...]:
        """What a run would do now, in the plan's order."""
        ...

    @property
    def clips(self) -> Mapping[ShotId, Path]:
        """The files of the finished shots."""
        ...

    @property
    def attempts(self) -> Mapping[ShotId, Attempt]:
        """The newest attempt at each shot."""
        ...

    @property
    def ledger(self) -> Ledger:
        """The sums over all attempts."""
        ...

    @property
    def budget(self) -> Decimal | None:
        """What all runs together may spend, in USD."""
        ...

    @property
    def running(self) -> Holder | None:
        """Who runs the manifest at the moment, None where nobody does."""
        ...

    @property
    def last_run(self) -> RunRow | None:
        """The newest run, whether or not it has ended."""
        ...

    @property
    def log(self) -> Path | None:
        """Where that run writes what it does, None where it has a terminal."""
        ...


class Standing(StrEnum):
    """Where one shot stands, in a word."""

    DONE = "done"
    RENDERING = "rendering"
    RENDERED = "rendered"
    SUBMITTING = "submitting"
    HELD = "on hold"
    FAILED = "failed"
    BLOCKED = "blocked"
    PENDING = "to make"


def standing(step: Step, attempt: Attempt | None, *, running: bool) -> Standing:
    """The shot's place. `attempt` is its newest; it counts where it is about the same inputs."""
    current = attempt if attempt and attempt.fingerprint == step.fingerprint else step.attempt
    state = current.state if current is not None else None
    match step.action:
        case Action.REUSE:
            return Standing.DONE if step.clip is not None else Standing.PENDING
        case Action.HOLD | Action.RESUME if running and state is AttemptState.SUBMITTING:
            return Standing.SUBMITTING
        case Action.HOLD:
            return Standing.HELD
        case Action.RESUME if state in {AttemptState.SUBMITTING, AttemptState.HELD}:
            return Standing.HELD
        case Action.RESUME if state is AttemptState.RENDERED:
            return Standing.RENDERED
        case Action.RESUME:
            return Standing.RENDERING
        case Action.BLOCKED if state is AttemptState.FAILED:
            return Standing.FAILED
        case Action.BLOCKED:
            return Standing.BLOCKED
    return Standing.PENDING


def standings(status: Status) -> dict[ShotId, Standing]:
    """Where each shot stands."""
    running, attempts = status.running is not None, status.attempts
    return {
        step.shot.id: standing(step, attempts.get(step.shot.id), running=running)
        for step in status.steps
    }


def status_text(
    status: Status, *, now: datetime, width: int, paint: Paint = PLAIN, rows: int | None = None
) -> str:
    """A line for each shot, what they come to, and the ledger.

    Where the shots are more than `rows`, only those that are neither done nor to make.
    """
    where = standings(status)
    running = f", run by {status.running}" if status.running else ", no run going on"
    name = status.manifest.name
    lines = [f"{paint.strong(name)} on {status.manifest.provider.name}{running}"]
    lines += [*_run_lines(status, width), ""]
    steps = _shown(status.steps, where, rows)
    lines += _shot_lines(status, steps, where, now, width, paint)
    if len(steps) < len(status.steps):
        lines += [f"and {len(status.steps) - len(steps):,} more"]
    lines += ["", _counts_text(where), "", *ledger_lines(status.ledger, status.budget)]
    return "\n".join(lines)


def status_json(status: Status) -> dict[str, Json]:
    """`manifest`, `provider`, `running` and `holder` (who runs it now), `last_run`, `log`,
    `budget_usd`, `left_usd`, `ledger`, `counts`, `shots`."""
    where = standings(status)
    counts = Counter(where.values())
    left = None if status.budget is None else status.budget - status.ledger.committed
    return {
        "manifest": status.manifest.name,
        "file": str(status.manifest.file),
        "provider": status.manifest.provider.name,
        "running": None if status.running is None else str(status.running),
        "holder": holder_json(status.running),
        "last_run": run_json(status.last_run),
        "log": None if status.log is None else str(status.log),
        "budget_usd": money_text(status.budget),
        "left_usd": money_text(left),
        "ledger": as_json(status.ledger),
        "counts": {_key(one): counts[one] for one in Standing},
        "shots": [_shot_json(status, step, where[step.shot.id]) for step in status.steps],
    }


def _run_lines(status: Status, width: int) -> list[str]:
    file = status.manifest.file
    words = run_sentence(status.running, status.last_run, status.log, manifest=file)
    return wrapped(words, width) if words else []


def ledger_lines(ledger: Ledger, budget: Decimal | None) -> list[str]:
    """The five columns of the ledger, and what is left of the budget, under their headings."""
    columns = [
        ("spent", dollars(ledger.spent)),
        ("reserved", dollars(ledger.reserved)),
        ("held", dollars(ledger.held)),
        ("uncertain", dollars(ledger.uncertain)),
        ("released", dollars(ledger.released)),
    ]
    if budget is not None:
        columns.append((f"left of {dollars(budget)}", dollars(budget - ledger.committed)))
    rows = list(zip(*columns, strict=True))
    return table(rows, right=frozenset(range(len(columns))))


def _shown(
    steps: Sequence[Step], where: Mapping[ShotId, Standing], rows: int | None
) -> Sequence[Step]:
    if rows is None or len(steps) <= rows:
        return steps
    quiet = {Standing.DONE, Standing.PENDING}
    return [step for step in steps if where[step.shot.id] not in quiet][: max(0, rows - 1)]


def _shot_lines(
    status: Status,
    steps: Sequence[Step],
    where: Mapping[ShotId, Standing],
    now: datetime,
    width: int,
    paint: Paint,
) -> list[str]:
    rows = []
    for step in steps:
        place = where[step.shot.id]
        detail = _detail(status, step, place, now)
        rows.append(ShotRow(step.shot.id, place, detail, _mark(place, paint)))
    return shot_rows(rows, folder=status.manifest.output, width=width)


def _detail(status: Status, step: Step, place: Standing, now: datetime) -> str:
    attempt = _attempt(status, step)
    if place is Standing.DONE:
        clip = status.clips.get(step.shot.id)
        differs = step.clip.differs if step.clip is not None else ""
        marked = f"; not as ordered: {printable(differs)}" if differs else ""
        return f"{shown_path(clip) if clip is not None else step.reason}{marked}"
    if attempt is None or place in {Standing.PENDING, Standing.BLOCKED, Standing.FAILED}:
        price = f", {dollars(step.price_usd)}" if step.price_usd else ""
        return f"{printable(step.reason)}{price if place is Standing.PENDING else ''}"
    money = f"{dollars(attempt.price_usd)} {attempt.money}" if attempt.price_usd else ""
    job = printable(attempt.job_id or "", 80)
    if place is Standing.HELD:
        # Whoever looks for the job on the server needs the whole of its id.
        words = [printable(attempt.note or step.reason), f"job {job}" if job else "", money]
    else:
        begun = attempt.submitted_at or attempt.created_at
        since = span(max(0.0, (now - begun).total_seconds()))
        words = [since, money, f"job {middle(job, _JOB_COLUMNS)}" if job else ""]
    return ", ".join(filter(None, words))


def _attempt(status: Status, step: Step) -> Attempt | None:
    newest = status.attempts.get(step.shot.id)
    if newest is not None and newest.fingerprint == step.fingerprint:
        return newest
    return step.attempt


def _shot_json(status: Status, step: Step, place: Standing) -> Json:
    attempt = _attempt(status, step)
    clip = status.clips.get(step.shot.id)
    return {
        "shot": step.shot.id,
        "state": _key(place),
        "reason": step.reason,
        "where": str(step.shot.where),
        "fingerprint": step.fingerprint,
        "attempt": None if attempt is None else attempt.number,
        "job": None if attempt is None else attempt.job_id,
        "failure": None if attempt is None else as_json(attempt.failure),
        "price_usd": money_text(step.price_usd if attempt is None else attempt.price_usd),
        "spent_usd": None if attempt is None else money_text(attempt.spent_usd),
        "clip": None if clip is None else str(clip),
        "differs": step.clip.differs if step.clip is not None else "",
    }


def _counts_text(where: Mapping[ShotId, Standing]) -> str:
    counts = Counter(where.values())
    words = [f"{counts[place]:,} {place}" for place in Standing if counts[place]]
    return f"{counted(len(where), 'shot')}: {', '.join(words)}" if words else "no shots"


def _mark(place: Standing, paint: Paint) -> Callable[[str], str]:
    match place:
        case Standing.DONE:
            return paint.good
        case Standing.FAILED:
            return paint.bad
        case Standing.HELD | Standing.BLOCKED:
            return paint.wary
        case Standing.PENDING:
            return paint.faint
    return paint.busy


def _key(place: Standing) -> str:
    return place.replace(" ", "_")
