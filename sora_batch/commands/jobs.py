"""`jobs`: the server's library; what is there, whose it is, and taking from it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sora_batch.commands.options import (
    Overrides,
    complete_shots,
    json_option,
    manifest_options,
    width_for_tables,
)


@click.group("jobs", short_help="List, adopt, download or delete the server's jobs.")
def command() -> None:
    """The server's library of jobs: what is there, and what belongs to no shot.

    \b
    Example:
      sora-batch jobs list manifests/campaign.yaml
      sora-batch jobs adopt manifests/campaign.yaml video_8a1 --as hero
      sora-batch jobs download manifests/campaign.yaml video_8a1 -o hero.mp4
      sora-batch jobs delete manifests/campaign.yaml video_8a1
    """


@command.command("list", short_help="The newest jobs, and whose they are.")
@manifest_options()
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, help="At most so many (100).")
@click.option("--orphans", is_flag=True, help="Only those with our prompts and no shot.")
@json_option
def list_command(
    *, manifest: Path, overrides: Overrides, limit: int, orphans: bool, as_json: bool
) -> int:
    """The newest jobs on the server, and whose they are.

    An orphan has a prompt of the manifest, and no shot has it: the answer to its
    order was lost, or it is another manifest's or person's on the same server.
    `jobs adopt` makes it a shot's.

    \b
    Example:
      sora-batch jobs list manifests/campaign.yaml --orphans

    With --json: jobs, a list of job, status, created_at, model, size, seconds,
    prompt, whose (shot, orphan, other), shots.
    """
    from sora_batch import api
    from sora_batch.views.servers import jobs_text, listed_json

    found = api.list_jobs(api.load(manifest, **overrides), limit=limit)
    found = [one for one in found if one.whose == "orphan" or not orphans]
    if as_json:
        facts = [listed_json(one) for one in found]
        click.echo(json.dumps({"jobs": facts}, ensure_ascii=False))
    else:
        click.echo(jobs_text(found, width=width_for_tables()))
    return 0


@command.command("adopt", short_help="Take a job over as a shot's.")
@manifest_options()
@click.argument("job")
@click.option(
    "--as", "shot", required=True, metavar="SHOT", shell_complete=complete_shots, help="Whose."
)
@json_option
def adopt_command(
    *, manifest: Path, overrides: Overrides, job: str, shot: str, as_json: bool
) -> int:
    """Take a job of the server over as a shot's; the next run fetches its clip.

    Its price counts in the manifest's budget. The server is told nothing: whoever
    ordered the job may fetch its clip too.

    \b
    Example:
      sora-batch jobs adopt manifests/campaign.yaml video_8a1 --as hero

    With --json: shot, job, attempt, price_usd.
    """
    from sora_batch import api
    from sora_batch.views.text import money_text

    attempt = api.adopt_job(api.load(manifest, **overrides), job, shot)
    if as_json:
        facts = {
            "shot": attempt.shot_id,
            "job": attempt.job_id,
            "attempt": attempt.number,
            "price_usd": money_text(attempt.price_usd),
        }
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        click.echo(f"{shot}: job {job} is adopted; `sora-batch run {manifest}` fetches its clip")
    return 0


@command.command("download", short_help="Download a job's clip.")
@manifest_options()
@click.argument("job")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The file to write."
)
@json_option
def download_command(
    *, manifest: Path, overrides: Overrides, job: str, output: Path, as_json: bool
) -> int:
    """Download a job's clip into a file, before it expires, whoever's it is.

    \b
    Example:
      sora-batch jobs download manifests/campaign.yaml video_8a1 -o hero.mp4

    With --json: job, file, bytes.
    """
    from sora_batch import api

    size = api.download_job(api.load(manifest, **overrides), job, output)
    if as_json:
        facts = {"job": job, "file": str(output), "bytes": size}
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        click.echo(f"{output}: {size:,} bytes")
    return 0


@command.command("delete", short_help="Take a job from the server's library.")
@manifest_options()
@click.argument("job")
@json_option
def delete_command(*, manifest: Path, overrides: Overrides, job: str, as_json: bool) -> int:
    """Take a job and its clip from the server's library, for good.

    Refused for a job whose clip a shot still waits for.

    \b
    Example:
      sora-batch jobs delete manifests/campaign.yaml video_8a1

    With --json: job, deleted.
    """
    from sora_batch import api

    api.delete_job(api.load(manifest, **overrides), job)
    if as_json:
        click.echo(json.dumps({"job": job, "deleted": True}, ensure_ascii=False))
    else:
        click.echo(f"job {job} is deleted on the server")
    return 0
