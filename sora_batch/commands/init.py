"""`init`: a manifest to start from, with its table and its picture."""

from __future__ import annotations

import json
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from sora_batch.commands.options import json_option
from sora_batch.errors import OutputUnusable, UsageError

MANIFEST = "campaign.yaml"
FILES = (MANIFEST, "data/cities.csv", "assets/harbour.jpg")


@click.command("init", short_help="Write a starter manifest, a table and a picture.")
@click.argument(
    "folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path, file_okay=False)
)
@json_option
def command(*, folder: Path, as_json: bool) -> int:
    """Write a commented manifest, a table and a picture, ready to run.

    Goes into DIR, or where you are. Never overwrites a file: where one is in the
    way, nothing is written.

    \b
    Example:
      sora-batch init my-campaign
      cd my-campaign
      sora-batch run campaign.yaml

    With --json: written, a list of paths.
    """
    written = write_starter(folder)
    if as_json:
        click.echo(json.dumps({"written": [str(path) for path in written]}, ensure_ascii=False))
        return 0
    for path in written:
        click.echo(f"wrote {path}")
    here = "" if folder == Path() else f"cd {folder}\n       "
    click.echo(f"\nnext   {here}sora-batch plan {MANIFEST}\n       sora-batch run {MANIFEST}")
    return 0


def write_starter(folder: Path) -> list[Path]:
    """Writes the starter files and says which.

    Raises UsageError where a file is in the way, OutputUnusable where the folder cannot be
    written.
    """
    targets = {name: folder / name for name in FILES}
    in_the_way = [str(path) for path in targets.values() if path.exists() or path.is_symlink()]
    if in_the_way:
        raise UsageError(
            f"there already: {', '.join(in_the_way)}; nothing was written",
            fix="name another folder: sora-batch init my-campaign",
        )
    starter = files("sora_batch.commands") / "starter"
    try:
        for name, path in targets.items():
            _write(starter / name, path)
    except OSError as error:
        raise OutputUnusable(f"cannot write in {folder}: {error.strerror or error}") from error
    return list(targets.values())


def _write(source: Traversable, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        file.write(source.read_bytes())
