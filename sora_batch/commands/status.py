"""`status`: where every shot stands, and the money."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from sora_batch.commands.options import (
    Overrides,
    json_option,
    manifest_options,
    width_of_terminal,
)


@click.command("status", short_help="Show where every shot stands, and the money.")
@manifest_options()
@json_option
def command(*, manifest: Path, overrides: Overrides, as_json: bool) -> int:
    """Where every shot stands, and the money; also while a run is going on.

    Says who runs it since when, or how the last run ended; of a detached run,
    where its log is and how to stop it.

    \b
    Example:
      sora-batch status manifests/campaign.yaml
      watch -n 5 sora-batch status manifests/campaign.yaml

    \b
    The money, over all runs of the manifest:
      spent      paid for
      reserved   rendering now; what it should cost
      held       may have been paid for, nobody knows yet
      uncertain  failed, and whether that is billed is not known
      released   reserved once and not spent

    With --json: manifest, file, provider, running, holder, last_run, log,
    budget_usd, left_usd, ledger, counts, shots (each: shot, state, reason, where,
    attempt, job, failure, price_usd, spent_usd, clip, fingerprint); money as
    strings.
    """
    from sora_batch import api
    from sora_batch.views.paint import paint_for
    from sora_batch.views.status import status_json, status_text

    status = api.status(api.load(manifest, **overrides))
    if as_json:
        click.echo(json.dumps(status_json(status), ensure_ascii=False))
    else:
        paint, width = paint_for(sys.stdout, os.environ), width_of_terminal()
        click.echo(status_text(status, now=datetime.now(UTC), width=width, paint=paint))
    return 0
