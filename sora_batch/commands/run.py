"""`run`: plan, agree, execute."""

from __future__ import annotations

from pathlib import Path

import click

from sora_batch.commands.options import (
    Overrides,
    json_option,
    manifest_options,
    run_options,
    select_option,
)


@click.command("run", short_help="Make the clips of a manifest, or of a saved plan.")
@manifest_options(limits=True)
@select_option
@run_options
@click.option("--dry-run", is_flag=True, help="Only show the plan, like `sora-batch plan`.")
@json_option
def command(
    *,
    manifest: Path,
    overrides: Overrides,
    select: tuple[str, ...],
    dry_run: bool,
    keep_going: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Make the clips of a manifest, or what a saved plan says.

    What is finished and unchanged is reused for nothing, what an earlier run left
    on the server is picked up, and nothing is paid twice. Asks before it spends.
    Ctrl-C once: downloads finish, nothing new is ordered. Twice: out at once.

    \b
    Example:
      sora-batch run manifests/campaign.yaml
      sora-batch run manifests/campaign.yaml --profile draft --select hero
      sora-batch run plan.json --yes          made by `plan -o plan.json`

    With --json: a line of JSON for each event, money as strings; the last is
    run_finished.
    """
    from sora_batch.commands.execution import execute
    from sora_batch.commands.planned import planned, show

    plan = planned(manifest, overrides, select)
    if dry_run:
        return show(plan, as_json=as_json)
    return execute(plan, keep_going=keep_going, yes=yes, as_json=as_json)
