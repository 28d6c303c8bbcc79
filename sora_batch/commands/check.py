"""`check`: every problem in the manifest at once."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from sora_batch.commands.options import (
    Overrides,
    json_option,
    manifest_options,
    width_for_tables,
)


@click.command("check", short_help="List every problem of a manifest at once; free.")
@manifest_options()
@json_option
def command(*, manifest: Path, overrides: Overrides, as_json: bool) -> int:
    """Every problem in the manifest at once, with its line and what to do; offline and free.

    \b
    Example:
      sora-batch check manifests/campaign.yaml

    With --json: manifest, problems (each: file, line, column, code, message, fix, also).
    Ends with 2 where there are problems.
    """
    from sora_batch import api
    from sora_batch.views.paint import paint_for
    from sora_batch.views.problems import problem_json, problems_text

    problems = api.check(manifest, **overrides)
    if as_json:
        found = [problem_json(problem) for problem in problems]
        click.echo(json.dumps({"manifest": str(manifest), "problems": found}, ensure_ascii=False))
    elif problems:
        paint = paint_for(sys.stdout, os.environ)
        click.echo(problems_text(problems, paint=paint, width=width_for_tables()))
    else:
        click.echo(f"no problems in {manifest}")
    return 2 if problems else 0
