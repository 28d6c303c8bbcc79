"""`gallery`: every shot of a manifest on one page."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path

import click

from sora_batch import api
from sora_batch.commands.options import Overrides, json_option, manifest_options, select_option


@click.command("gallery", short_help="Write a page with all clips side by side.")
@manifest_options()
@select_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Write it here instead of outputs/<name>/gallery.html.",
)
@click.option(
    "--embed", is_flag=True, help="Put the clips inside the page, at most 100 MB of them."
)
@click.option("--open", "and_open", is_flag=True, help="Open the page in the browser.")
@json_option
def command(
    *,
    manifest: Path,
    overrides: Overrides,
    select: tuple[str, ...],
    output: Path | None,
    embed: bool,
    and_open: bool,
    as_json: bool,
) -> int:
    """Write one HTML page with every shot: clips side by side by variant, axis and
    take, prompts with their differences marked, prices, times and failures.

    It works from disk, without a server or network. Its clips stay where they are;
    with --embed they are inside, so that the one file can be handed on. Spends
    nothing, and may be written while a run goes on.

    \b
    Example:
      sora-batch gallery manifests/campaign.yaml --open
      sora-batch gallery manifests/campaign.yaml --embed -o campaign.html

    With --json: page, shots, clips, bytes, embedded, notices.
    """
    page = api.gallery(
        api.load(manifest, **overrides),
        target=output,
        select=select,
        embed=embed,
        began=None if as_json else _say,
    )
    _tell(page, as_json=as_json)
    if and_open:
        webbrowser.open(page.path.resolve().as_uri())
    return 0


def _tell(page: api.GalleryPage, *, as_json: bool) -> None:
    from sora_batch.views.text import counted, printable

    if as_json:
        facts = {
            "page": str(page.path),
            "shots": page.shots,
            "clips": page.clips,
            "bytes": page.bytes,
            "embedded": page.embedded,
            "notices": list(page.notices),
        }
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for notice in page.notices:
        click.echo(printable(notice), err=True)
    inside = f", clips inside, {page.bytes / 1e6:,.1f} MB" if page.embedded else ""
    shots, clips = counted(page.shots, "shot"), counted(page.clips, "clip")
    click.echo(f"{page.path}: {shots}, {clips}{inside}")


def _say(pictures: int) -> None:
    from sora_batch.views.text import counted

    click.echo(f"making {counted(pictures, 'small picture')} ...", err=True)
