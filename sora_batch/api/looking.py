"""Where every shot stands, also while a run is going on in another terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from sora_batch.api.pictures import inspect_pictures
from sora_batch.api.plans import plan_of
from sora_batch.api.run_log import log_of
from sora_batch.manifest.settings import Manifest
from sora_batch.outputs import Outputs
from sora_batch.planning.plan import Plan, Step
from sora_batch.records import Attempt, History, Holder, Ledger, RunRow
from sora_batch.shots import ShotId
from sora_batch.store import StoreReader, read_store


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where every shot stands: `steps` say what a run would do, `attempts` are the newest ones.

    `running` is who runs the manifest now, None when nobody does. `last_run` is the newest run, and
    `log` where it writes what it does if it was detached from its terminal.
    """

    manifest: Manifest
    plan: Plan
    steps: tuple[Step, ...]
    clips: Mapping[ShotId, Path]
    attempts: Mapping[ShotId, Attempt]
    ledger: Ledger
    budget: Decimal | None
    running: Holder | None
    last_run: RunRow | None
    log: Path | None


def status(manifest: Manifest) -> Status:
    """Where every shot of the manifest stands. Raises StoreBroken."""
    outputs = Outputs(manifest.output)
    reader = read_store(manifest.output)
    history, attempts, last_run, running = History(), list[Attempt](), None, None
    if reader is not None:
        try:
            history = reader.history(intact=outputs.intact)
            attempts = reader.attempts()
            last_run, running = _newest_run(reader)
        finally:
            reader.close()
    pictures, _ = inspect_pictures(manifest)
    plan = plan_of(manifest, history, pictures=pictures, select=())
    found = (
        (step.shot.id, outputs.locate(step.clip)) for step in plan.steps if step.clip is not None
    )
    return Status(
        manifest=manifest,
        plan=plan,
        steps=plan.steps,
        clips={shot: path for shot, path in found if path is not None},
        attempts={attempt.shot_id: attempt for attempt in attempts},
        ledger=history.ledger,
        budget=manifest.budget,
        running=running,
        last_run=last_run,
        log=log_of(last_run, manifest.output),
    )


def _newest_run(reader: StoreReader) -> tuple[RunRow | None, Holder | None]:
    """The newest run, and who is at it."""
    runs, running = reader.runs(), reader.holder()
    if not runs:
        return None, running
    # It may have ended after it was read and before it was asked who runs it.
    return next(run for run in reader.runs() if run.id == runs[-1].id), running
