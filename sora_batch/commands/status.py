"""`status`: where every shot stands, and the money."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from sora_batch.commands.options import (
    Overrides,
    json_option,
    manifest_options,
    width_of_terminal,
)

_PAUSE_S = 2.0
_OTHER_LINES = 10
"""What else there is on a screen of `status`: two headings, the counts, the ledger, air."""


@click.command("status", short_help="Show where every shot stands, and the money.")
@manifest_options()
@click.option("--watch", is_flag=True, help="Look again every few seconds until the run ends.")
@json_option
def command(*, manifest: Path, overrides: Overrides, watch: bool, as_json: bool) -> int:
    """Where every shot stands, and the money; also while a run is going on.

    Says who runs it since when, or how the last run ended; of a detached run,
    where its log is and how to stop it.

    \b
    Example:
      sora-batch status manifests/campaign.yaml
      sora-batch status manifests/campaign.yaml --watch

    \b
    The money, over all runs of the manifest:
      spent      paid for
      reserved   rendering now; what it should cost
      held       may have been paid for, nobody knows yet
      uncertain  failed, and whether that is billed is not known
      released   reserved once and not spent

    With --watch it ends when the run does, as the run did: 0 done, 1 a shot failed,
    is on hold or was left, 130 interrupted. Where there is no terminal, it only waits.

    With --json: manifest, file, provider, running, holder, last_run, log,
    budget_usd, left_usd, ledger, counts, shots (each: shot, state, reason, where,
    attempt, job, failure, price_usd, spent_usd, clip, fingerprint); money as
    strings.
    """
    from sora_batch import api
    from sora_batch.views.status import status_json

    loaded = api.load(manifest, **overrides)
    status = _watched(loaded, draw=not as_json) if watch else api.status(loaded)
    click.echo(json.dumps(status_json(status), ensure_ascii=False) if as_json else _text(status))
    return _exit_code(status) if watch else 0


def _watched(manifest: Any, *, draw: bool) -> Any:
    """How it stands when nobody runs it any more; drawn until then where a person looks."""
    from sora_batch import api
    from sora_batch.views.paint import is_terminal

    is_drawn = draw and is_terminal(sys.stdout)
    while True:
        began = time.monotonic()
        status = api.status(manifest)
        if is_drawn:
            click.clear()
        if status.running is None:
            return status
        if is_drawn:
            rows = shutil.get_terminal_size().lines - _OTHER_LINES
            click.echo(_text(status, rows=max(3, rows)))
        time.sleep(max(_PAUSE_S, 4 * (time.monotonic() - began)))


def _text(status: Any, *, rows: int | None = None) -> str:
    from sora_batch.views.paint import paint_for
    from sora_batch.views.status import status_text

    paint, width = paint_for(sys.stdout, os.environ), width_of_terminal()
    return status_text(status, now=datetime.now(UTC), width=width, paint=paint, rows=rows)


def _exit_code(status: Any) -> int:
    """As the newest run ended."""
    from sora_batch.views.status import Standing, standings

    if status.last_run is None:
        return 0
    if status.last_run.outcome == "interrupted":
        return 130
    is_well = set(standings(status).values()) <= {Standing.DONE, Standing.PENDING}
    return 0 if is_well and status.last_run.outcome == "finished" else 1
