"""`run`: plan, agree, execute."""

from __future__ import annotations

from pathlib import Path

import click

from sora_batch.commands.detached import carry_on
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
@click.option("--detach", is_flag=True, help="Run on in the background, without this terminal.")
@click.option("--started-by", "pipe", type=int, hidden=True)
@json_option
def command(
    *,
    manifest: Path,
    overrides: Overrides,
    select: tuple[str, ...],
    dry_run: bool,
    keep_going: bool,
    yes: bool,
    detach: bool,
    pipe: int | None,
    as_json: bool,
) -> int:
    """Make the clips of a manifest, or what a saved plan says.

    What is finished and unchanged is reused for nothing, what an earlier run left
    on the server is picked up, and nothing is paid twice. Asks before it spends.
    Ctrl-C once: downloads finish, nothing new is ordered. Twice: out at once.
    With --detach it asks here, goes on when the terminal is closed, and writes to
    run.log beside the clips; `status` says where it stands and how to stop it.

    \b
    Example:
      sora-batch run manifests/campaign.yaml
      sora-batch run manifests/campaign.yaml --profile draft --select hero
      sora-batch run plan.json --yes          made by `plan -o plan.json`

    With --json: a line for each event, the last is run_finished; with --detach
    they are in the log, and one line is printed: pid, run_id, log.
    """
    if pipe is not None:
        return carry_on(manifest, pipe, keep_going=keep_going, as_json=as_json)

    from sora_batch.commands.execution import execute
    from sora_batch.commands.planned import planned, show

    plan = planned(manifest, overrides, select)
    if dry_run:
        return show(plan, as_json=as_json)
    return execute(plan, keep_going=keep_going, yes=yes, detach=detach, as_json=as_json)
