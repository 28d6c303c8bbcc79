"""A plan, agreed to, executed and summed up: what `run`, `retry` and a detached run share.

Imports what a run needs, so the commands import it when they run.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from decimal import Decimal

import click

from sora_batch import api
from sora_batch.api import Action, Detached, Plan
from sora_batch.commands.options import width_of_terminal
from sora_batch.errors import ConsentNeeded
from sora_batch.events import Observer
from sora_batch.views.background import Background, Watcher
from sora_batch.views.paint import is_terminal, paint_for
from sora_batch.views.progress import JsonObserver, LogObserver, PlainObserver, TqdmObserver
from sora_batch.views.summary import plan_line, price_words, summary_text
from sora_batch.views.text import counted, printable, shown_path, wrapped
from sora_batch.views.tracking import Tally

_NOTHING = "nothing was run and nothing was spent"
_STOPS = "orders nothing new; what is rendering stays on the server, and `run` picks it up"


def execute(plan: Plan, *, keep_going: bool, yes: bool, as_json: bool, detach: bool = False) -> int:
    """Shows the plan in short, asks if it costs anything, runs it, sums up; the exit code.

    With `detach` it is run in a process of its own, and 0 is that it has begun.
    """
    if not as_json:
        _show(plan)
    api.check_access(plan)
    price = agreed_price(plan, yes=yes, may_ask=not as_json)
    if detach:
        started = api.detach(plan, keep_going=keep_going, accept_price=price, json_log=as_json)
        click.echo(_detached_json(started) if as_json else _detached_text(plan, started))
        return 0
    watcher = _watcher(plan, as_json)
    return carry_out(plan, watcher, accept_price=price, keep_going=keep_going, as_json=as_json)


def carry_out(
    plan: Plan,
    watcher: Watcher,
    *,
    accept_price: Decimal | None,
    keep_going: bool,
    as_json: bool,
    starter: Observer | None = None,
) -> int:
    """Runs a plan that was agreed to, watched, and sums up; the exit code."""
    tally = Tally()
    try:
        with Background(watcher) as progress:
            report = api.run_sync(
                plan,
                observers=(tally, progress) if starter is None else (starter, tally, progress),
                keep_going=keep_going,
                accept_price=accept_price,
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
    # What the budget forbids is refused in a moment, with the figures.
    for notice in () if plan.over_budget_usd else plan.notices:
        lines += wrapped(printable(notice, 600), width, indent="note: ")
    click.echo("\n".join(lines))


def _detached_json(started: Detached) -> str:
    facts = {"pid": started.pid, "run_id": started.run_id, "log": str(started.log)}
    return json.dumps(facts, ensure_ascii=False)


def _detached_text(plan: Plan, started: Detached) -> str:
    """Where the run is, how to watch it, and how to stop it; each command on a line of its own."""
    lines = [f"process {started.pid} runs it, and goes on when this terminal is closed", ""]
    lines += [f"log    {shown_path(started.log)}"]
    lines += [f"watch  sora-batch status {shlex.quote(shown_path(plan.manifest.file))} --watch"]
    lines += [f"stop   kill {started.pid}"]
    lines += wrapped(_STOPS, width_of_terminal(), indent="         ")
    return "\n".join(lines)


def watcher_for_log(plan: Plan, *, as_json: bool) -> Watcher:
    """What writes a run down where nobody looks: lines with their time, or lines of JSON."""
    if as_json:
        return JsonObserver(sys.stdout)
    return LogObserver(sys.stderr, attempts=plan.manifest.limits.attempts)


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
