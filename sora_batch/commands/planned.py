"""A plan from what was typed, and a plan shown: what `plan` and `run` have in common."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from sora_batch import api
from sora_batch.api import Plan
from sora_batch.commands.options import Overrides, width_of_terminal
from sora_batch.errors import BudgetExceeded, UsageError
from sora_batch.views.graph_svg import graph_svg
from sora_batch.views.graphs import graph_dot, graph_mermaid
from sora_batch.views.paint import paint_for
from sora_batch.views.plans import plan_json, plan_text
from sora_batch.views.text import counted


def planned(manifest: Path, overrides: Overrides, select: Sequence[str]) -> Plan:
    """The plan of a manifest, or a saved one where a `.json` file is named.

    Raises UsageError for options beside a saved plan: it is run as it was saved.
    """
    if manifest.suffix.lower() != ".json":
        return api.plan(api.load(manifest, **overrides), select=select)
    if select or any(overrides.values()):
        raise UsageError(
            f"{manifest} is a saved plan and is run as it is",
            fix="leave the other options out, or name the manifest",
        )
    return api.load_plan(manifest)


def selected_shots(plan: Plan) -> list[str]:
    """The ids of the shots that were asked for, without those that are only needed."""
    return [step.shot.id for step in plan.steps if not step.taken_along]


def draw_sheet(plan: Plan, path: Path, *, aside: bool) -> None:
    """Writes the contact sheet and says what is on it; `aside` where something else is printed."""
    sheet = api.contact_sheet(plan, path)
    words = [f"{sheet.path}: {counted(sheet.tiles, 'picture')} for {counted(sheet.shots, 'shot')}"]
    if sheet.pending:
        words.append(f"{counted(sheet.pending, 'frame')} of clips to come")
    if sheet.left_out:
        words.append(f"{sheet.left_out:,} more found no room; choose with --select")
    click.echo("; ".join(words), err=aside)


def graph_of(plan: Plan, kind: str) -> str:
    """The plan as a graph: `mermaid`, `dot` or `svg`."""
    return {"mermaid": graph_mermaid, "dot": graph_dot, "svg": graph_svg}[kind](plan)


def show(plan: Plan, *, as_json: bool, every_shot: bool = False) -> int:
    """Prints the plan; 0, or 2 where the budget does not allow it."""
    if as_json:
        click.echo(json.dumps(plan_json(plan), ensure_ascii=False))
    else:
        paint = paint_for(sys.stdout, os.environ)
        click.echo(plan_text(plan, width_of_terminal(), paint=paint, every_shot=every_shot))
    return BudgetExceeded.exit_code if plan.over_budget_usd else 0
