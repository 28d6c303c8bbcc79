"""What a plan comes to: how many shots of what, for how much, of which budget, how long.

Shown under a plan and again where somebody is asked to say yes to it.
"""

from __future__ import annotations

from collections.abc import Mapping

from sora_batch.planning.plan import Action, ListPrice, ModelTotal, Plan
from sora_batch.views.columns import folded
from sora_batch.views.paint import PLAIN, Paint
from sora_batch.views.text import counted, dollars, printable, span, table

_DONE_WORDS: Mapping[Action, str] = {
    Action.MAKE: "to make",
    Action.RESUME: "resumed",
    Action.REUSE: "reused for nothing",
    Action.HOLD: "on hold",
    Action.BLOCKED: "blocked",
}


def estimate_lines(plan: Plan, width: int = 80, *, paint: Paint = PLAIN) -> list[str]:
    """The counts, the estimate, the budget, the time and the list price of a rehearsal."""
    counts = [f"{count:,} {_DONE_WORDS[one]}" for one, count in plan.counts.items() if count]
    lines = folded(", ".join(counts), width) if counts else ["no shots"]
    if len(plan.totals) > 1 or any(total.unpriced for total in plan.totals):
        rows = [_total_row(total) for total in plan.totals]
        lines += ["", *table(rows, right=frozenset({1, 2, 3}), width=width, indent="  ")]
    lines += ["", *map(paint.strong, folded(_estimate(plan), width))]
    for sentence in (_budget(plan), _duration(plan), *map(_rehearsal, plan.list_prices)):
        lines += folded(sentence, width) if sentence else []
    return lines


def _total_row(total: ModelTotal) -> tuple[str, ...]:
    known = total.server_model == total.model or total.server_model.endswith(f"/{total.model}")
    other = "" if known else f" ({total.server_model})"
    price = dollars(total.estimate_usd) if total.unpriced < total.shots else "unknown"
    more = f" + {total.unpriced:,} unknown" if 0 < total.unpriced < total.shots else ""
    return (
        printable(f"{total.model}{other}"),
        counted(total.shots, "shot"),
        f"{total.seconds} s",
        price + more,
        total.price_source,
    )


def _estimate(plan: Plan) -> str:
    to_make = plan.counts[Action.MAKE]
    if not to_make:
        return "estimate: $0.00, nothing to make"
    unpriced = len(plan.unpriced)
    if unpriced == to_make:
        return f"estimate: unknown, no price is known for {counted(unpriced, 'shot')}"
    sources = dict.fromkeys(total.price_source for total in plan.totals if total.price_source)
    more = f" + {counted(unpriced, 'shot')} without a known price" if unpriced else ""
    return f"estimate: {dollars(plan.estimate_usd)}{more} ({'; '.join(sources)})"


def _budget(plan: Plan) -> str:
    budget, left = plan.manifest.budget, plan.budget_left_usd
    if budget is None or left is None:
        return ""
    committed = f" ({dollars(plan.ledger.committed)} is spent or may be)" if budget != left else ""
    after = f", {dollars(left - plan.estimate_usd)} after this run" if plan.estimate_usd else ""
    if plan.over_budget_usd:
        after = f"; that is {dollars(plan.over_budget_usd)} too little"
    return f"budget: {dollars(left)} left of {dollars(budget)}{committed}{after}"


def _duration(plan: Plan) -> str:
    if not plan.expected_s:
        return ""
    guess = (
        ", a guess: nothing like it has been rendered here yet" if plan.expected_is_guess else ""
    )
    chain = ""
    if len(plan.critical_path) > 1:
        ends = f"{plan.critical_path[0]} to {plan.critical_path[-1]}"
        links = counted(len(plan.critical_path), "shot")
        chain = f"; the longest chain, {links} from {ends}, takes {span(plan.critical_path_s)}"
    at_once = plan.manifest.limits.concurrency
    return f"time: about {span(plan.expected_s)} with {at_once} at once{guess}{chain}"


def _rehearsal(price: ListPrice) -> str:
    shots = "the same shot" if price.shots == 1 else f"the same {price.shots:,} shots"
    closed = f", service closed {price.closed}" if price.closed is not None else ""
    return (
        f"{shots} on {printable(price.model)} at list price: {dollars(price.usd)}, "
        f"price of {price.since}{closed}"
    )
