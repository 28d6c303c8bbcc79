"""Executes a plan against the parts it is given: a provider, a store, an engine, a clock."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sora_batch.clock import Clock
from sora_batch.engines.engine import Engine
from sora_batch.events import Observer, RunFinished, RunStarted
from sora_batch.outputs import Outputs
from sora_batch.planning.plan import Action, Plan
from sora_batch.providers.provider import Provider
from sora_batch.records import Failure, RunId, RunRow
from sora_batch.running.limits import Limits
from sora_batch.running.orphans import tell_orphans
from sora_batch.running.runner import Runner
from sora_batch.running.tools import Tools
from sora_batch.shots import ShotId
from sora_batch.store import Store

__all__ = ["RunReport", "execute"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """How a run ended. `exit_code` is 0 done, 1 some shots failed, are on hold or were left,
    130 interrupted."""

    run_id: RunId
    plan: Plan
    finished: RunFinished
    failures: Mapping[ShotId, Failure] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """What the command line answers."""
        ended = self.finished
        if ended.interrupted:
            return 130
        return 1 if ended.failed or ended.held or ended.blocked or ended.in_flight else 0


async def execute(
    plan: Plan,
    *,
    store: Store,
    outputs: Outputs,
    provider: Provider,
    engine: Engine,
    clock: Clock,
    observers: Sequence[Observer] = (),
    keep_going: bool = True,
    stop: asyncio.Event | None = None,
) -> RunReport:
    """Runs the plan. Setting `stop` lets no new shot start; downloads finish, what renders stays
    the server's. Raises what the store raises."""
    asked = stop or asyncio.Event()
    tools = Tools(
        run_id=RunId(uuid.uuid4().hex),
        manifest=plan.manifest,
        store=store,
        outputs=outputs,
        provider=provider,
        engine=engine,
        clock=clock,
        limits=Limits(plan.manifest.limits, clock),
        observers=observers,
    )
    await _begin(plan, tools)
    began = clock.monotonic()
    passing_on = asyncio.ensure_future(_pass_on(asked, tools.stop))
    runner = Runner(plan, tools, keep_going=keep_going)
    try:
        await runner.run()
    finally:
        passing_on.cancel()
    if not asked.is_set():
        await tell_orphans(plan, tools)
    return await _end(plan, tools, runner, clock.monotonic() - began, interrupted=asked.is_set())


async def _begin(plan: Plan, tools: Tools) -> None:
    await tools.store.begin_run(_row(plan, tools))
    await _pin(plan, tools)
    to_make = sum(step.action is Action.MAKE for step in plan.steps)
    estimate = None if plan.unpriced else plan.estimate_usd
    tools.tell(RunStarted(tools.run_id, len(plan.steps), to_make, estimate))


async def _pin(plan: Plan, tools: Tools) -> None:
    """From the first run on a URL stands for these bytes, even if the cache is lost."""
    known = tools.store.pins()
    for image, sha256 in plan.pictures.items():
        name = tools.outputs.pin_name(image)
        if image.startswith(("http://", "https://")) and name not in known:
            await tools.store.pin(name, sha256)


async def _end(
    plan: Plan, tools: Tools, runner: Runner, wall_s: float, *, interrupted: bool
) -> RunReport:
    counts = runner.tally.counts
    finished = RunFinished(
        run_id=tools.run_id,
        done=counts["done"],
        reused=counts["reused"],
        failed=counts["failed"],
        held=counts["held"],
        blocked=counts["blocked"],
        in_flight=counts["in_flight"],
        ledger=tools.store.ledger(),
        wall_s=wall_s,
        interrupted=interrupted,
        stopped=runner.stopped,
        stopped_by=runner.stopped_by,
    )
    outcome = runner.stopped or ("interrupted" if interrupted else "finished")
    await tools.store.end_run(tools.run_id, tools.clock.now(), outcome)
    tools.tell(finished)
    return RunReport(
        run_id=tools.run_id, plan=plan, finished=finished, failures=runner.tally.failures
    )


async def _pass_on(asked: asyncio.Event, stop: asyncio.Event) -> None:
    """A person's word to stop becomes the run's own; the run may also stop by itself."""
    await asked.wait()
    stop.set()


def _row(plan: Plan, tools: Tools) -> RunRow:
    return RunRow(
        id=tools.run_id,
        manifest=plan.manifest.name,
        manifest_sha256=plan.manifest.sha256,
        prices_date=plan.prices_date.isoformat() if plan.prices_date is not None else "",
        budget_usd=plan.manifest.budget,
        started_at=tools.clock.now(),
        file=_seen_from(plan.manifest.output, plan.manifest.file),
    )


def _seen_from(folder: Path, file: Path) -> str:
    try:
        return os.path.relpath(file.resolve(), folder.resolve())
    except ValueError:
        # Another drive of Windows.
        return str(file.resolve())
