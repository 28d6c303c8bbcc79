"""`schema`: what a manifest may hold, for editors."""

from __future__ import annotations

import json

import click


@click.command("schema", short_help="Print the JSON Schema of manifests, for editors.")
def command() -> int:
    """The manifest's JSON Schema, for editors that complete and check YAML.

    \b
    Example:
      sora-batch schema > manifest.schema.json
    and as the first line of the manifest:
      # yaml-language-server: $schema=./manifest.schema.json
    """
    from sora_batch import api

    click.echo(json.dumps(api.schema(), indent=2, ensure_ascii=False))
    return 0
