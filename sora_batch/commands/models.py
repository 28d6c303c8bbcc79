"""`models`: what can be rendered where, and for how much."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime

import click

from sora_batch.commands.options import json_option, width_for_tables, width_of_terminal


@click.command("models", short_help="List models, their limits and their prices.")
@click.argument("provider", required=False)
@click.option("--refresh", is_flag=True, help="Fetch the provider's own listing first.")
@json_option
def command(provider: str | None, refresh: bool, as_json: bool) -> int:
    """Models with their sizes, lengths and prices, the prices' date and source.

    With a PROVIDER, every price of each of its models in full. From the catalog
    of this version, and from the listing of openrouter fetched last; asks no
    server without --refresh. Plans go by the same prices.

    \b
    Example:
      sora-batch models
      sora-batch models openrouter --refresh

    With --json: prices_checked, models (each: service, name, snapshots, sizes,
    ratios, seconds, seconds_from, seconds_to, audio, frames, seed, shutdown, gone,
    source, note, prices with since, source, sure, rates, minimum_usd, unread);
    money as strings.
    """
    from sora_batch import api
    from sora_batch.views.models import models_json, models_text, service_text
    from sora_batch.views.paint import paint_for

    today = datetime.now(UTC).date()
    if refresh and provider is None:
        raise click.UsageError("--refresh needs the provider whose listing to fetch: openrouter")
    models = api.refresh_models(provider) if refresh and provider else api.models(provider)
    if as_json:
        click.echo(json.dumps(models_json(models, today=today), ensure_ascii=False))
    elif provider is not None:
        click.echo(service_text(provider, models, today=today, width=width_of_terminal()))
    else:
        paint = paint_for(sys.stdout, os.environ)
        click.echo(models_text(models, today=today, width=width_for_tables(), paint=paint))
    return 0
