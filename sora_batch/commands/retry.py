"""`retry`: what has failed is tried again."""

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


@click.command("retry", short_help="Make again what has failed.")
@manifest_options(limits=True)
@select_option
@run_options
@json_option
def command(
    *,
    manifest: Path,
    overrides: Overrides,
    select: tuple[str, ...],
    keep_going: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Put failures aside and make those shots, all that failed or the selected ones.

    A shot that was refused is refused again unless something has changed: its
    prompt, the server, your credit. Asks before it spends, like `run`.

    \b
    Example:
      sora-batch retry manifests/campaign.yaml
      sora-batch retry manifests/campaign.yaml --select city.lisbon

    With --json: a line of JSON for each event, as `run --json` has them.
    """
    from sora_batch import api
    from sora_batch.commands.execution import execute
    from sora_batch.commands.planned import selected_shots
    from sora_batch.errors import UsageError

    loaded = api.load(manifest, **overrides)
    try:
        failed = selected_shots(api.plan(loaded, select=("state:failed",)))
    except UsageError:
        failed = []
    if failed and select:
        chosen = selected_shots(api.plan(loaded, select=select))
        failed = [shot for shot in failed if shot in chosen]
    if not failed:
        raise UsageError(f"no {'selected ' if select else ''}shot of {manifest} has failed")
    api.retry(loaded, select=failed)
    plan = api.plan(loaded, select=failed)
    return execute(plan, keep_going=keep_going, yes=yes, as_json=as_json)
