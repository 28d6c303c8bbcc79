"""`cut`: assemble clips into the cuts the manifest describes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from sora_batch.commands.options import (
    Overrides,
    json_option,
    manifest_options,
    width_of_terminal,
)

_SOME_REFUSED = 1


@click.command("cut", short_help="Assemble clips into the cuts of the manifest.")
@manifest_options()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--leave-out-missing",
    is_flag=True,
    help="Cut without the shots that have no clip, instead of refusing.",
)
@json_option
def command(
    *,
    manifest: Path,
    overrides: Overrides,
    names: tuple[str, ...],
    leave_out_missing: bool,
    as_json: bool,
) -> int:
    """Assemble the clips of a manifest into its cuts, all of them or those named.

    Nothing is rendered and nothing is spent. A cut stands in outputs/<name>/cuts,
    its captions beside it; it is made again only when something in it changed.
    A cut that misses a clip is refused, the others are made (exit code 1).

    \b
    Example:
      sora-batch cut manifests/campaign.yaml
      sora-batch cut manifests/campaign.yaml teaser --leave-out-missing

    With --json: cuts, a list of cut, state (assembled, unchanged, refused), file,
    captions, clips, seconds, frames, width, height, fps, has_audio, lufs, copied,
    notes, left_out (each: shot, reason), problem.
    """
    from sora_batch import api
    from sora_batch.views.cuts import cuts_json, cuts_text
    from sora_batch.views.paint import paint_for

    loaded = api.load(manifest, **overrides)
    began = _ignore if as_json else _say
    reports = api.cut(loaded, names, leave_out_missing=leave_out_missing, began=began)
    if as_json:
        click.echo(json.dumps(cuts_json(reports), ensure_ascii=False))
    else:
        paint, width = paint_for(sys.stdout, os.environ), width_of_terminal()
        click.echo(cuts_text(reports, width=width, paint=paint))
    return _SOME_REFUSED if any(report.problem for report in reports) else 0


def _say(name: str, clips: int) -> None:
    from sora_batch.views.text import counted

    click.echo(f"{name}: assembling {counted(clips, 'clip')} ...", err=True)


def _ignore(name: str, clips: int) -> None:
    """Says nothing: a program reads along."""
