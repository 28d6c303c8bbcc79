"""`accept`: keep a clip for inputs that have changed since."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click

from sora_batch.commands.options import (
    Overrides,
    complete_shots,
    json_option,
    manifest_options,
    retyped,
    width_of_terminal,
)


@click.command("accept", short_help="Keep the clips of changed shots, without paying.")
@manifest_options()
@click.argument("shots", nargs=-1, required=True, shell_complete=complete_shots)
@json_option
def command(*, manifest: Path, overrides: Overrides, shots: tuple[str, ...], as_json: bool) -> int:
    """Keep the existing clips of shots whose inputs have changed, without paying.

    Say it when a change is too small to render the shot again; `explain` shows
    what changed. All of the shots are accepted, or none. Names the shots that go
    on from these and would still be made again.

    \b
    Example:
      sora-batch accept manifests/campaign.yaml hero city.lisbon

    With --json: accepted, a list of shot, fingerprint, sha256; made_again, a list
    of shot, price_usd, reason.
    """
    from sora_batch import api
    from sora_batch.views.accepted import accepted_json, accepted_text

    loaded = api.load(manifest, **overrides)
    clips = api.accept(loaded, shots)
    again = api.made_again(loaded, shots)
    if as_json:
        click.echo(json.dumps(accepted_json(clips, again), ensure_ascii=False))
        return 0
    left = [step.shot.id for step in again]
    further = shlex.join(["sora-batch", "accept", str(manifest), *retyped(overrides), *left])
    click.echo(accepted_text(clips, again, command=further, width=width_of_terminal()))
    return 0
