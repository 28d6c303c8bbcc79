"""`accept`: keep a clip for inputs that have changed since."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sora_batch.commands.options import Overrides, complete_shots, json_option, manifest_options


@click.command("accept", short_help="Keep the clips of changed shots, without paying.")
@manifest_options()
@click.argument("shots", nargs=-1, required=True, shell_complete=complete_shots)
@json_option
def command(*, manifest: Path, overrides: Overrides, shots: tuple[str, ...], as_json: bool) -> int:
    """Keep the existing clips of shots whose inputs have changed, without paying.

    Say it when a change is too small to render the shot again; `explain` shows
    what changed. All of the shots are accepted, or none.

    \b
    Example:
      sora-batch accept manifests/campaign.yaml hero city.lisbon

    With --json: accepted, a list of shot, fingerprint, sha256.
    """
    from sora_batch import api

    clips = api.accept(api.load(manifest, **overrides), shots)
    if as_json:
        facts = [
            {"shot": clip.shot_id, "fingerprint": clip.fingerprint, "sha256": clip.sha256}
            for clip in clips
        ]
        click.echo(json.dumps({"accepted": facts}, ensure_ascii=False))
        return 0
    for clip in clips:
        click.echo(f"{clip.shot_id}: its clip is kept as it is; nothing was spent")
    return 0
