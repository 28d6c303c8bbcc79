"""Turns shots and history into a plan: what to do, why, and what it will cost.

Pure. It is given the history and never opens the store, so a plan can be made, shown, tested
and thrown away. Running it is the runner's business.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from sora_batch.catalog import Catalog
from sora_batch.manifest.settings import Disabled, Manifest
from sora_batch.planning.actions import Judge
from sora_batch.planning.capabilities import Capabilities
from sora_batch.planning.check import check
from sora_batch.planning.graph import Graph, cycle_problems, graph_of
from sora_batch.planning.notices import notices_of
from sora_batch.planning.plan import Action, Plan, Step
from sora_batch.planning.price import LOCAL, Pricer
from sora_batch.planning.select import Field, select, with_needs
from sora_batch.planning.times import Schedule, schedule
from sora_batch.planning.totals import list_prices, model_totals
from sora_batch.problems import in_order
from sora_batch.records import ZERO, History
from sora_batch.shots import ShotId, Target


def make_plan(
    manifest: Manifest,
    history: History,
    catalog: Catalog,
    capabilities: Capabilities,
    *,
    pictures: Mapping[str, str],
    selection: Sequence[str] = (),
    today: date,
    base_url: str,
    store: Path | None = None,
) -> Plan:
    """What a run of the manifest would do today.

    `capabilities` and `base_url` are the provider's, `pictures` the digests of reference pictures
    by path or URL, `selection` what `--select` was given. A plan with problems is for showing them
    only; one with a circle of needs has no steps. Raises UsageError for an empty selection.
    """
    shots = manifest.shots
    graph = graph_of(shots)
    pricer = Pricer(manifest.provider, catalog, base_url=base_url, today=today)
    wrong = [*check(manifest, catalog, capabilities, pricer), *cycle_problems(shots, graph)]
    plan = Plan(
        manifest=manifest,
        steps=(),
        problems=in_order(wrong),
        ledger=history.ledger,
        prices_date=catalog.prices_date,
        selection=tuple(selection),
        pictures=pictures,
        store=store,
    )
    if graph.stuck:
        return plan
    targets = [pricer.target(shot.model) for shot in shots]
    judge = _judged(plan, graph, history, capabilities, targets)
    chosen, wanted = _selected(judge, targets, selection, manifest.disabled)
    timing = schedule(judge, targets, wanted, history.render_seconds, manifest.limits)
    plan = replace(plan, steps=_steps(judge, targets, pricer, timing, chosen, wanted))
    return _summed(plan, judge, pricer, timing, capabilities)


def _judged(
    plan: Plan,
    graph: Graph,
    history: History,
    capabilities: Capabilities,
    targets: Sequence[Target],
) -> Judge:
    judge = Judge(
        plan.manifest.shots,
        graph,
        history,
        capabilities=capabilities,
        pictures=plan.pictures,
        attempts_limit=plan.manifest.limits.attempts,
    )
    judge.judge(targets)
    return judge


def _selected(
    judge: Judge,
    targets: Sequence[Target],
    selection: Sequence[str],
    disabled: Sequence[Disabled],
) -> tuple[Collection[int], Collection[int]]:
    """The shots that were chosen, and those with what they need."""
    if not selection:
        return range(len(judge.shots)), range(len(judge.shots))
    field = Field(
        judge.shots,
        judge.graph,
        targets,
        judge.verdicts,
        judge.fingerprints,
        frozenset(judge.history.failed),
        disabled,
    )
    chosen = select(field, selection)
    return chosen, with_needs(field, chosen)


def _steps(
    judge: Judge,
    targets: Sequence[Target],
    pricer: Pricer,
    timing: Schedule,
    chosen: Collection[int],
    wanted: Collection[int],
) -> tuple[Step, ...]:
    steps = []
    rehearsal = is_rehearsal(judge.capabilities, pricer)
    took = judge.history.render_seconds
    for number in judge.graph.order:
        if number not in wanted:
            continue
        shot, verdict = judge.shots[number], judge.verdicts[number]
        twin = None if verdict.twin is None else judge.shots[verdict.twin].id
        steps.append(
            Step(
                shot=shot,
                target=targets[number],
                action=verdict.action,
                reason=verdict.reason,
                fingerprint=judge.fingerprints[number],
                inputs=judge.inputs[number],
                needed=_needed(judge, number, twin),
                price_usd=_price(verdict.action, pricer, judge, number),
                list_price_usd=pricer.list_price(shot) if rehearsal else None,
                attempt=verdict.attempt,
                clip=verdict.clip,
                number=verdict.number,
                render_s=took.get((targets[number].model, str(shot.seconds))),
                chain_s=timing.chain_s[number],
                taken_along=number not in chosen,
                same_as=twin,
                frame_clip=judge.frame_clip(shot),
                awaits=judge.awaits[number],
            )
        )
    return tuple(steps)


def is_rehearsal(capabilities: Capabilities, pricer: Pricer) -> bool:
    """Whether what is asked for here could also be bought: the list price is then worth saying."""
    return pricer.settings.kind == LOCAL or capabilities.self_hosted


def _price(action: Action, pricer: Pricer, judge: Judge, number: int) -> Decimal | None:
    """What a run would newly commit; what is resumed or on hold is in the ledger already."""
    return pricer.price(judge.shots[number]).usd if action is Action.MAKE else None


def _needed(judge: Judge, number: int, twin: ShotId | None) -> tuple[ShotId, ...]:
    needed = judge.graph.needs.get(number, ())
    if not needed and twin is None:
        return ()
    ids = [judge.shots[one].id for one in needed]
    return tuple(dict.fromkeys([*ids, twin] if twin is not None else ids))


def _summed(
    plan: Plan, judge: Judge, pricer: Pricer, timing: Schedule, capabilities: Capabilities
) -> Plan:
    """The plan with everything that is counted over its steps."""
    to_make = [step for step in plan.steps if step.action is Action.MAKE]
    lists = list_prices(plan.steps, pricer) if is_rehearsal(capabilities, pricer) else ()
    plan = replace(
        plan,
        estimate_usd=sum((s.price_usd for s in to_make if s.price_usd is not None), ZERO),
        unpriced=tuple(s.shot.id for s in to_make if s.price_usd is None),
        list_prices=lists,
        list_price_usd=sum((one.usd for one in lists), ZERO) if lists else None,
        totals=model_totals(to_make, pricer),
        critical_path=tuple(judge.shots[number].id for number in timing.critical_path),
        critical_path_s=timing.critical_path_s,
        expected_s=timing.expected_s,
        expected_is_guess=timing.is_guess,
        salvage=judge.salvage(),
    )
    return replace(plan, notices=notices_of(plan, pricer, capabilities))
