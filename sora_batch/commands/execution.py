"""A plan, agreed to, executed and summed up: what `run` and `retry` have in common.

Imports what a run needs, so the commands import it when they run.
"""

from __future__ import annotations

import os
import sys
from decimal import Decimal

import click

from sora_batch import api
from sora_batch.api import Action, Plan
from sora_batch.commands.options import width_of_terminal
from sora_batch.errors import ConsentNeeded
from sora_batch.views.background import Background, Watcher
from sora_batch.views.paint import is_terminal, paint_for
from sora_batch.views.progress import JsonObserver, PlainObserver, TqdmObserver
from sora_batch.views.summary import plan_line, price_words, summary_text
from sora_batch.views.text import counted, printable, wrapped
from sora_batch.views.tracking import Tally

_NOTHING = "nothing was run and nothing was spent"


def execute(plan: Plan, *, keep_going: bool, yes: bool, as_json: bool) -> int:
    """Shows the plan in short, asks if it costs anything, runs it, sums up; the exit code."""
    if not as_json:
        _show(plan)
    api.check_access(plan)
    price = agreed_price(plan, yes=yes, may_ask=not as_json)
    tally = Tally()
    try:
        with Background(_watcher(plan, as_json)) as progress:
            report = api.run_sync(
                plan, observers=(tally, progress), keep_going=keep_going, accept_price=price
            )
    except KeyboardInterrupt:
        click.echo("what is rendering stays on the server; the next run picks it up", err=True)
        raise
    if not as_json:
        width, paint = width_of_terminal(), paint_for(sys.stdout, os.environ)
        summary = summary_text(plan, tally, report.finished, width=width, paint=paint)
        click.echo(f"\n{summary}")
    return report.exit_code


def agreed_price(plan: Plan, *, yes: bool, may_ask: bool) -> Decimal | None:
    """The price somebody has agreed to, None where there is none to agree to.

    Raises ConsentNeeded where nobody can be asked, or the answer is no.
    """
    if not plan.estimate_usd and not plan.unpriced:
        return None
    if yes or plan.over_budget_usd:
        # What the budget forbids is refused by the run itself; a question would be no help.
        return plan.estimate_usd
    price = price_words(plan).removeprefix(", ")
    if not (may_ask and is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        fix = "say --yes, or run it on a terminal to be asked"
        raise ConsentNeeded(f"this costs {price}, and nobody has agreed to it; {_NOTHING}", fix=fix)
    shots = sum(step.action is Action.MAKE for step in plan.steps)
    if not click.confirm(f"Make {counted(shots, 'clip')} for {price}?", default=False):
        raise ConsentNeeded(f"not agreed to; {_NOTHING}")
    return plan.estimate_usd


def _show(plan: Plan) -> None:
    width = width_of_terminal()
    lines = wrapped(plan_line(plan), width)
    for notice in plan.notices:
        lines += wrapped(printable(notice, 600), width, indent="note: ")
    click.echo("\n".join(lines))


def _watcher(plan: Plan, as_json: bool) -> Watcher:
    if as_json:
        return JsonObserver(sys.stdout)
    attempts, paint = plan.manifest.limits.attempts, paint_for(sys.stderr, os.environ)
    if is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb":
        # Some terminals (containers, expect scripts) say that they have no columns at all.
        known = os.get_terminal_size(sys.stderr.fileno()).columns
        columns = None if known else width_of_terminal()
        return TqdmObserver(sys.stderr, attempts=attempts, paint=paint, columns=columns)
    return PlainObserver(sys.stderr, attempts=attempts, paint=paint)
