"""`simulate`: the embedded provider as a server of its own, for tests and demonstrations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sora_batch.commands.options import dollars, json_option


@click.command("simulate", short_help="Serve the embedded provider, in any server's dialect.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=8091, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--dialect",
    default="local",
    metavar="NAME",
    help="local, openai, azure, vllm-omni, sglang, litellm, unsloth or new-api.",
)
@click.option(
    "--speed",
    type=click.Choice(("render", "instant", "timed")),
    default="render",
    help="Real animatics, black clips at once, or black clips after a while.",
)
@click.option(
    "--latency",
    metavar="SECONDS",
    help="For black clips after 2, 1-5 or lognormal:60,0.4 (median, spread) seconds.",
)
@click.option("--slots", type=click.IntRange(min=1), metavar="N", help="Renders at once.")
@click.option(
    "--rpm",
    "requests_per_minute",
    type=click.IntRange(min=1),
    metavar="N",
    help="Orders taken a minute.",
)
@click.option(
    "--faults", type=click.Path(path_type=Path), metavar="FILE", help="What goes wrong (YAML)."
)
@click.option("--seed", type=int, help="Other latencies and other luck.")
@click.option(
    "--price",
    "price_per_second_usd",
    type=dollars,
    default="0",
    metavar="USD",
    help="What the bill asks for a second.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("outputs/.simulator"),
    show_default=True,
    help="Where its jobs and clips are.",
)
@json_option
def command(*, folder: Path, as_json: bool, slots: int | None, **told: Any) -> int:
    """Serve the embedded provider until Ctrl-C, then show its bill.

    It imitates a family of servers: what they take, list, refuse and forget.
    A file says what goes wrong, in rules, the first that applies:

    \b
      faults:
        - {at: create, do: reset, when: after, chance: 0.1}    answers lost
        - {at: poll, do: error, status: 502, body: html, times: 3}
        - {at: content, do: truncate, share: 0.4, first: 1}
        - {do: moderate, stage: output, prompt: dragon}

    \b
    Example:
      sora-batch simulate --dialect vllm-omni --latency lognormal:5,0.4
      sora-batch simulate --speed instant --faults night.yaml --seed 7

    With --json: a line when it listens (base_url, dialect, folder, manifest) and
    the bill at the end.
    """
    from sora_batch import api
    from sora_batch.views.simulation import bill_json, bill_text, listening_text

    def ready(listening: api.Simulation) -> None:
        facts = {
            "base_url": listening.base_url,
            "dialect": listening.dialect,
            "folder": str(listening.folder),
            "manifest": listening.manifest,
        }
        click.echo(json.dumps(facts) if as_json else listening_text(**facts))

    end = api.simulate(folder, slots=slots or 0, ready=ready, **told)
    if as_json:
        click.echo(json.dumps(bill_json(end.bill, end.requests, end.faults)))
    else:
        click.echo(f"\n{bill_text(end.bill, end.requests, end.faults)}")
    return 0
