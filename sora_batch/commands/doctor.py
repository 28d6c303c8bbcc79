"""`doctor`: is everything there for a first clip?"""

from __future__ import annotations

import json
import os
import sys

import click

from sora_batch.commands.options import json_option, width_of_terminal


@click.command("doctor", short_help="Check key, server and its list, spending nothing.")
@click.argument("target", required=False, default="local", metavar="[MANIFEST|KIND]")
@click.option("--provider", metavar="NAME", help="Another provider of the manifest.")
@json_option
def command(*, target: str, provider: str | None, as_json: bool) -> int:
    """Look at a manifest's provider, or at one kind of provider, spending nothing.

    Whether the key is set and accepted, the server can be reached, what kind of
    server it seems to be, which models it names and whether those of the
    manifest are among them, whether its list of jobs works: without that, an
    order whose answer is lost stays on hold. On OpenRouter also what the key
    may still spend, and what the manifest's models cost today.

    \b
    Example:
      sora-batch doctor manifests/campaign.yaml
      sora-batch doctor openrouter

    Ends with 1 where something stands in the way.

    With --json: provider, kind, base_url, well, checks (each: name, ok, words,
    fix; ok is null where that is not the question).
    """
    from sora_batch import api
    from sora_batch.views.paint import paint_for
    from sora_batch.views.servers import check_json, checks_text

    found = api.examine(target, provider=provider)
    if as_json:
        facts = {
            "provider": found.provider,
            "kind": found.kind,
            "base_url": found.base_url,
            "well": found.is_well,
            "checks": [check_json(check) for check in found.checks],
        }
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        width, paint = width_of_terminal(), paint_for(sys.stdout, os.environ)
        name = found.provider if found.provider == found.kind else f"{found.provider}, {found.kind}"
        click.echo(f"{paint.strong(name)} at {found.base_url or 'no address'}\n")
        click.echo(checks_text(found.checks, width=width, paint=paint))
    return 0 if found.is_well else 1
