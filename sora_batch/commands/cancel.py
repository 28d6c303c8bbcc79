"""`cancel`: stop what renders, where the server lets us."""

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
    select_option,
    width_of_terminal,
)


@click.command("cancel", short_help="Stop what renders, where the server lets us.")
@manifest_options()
@select_option
@json_option
def command(*, manifest: Path, overrides: Overrides, select: tuple[str, ...], as_json: bool) -> int:
    """Stop the renders an interrupted run has left on the server, all or selected.

    Many servers cannot stop a render: it goes on, is paid for, and the next `run`
    fetches its clip. Which those are is said, with what they still cost. A run
    that is going on is stopped first: Ctrl-C where it runs, or, where it was
    detached, the `kill` that `status` names.

    \b
    Example:
      sora-batch cancel manifests/campaign.yaml
      sora-batch cancel manifests/campaign.yaml --select "city.*"

    Ends with 1 where anything could not be stopped.

    With --json: cancelled, a list of shot, became (cancelled, rendered, failed,
    goes_on, unknown), words, attempt, job, state, money, price_usd, candidates
    (none); ledger.
    """
    from sora_batch import api
    from sora_batch.views.facts import as_json as plain
    from sora_batch.views.paint import paint_for
    from sora_batch.views.servers import fate_json, fates_text

    loaded = api.load(manifest, **overrides)
    found = api.cancel(loaded, select=select)
    ledger = api.status(loaded).ledger
    code = 1 if any(one.is_still_paid for one in found) else 0
    if as_json:
        facts = [fate_json(one) for one in found]
        click.echo(json.dumps({"cancelled": facts, "ledger": plain(ledger)}, ensure_ascii=False))
    elif not found:
        click.echo("nothing is rendering")
    else:
        width, paint = width_of_terminal(), paint_for(sys.stdout, os.environ)
        click.echo(fates_text(found, ledger, width=width, paint=paint))
    return code
