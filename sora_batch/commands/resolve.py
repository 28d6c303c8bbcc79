"""`resolve`: what became of the shots on hold."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from sora_batch.commands.options import (
    Overrides,
    complete_shots,
    json_option,
    manifest_options,
    width_of_terminal,
)
from sora_batch.records import Ledger


@click.command("resolve", short_help="Ask the server about shots on hold.")
@manifest_options()
@click.option(
    "--pay-again",
    multiple=True,
    metavar="SHOT",
    shell_complete=complete_shots,
    help="Give up what is on hold for this shot (repeatable); `run` orders it anew.",
)
@json_option
def command(
    *, manifest: Path, overrides: Overrides, pay_again: tuple[str, ...], as_json: bool
) -> int:
    """Ask the server what became of shots on hold: lost replies, jobs without end.

    A job that is found is the shot's, and `run` fetches its clip. What the server
    cannot tell stays on hold, with the jobs it may be. With --pay-again, a person
    takes the risk: what was on hold may have been paid for, and is not waited for
    any longer. A job that the server finds for such a shot is taken all the same.

    \b
    Example:
      sora-batch resolve manifests/campaign.yaml
      sora-batch resolve manifests/campaign.yaml --pay-again hero

    Ends with 1 while anything is on hold.

    With --json: resolved, a list of shot, became (found, rendered, rendering,
    not_accepted, failed, on_hold, given_up), words, attempt, job, state, money,
    price_usd, candidates (each: job, status, created_at, model, size, seconds,
    prompt); ledger.
    """
    from sora_batch import api

    loaded = api.load(manifest, **overrides)
    found = api.resolve(loaded, pay_again=pay_again)
    _show(manifest, found, api.status(loaded).ledger, as_json=as_json)
    return 1 if any(one.became in {"on hold", "rendering"} for one in found) else 0


def _show(manifest: Path, found: Sequence[Any], ledger: Ledger, *, as_json: bool) -> None:
    from sora_batch.views.facts import as_json as plain
    from sora_batch.views.paint import paint_for
    from sora_batch.views.servers import candidates_text, fate_json, fates_text

    if as_json:
        facts = [fate_json(one, one.candidates) for one in found]
        click.echo(json.dumps({"resolved": facts, "ledger": plain(ledger)}, ensure_ascii=False))
        return
    if not found:
        click.echo("nothing is on hold")
        return
    width, paint = width_of_terminal(), paint_for(sys.stdout, os.environ)
    click.echo(fates_text(found, ledger, width=width, paint=paint))
    held = [one for one in found if one.became == "on hold"]
    groups = [([one.shot_id], one.candidates) for one in held if one.candidates]
    if unseen := [one.shot_id for one in held if not one.candidates]:
        groups.append((unseen, ()))
    for shots, jobs in groups:
        click.echo(f"\n{candidates_text(shots, jobs, manifest, width=width)}")
