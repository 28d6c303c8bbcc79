"""`explain`: why a shot would, or would not, be made again."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from sora_batch.commands.options import (
    Overrides,
    complete_shots,
    json_option,
    manifest_options,
    width_of_terminal,
)


@click.command("explain", short_help="Say why a shot would, or would not, be made again.")
@manifest_options()
@click.argument("shot", shell_complete=complete_shots)
@json_option
def command(*, manifest: Path, overrides: Overrides, shot: str, as_json: bool) -> int:
    """Why a shot would, or would not, be made again: what changed, old and new.

    \b
    Example:
      sora-batch explain manifests/campaign.yaml hero

    With --json: shot, action, reason, where, price_usd, fingerprint, compared,
    since, inputs (each: name, words, now, before, changed, where, parent), clip,
    attempts.
    """
    from sora_batch import api
    from sora_batch.views.explain import explain_json, explain_text
    from sora_batch.views.paint import paint_for

    found = api.explain(api.load(manifest, **overrides), shot)
    if as_json:
        click.echo(json.dumps(explain_json(found), ensure_ascii=False))
    else:
        paint = paint_for(sys.stdout, os.environ)
        click.echo(explain_text(found, width=width_of_terminal(), paint=paint))
    return 0
