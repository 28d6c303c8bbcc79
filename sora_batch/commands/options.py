"""The options that several commands share, and what they arrive as.

`@manifest_options()` adds MANIFEST and what may change it from outside; the command receives
`manifest: Path` and `overrides: Overrides`, which `api.load` and `api.check` take as they are.
"""

from __future__ import annotations

import functools
import shutil
import sys
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeAlias, TypedDict

import click
from click.shell_completion import CompletionItem

from sora_batch.errors import SoraBatchError

Function: TypeAlias = Callable[..., int]


class Overrides(TypedDict):
    """What the command line says over the manifest; None and {} say nothing."""

    profile: str | None
    provider: str | None
    variables: dict[str, str]
    budget: Decimal | None
    concurrency: int | None


def dollars(text: str) -> Decimal:
    """An amount in USD: `25`, `25.50` or `$25.50`."""
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite() or amount < 0:
        raise click.BadParameter(f"`{text}` is not an amount in USD, like 25 or 25.50")
    return amount


def assignment(text: str) -> tuple[str, str]:
    """Name and value of `name=value`; the value may hold further `=` and may be empty."""
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise click.BadParameter(f"`{text}` is not of the form name=value")
    return name.strip(), value


manifest_argument = click.argument("manifest", type=click.Path(path_type=Path))
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print facts for programs instead of words."
)
select_option = click.option(
    "--select",
    multiple=True,
    metavar="WHAT",
    help="Only these shots (repeatable): an id or glob, tag:T, model:M, state:S, line:N; "
    "+id takes what it needs along, id+ what needs it.",
)

_keep_going_option = click.option(
    "--keep-going/--fail-fast",
    default=True,
    help="After a failure, go on with the other shots (default), or stop.",
)
_yes_option = click.option("-y", "--yes", is_flag=True, help="Agree to the price unasked.")


def run_options(function: Function) -> Function:
    """--keep-going/--fail-fast and --yes, for what spends."""
    return _keep_going_option(_yes_option(function))


def manifest_options(*, limits: bool = False) -> Callable[[Function], Function]:
    """MANIFEST, --profile, --provider, --var; with `limits` also --budget and --concurrency."""

    def added(function: Function) -> Function:
        options = [
            manifest_argument,
            click.option("--profile", metavar="NAME", help="Use a profile of the manifest."),
            click.option("--provider", metavar="NAME", help="Render there instead."),
            click.option(
                "--var",
                "variables",
                type=assignment,
                multiple=True,
                metavar="NAME=VALUE",
                help="Set a template variable (repeatable).",
            ),
        ]
        if limits:
            options += [
                click.option("--budget", type=dollars, metavar="USD", help="Spend at most this."),
                click.option(
                    "--concurrency",
                    type=click.IntRange(min=1),
                    metavar="N",
                    help="Render at most so many at once.",
                ),
            ]
        collected = _collecting(function)
        for option in reversed(options):
            collected = option(collected)
        return collected

    return added


def _collecting(function: Function) -> Function:
    @functools.wraps(function)
    def collected(
        *,
        profile: str | None,
        provider: str | None,
        variables: tuple[tuple[str, str], ...],
        budget: Decimal | None = None,
        concurrency: int | None = None,
        **rest: Any,
    ) -> int:
        overrides = Overrides(
            profile=profile,
            provider=provider,
            variables=dict(variables),
            budget=budget,
            concurrency=concurrency,
        )
        return function(overrides=overrides, **rest)

    return collected


def retyped(overrides: Overrides) -> list[str]:
    """--profile, --provider and --var as they were typed, for a command that goes with this one."""
    words = []
    if overrides["profile"] is not None:
        words += ["--profile", overrides["profile"]]
    if overrides["provider"] is not None:
        words += ["--provider", overrides["provider"]]
    for name, value in overrides["variables"].items():
        words += ["--var", f"{name}={value}"]
    return words


def complete_shots(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The shot ids of the manifest named before, for the shell; none where it cannot be read."""
    from sora_batch import api

    manifest = ctx.params.get("manifest")
    if manifest is None:
        return []
    try:
        shots = api.load(manifest, profile=ctx.params.get("profile")).shots
    except SoraBatchError:
        return []
    return [
        CompletionItem(shot.id, help=f"{shot.seconds} s, {shot.size}")
        for shot in shots
        if shot.id.startswith(incomplete)
    ]


def width_of_terminal() -> int:
    """How many columns there are to fill; 80 where nobody looks."""
    return max(40, shutil.get_terminal_size((80, 24)).columns)


def width_for_tables() -> int | None:
    """Where to cut a table: at the terminal's width; nowhere in a file or a pipe."""
    looked_at = sys.stdout is not None and sys.stdout.isatty()
    return width_of_terminal() if looked_at else None
