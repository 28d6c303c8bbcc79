"""A plan for people, as a table that fits their terminal, and for programs, as JSON.

A plan of more than `LONG` steps is told by shot spec, because nobody reads ten thousand lines;
what needs a person's attention is still named shot by shot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from sora_batch.planning.plan import Action, Plan, Step
from sora_batch.records import ZERO, Attempt
from sora_batch.shots import Json
from sora_batch.views.columns import Column, folded, laid_out
from sora_batch.views.estimates import estimate_lines
from sora_batch.views.facts import as_json
from sora_batch.views.graphs import graph_dot, graph_mermaid
from sora_batch.views.paint import PLAIN, Paint
from sora_batch.views.text import counted, dollars, money_text, printable

__all__ = ["graph_dot", "graph_mermaid", "plan_json", "plan_text"]

LONG = 60
_SPECS_SHOWN = 40
_ATTENTION_SHOWN = 20

_LIFTED: Mapping[str, Callable[[Step], str]] = {
    "model": lambda step: step.shot.model,
    "size": lambda step: str(step.shot.size),
    "length": lambda step: f"{step.shot.seconds} s",
}
"""Columns that are said once, above the table, where all rows have the same in them."""


def plan_text(
    plan: Plan, width: int = 80, *, paint: Paint = PLAIN, every_shot: bool = False
) -> str:
    """What would be done, why, and what it comes to; no line wider than `width` columns.

    `every_shot` has a line for each shot even where the plan is long.
    """
    long = len(plan.steps) > LONG and not every_shot
    blocks = [
        _heading(plan, width, paint),
        _long_table(plan, width, paint) if long else _table(plan, width, paint),
        estimate_lines(plan, width, paint=paint),
        _notices(plan, width),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def plan_json(plan: Plan) -> dict[str, Json]:
    """The plan with stable keys; money is in strings of USD, times are in seconds.

    `manifest` (its name), `file`, `provider`, `profile`, `selection` · `estimate_usd`, `unpriced`
    (ids of shots to make without a known price), `totals` (by model), `prices_date` ·
    `list_price_usd`, `list_prices` (rehearsals: what all shots would cost where they are sold) ·
    `budget_usd`, `budget_left_usd` (before this plan), `over_budget_usd`, `ledger` · `counts` (by
    action) · `expected_s`, `expected_is_guess`, `critical_path`, `critical_path_s` · `notices` ·
    `salvage` (open attempts that no shot stands for) · `steps`, in an order in which every shot
    follows what it needs: `shot`, `spec`, `where`, `tags`, `action` (make, resume, reuse, hold,
    blocked), `reason`, `model`, `server_model`, `size`, `seconds`, `price_usd` (of MAKE; null
    where not known), `list_price_usd`, `attempt` (the number of the try), `job`, `needed`,
    `same_as`, `taken_along`, `chain_s`, `fingerprint`.
    """
    manifest = plan.manifest
    return {
        "manifest": manifest.name,
        "file": str(manifest.file),
        "provider": manifest.provider.name,
        "profile": manifest.profile,
        "selection": list(plan.selection),
        "estimate_usd": money_text(plan.estimate_usd),
        "unpriced": list(plan.unpriced),
        "totals": as_json(plan.totals),
        "prices_date": as_json(plan.prices_date),
        "list_price_usd": money_text(plan.list_price_usd),
        "list_prices": as_json(plan.list_prices),
        "budget_usd": money_text(manifest.budget),
        "budget_left_usd": money_text(plan.budget_left_usd),
        "over_budget_usd": money_text(plan.over_budget_usd),
        "ledger": as_json(plan.ledger),
        "counts": {action.value: count for action, count in plan.counts.items()},
        "expected_s": plan.expected_s,
        "expected_is_guess": plan.expected_is_guess,
        "critical_path": list(plan.critical_path),
        "critical_path_s": plan.critical_path_s,
        "notices": list(plan.notices),
        "salvage": [_attempt_json(attempt) for attempt in plan.salvage],
        "steps": [_step_json(step) for step in plan.steps],
    }


def _attempt_json(attempt: Attempt) -> Json:
    return {
        "shot": attempt.shot_id,
        "state": attempt.state.value,
        "job": attempt.job_id,
        "price_usd": money_text(attempt.price_usd),
    }


def _step_json(step: Step) -> Json:
    shot = step.shot
    return {
        "shot": shot.id,
        "spec": shot.spec,
        "where": str(shot.where),
        "tags": list(shot.tags),
        "action": step.action.value,
        "reason": step.reason,
        "model": shot.model,
        "server_model": step.target.model,
        "size": str(shot.size),
        "seconds": str(shot.seconds),
        "price_usd": money_text(step.price_usd),
        "list_price_usd": money_text(step.list_price_usd),
        "attempt": step.number,
        "job": _open_job(step),
        "needed": list(step.needed),
        "same_as": step.same_as,
        "taken_along": step.taken_along,
        "chain_s": round(step.chain_s, 3),
        "fingerprint": step.fingerprint,
    }


def _open_job(step: Step) -> Json:
    is_open = step.action in {Action.RESUME, Action.HOLD}
    return step.attempt.job_id if is_open and step.attempt is not None else None


def _heading(plan: Plan, width: int, paint: Paint) -> list[str]:
    manifest = plan.manifest
    profile = f", profile {manifest.profile}" if manifest.profile else ""
    shots = counted(len(plan.steps), "shot")
    line = f"{printable(manifest.name)} on {manifest.provider.name}{profile}: {shots}"
    same = [text for text in (_same(plan.steps, what) for what in _LIFTED) if text]
    about = f"all {', '.join(same)}" if same and len(plan.steps) > 1 else ", ".join(same)
    lines = folded(line, width)
    lines[0] = paint.strong(lines[0])
    return [*lines, *(folded(about, width) if about else [])]


def _same(steps: Sequence[Step], what: str) -> str:
    """What all steps have in common in one column, "" where they differ."""
    values = {_LIFTED[what](step) for step in steps}
    return values.pop() if len(values) == 1 else ""


def _table(plan: Plan, width: int, paint: Paint) -> list[str]:
    steps = plan.steps
    columns = [
        Column("SHOT", [step.shot.id for step in steps], shrinks=True),
        Column("ACTION", [step.action.value for step in steps], marks=_marks(steps, paint)),
        *(
            Column(what.upper(), [value(step) for step in steps], shrinks=what == "model")
            for what, value in _LIFTED.items()
            if not _same(steps, what)
        ),
        Column("PRICE", [_price(step) for step in steps], right=True),
    ]
    return laid_out(columns, "WHY", [_why(step) for step in steps], width, paint)


def _why(step: Step) -> str:
    return f"{step.reason} (taken along)" if step.taken_along else step.reason


def _marks(steps: Iterable[Step], paint: Paint) -> list[str]:
    return [_marked(step.action, paint) for step in steps]


def _marked(action: Action, paint: Paint) -> str:
    match action:
        case Action.MAKE | Action.RESUME:
            return paint.busy(action.value)
        case Action.REUSE:
            return paint.good(action.value)
    return paint.wary(action.value)


def _price(step: Step) -> str:
    if step.action is not Action.MAKE:
        return ""
    if step.price_usd is None:
        return "unknown"
    return dollars(step.price_usd) if step.price_usd else "free"


def _long_table(plan: Plan, width: int, paint: Paint) -> list[str]:
    """A line for each shot spec; then the shots a person has to look at."""
    by_spec: dict[str, list[Step]] = {}
    for step in plan.steps:
        by_spec.setdefault(step.shot.spec, []).append(step)
    shown = dict(list(by_spec.items())[:_SPECS_SHOWN])
    groups = list(shown.values())
    columns = [
        Column("SHOT SPEC", list(shown), shrinks=True),
        Column("SHOTS", [f"{len(steps):,}" for steps in groups], right=True),
        Column("PRICE", [_group_price(steps) for steps in groups], right=True),
    ]
    lines = laid_out(columns, "WHAT AND WHY", [_story(steps) for steps in groups], width, paint)
    if len(by_spec) > len(shown):
        lines.append(f"… and {counted(len(by_spec) - len(shown), 'more shot spec')}")
    lines += ["", *folded(_how_to_see_all(plan), width)]
    return [*lines, *_attention(plan, width)]


def _group_price(steps: Sequence[Step]) -> str:
    to_make = [step for step in steps if step.action is Action.MAKE]
    if not to_make:
        return ""
    known = [step.price_usd for step in to_make if step.price_usd is not None]
    if not known:
        return "unknown"
    total = sum(known, ZERO)
    more = "+?" if len(known) < len(to_make) else ""
    return (dollars(total) if total else "free") + more


def _story(steps: Sequence[Step]) -> str:
    """`make 118: no clip yet; reuse 2`: each action with its commonest reason, if it has one."""
    parts = []
    for action in Action:
        reasons = Counter(step.reason for step in steps if step.action is action)
        if not reasons:
            continue
        reason, count = reasons.most_common(1)[0]
        often = count * 2 > reasons.total() and action is not Action.REUSE
        number = f" {reasons.total():,}" if len(steps) > 1 else ""
        parts.append(f"{action.value}{number}{f': {reason}' if often else ''}")
    return "; ".join(parts)


def _how_to_see_all(plan: Plan) -> str:
    spec = plan.steps[0].shot.spec
    return (
        f"every shot: `sora-batch plan {plan.manifest.file} --all`; some of them: "
        f"`--select {spec}`, `--select state:make`"
    )


def _attention(plan: Plan, width: int) -> list[str]:
    waiting = [step for step in plan.steps if step.action in {Action.HOLD, Action.BLOCKED}]
    lines = [""] if waiting else []
    for step in waiting[:_ATTENTION_SHOWN]:
        text = f"{step.shot.id}: {step.action.value}: {step.reason}"
        lines += folded(text, width)
    if len(waiting) > _ATTENTION_SHOWN:
        lines.append(f"… and {len(waiting) - _ATTENTION_SHOWN:,} more on hold or blocked")
    return lines


def _notices(plan: Plan, width: int) -> list[str]:
    return [
        line
        for notice in plan.notices
        for line in folded(notice, width, indent="note: ", limit=600)
    ]
