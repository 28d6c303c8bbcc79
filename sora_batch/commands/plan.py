"""`plan`: what a run would do, why, and for how much."""

from __future__ import annotations

from pathlib import Path

import click

from sora_batch.commands.options import Overrides, json_option, manifest_options, select_option


@click.command("plan", short_help="Show what a run would make, why, and for how much.")
@manifest_options(limits=True)
@select_option
@click.option("--all", "every_shot", is_flag=True, help="List every shot, not only the first.")
@click.option("--graph", type=click.Choice(["mermaid", "dot", "svg"]), help="Draw what needs what.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.json",
    help="Save the plan; `run FILE.json` executes exactly it.",
)
@click.option(
    "--contact-sheet",
    "sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.png",
    help="Show every reference picture as it will be sent (.png or .webp).",
)
@json_option
def command(
    *,
    manifest: Path,
    overrides: Overrides,
    select: tuple[str, ...],
    every_shot: bool,
    graph: str | None,
    output: Path | None,
    sheet: Path | None,
    as_json: bool,
) -> int:
    """What would be made, reused, picked up, held or blocked, why, and for how much.

    Spends nothing and sends nothing. A saved plan is refused by `run` if the manifest, a picture,
    the prices or the finished clips have changed since. Ends with 2 where the budget is too small.

    \b
    Example:
      sora-batch plan manifests/campaign.yaml
      sora-batch plan manifests/campaign.yaml --select tag:social -o plan.json
      sora-batch plan manifests/campaign.yaml --graph svg > plan.svg
      sora-batch plan manifests/campaign.yaml --contact-sheet pictures.png
    """
    from sora_batch import api
    from sora_batch.commands.planned import draw_sheet, graph_of, planned, show

    plan = planned(manifest, overrides, select)
    if output is not None:
        if output.suffix.lower() != ".json":
            raise click.BadParameter("a saved plan is a .json file", param_hint="--output")
        api.save_plan(plan, output)
    if sheet is not None:
        draw_sheet(plan, sheet, aside=as_json or graph is not None)
    if graph is not None:
        click.echo(graph_of(plan, graph))
        return 0
    code = show(plan, as_json=as_json, every_shot=every_shot)
    if output is not None and not as_json:
        click.echo(f"\nsaved; `sora-batch run {output}` executes exactly this plan")
    return code
