"""The command line: the group of commands, and the one place where errors become words and codes.

Exit codes: 0 done · 1 some shots failed or are on hold · 2 the manifest, the usage or the budget
is the problem and nothing was spent · 3 a bug or a broken store · 130 interrupted · 141 nobody
reads the output any more.

Nothing heavy is imported here: a command's file is read when the command is asked for, and what
the command works with when it runs.
"""

from __future__ import annotations

import errno
import importlib
import io
import json
import os
import shlex
import shutil
import sys
import traceback
from collections.abc import Sequence
from typing import TextIO, cast

import click

from sora_batch.errors import SoraBatchError, UsageError
from sora_batch.problems import did_you_mean
from sora_batch.views.paint import paint_for
from sora_batch.views.problems import error_json, error_text, failure_json

COMMANDS = (
    "init",
    "check",
    "plan",
    "run",
    "status",
    "explain",
    "accept",
    "retry",
    "resolve",
    "cancel",
    "jobs",
    "gallery",
    "cut",
    "models",
    "doctor",
    "simulate",
    "schema",
)
DEBUG_VARIABLE = "SORA_BATCH_DEBUG"
INTERRUPTED = 130
NOBODY_READS = 141


class Commands(click.Group):
    """The commands in the order in which they are used, each read from its own file when named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of use, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, out of `commands/<name>.py`."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"sora_batch.commands.{cmd_name}")
        return cast(click.Command, module.command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, or a usage error with the nearest name."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            fix = did_you_mean(name, COMMANDS) or f"one of: {', '.join(COMMANDS)}"
            raise UsageError(f"there is no command `{name}`", fix=fix)
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Completion of commands, options and shot ids, for bash (or zsh_source):
  eval "$(_SORA_BATCH_COMPLETE=bash_source sora-batch)"
""",
)
@click.version_option(
    package_name="sora-batch", prog_name="sora-batch", message="%(prog)s %(version)s"
)
@click.option("--debug", is_flag=True, help=f"Show tracebacks (also: {DEBUG_VARIABLE}=1).")
def group(debug: bool) -> None:
    """A YAML manifest of video shots becomes finished clips, priced before a cent is spent.

    \b
    Example:
      sora-batch init my-campaign           a manifest to start from
      sora-batch plan manifest.yaml         what would be made, and for how much
      sora-batch run manifest.yaml          makes it; the same again goes on
    """
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command line and ends the process with its exit code."""
    _own_standard_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if "_SORA_BATCH_COMPLETE" in os.environ:
        group.main(args=words, prog_name="sora-batch")
    sys.exit(_flushed(_guarded(words)))


def _guarded(words: list[str]) -> int:
    as_json = "--json" in words
    try:
        with group.make_context("sora-batch", words) as context:
            return int(group.invoke(context) or 0)
    except click.exceptions.Exit as done:
        return done.exit_code
    except (KeyboardInterrupt, EOFError, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return NOBODY_READS
    except SoraBatchError as error:
        _show_traceback()
        _tell(error, as_json)
        return error.exit_code
    except click.ClickException as error:
        if _is_help(error) and not as_json:
            click.echo(error.format_message(), err=True)
        else:
            _tell(_usage_error(error), as_json)
        return UsageError.exit_code
    except Exception as error:  # noqa: BLE001 - the one boundary, where a bug becomes a sentence
        return _told_of_a_bug(error, words, as_json)


def _is_help(error: click.ClickException) -> bool:
    """Whether it is the help of a command that was given nothing."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    return context is not None and error.format_message() == context.get_help()


def _usage_error(error: click.ClickException) -> UsageError:
    """Click's sentence in our voice."""
    path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else ""
    message = error.format_message().rstrip(".")
    asked = f"`{path or 'sora-batch'} --help` shows what it takes"
    return UsageError(f"{message[:1].lower()}{message[1:]}", fix=asked)


def _tell(error: SoraBatchError, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(error_json(error), ensure_ascii=False))
    else:
        paint, width = paint_for(sys.stderr, os.environ), _width_of(sys.stderr)
        click.echo(error_text(error, paint=paint, width=width), err=True)


def _width_of(stream: TextIO | None) -> int | None:
    """The terminal's columns; None for a file or a pipe, where lines stay whole."""
    if stream is None or not stream.isatty():
        return None
    return max(40, shutil.get_terminal_size((80, 24)).columns)


def _told_of_a_bug(error: Exception, words: Sequence[str], as_json: bool) -> int:
    _show_traceback()
    message = f"stopped by something unexpected: {type(error).__name__}: {error}"
    again = f"{DEBUG_VARIABLE}=1 sora-batch {shlex.join(words)}"
    fix = f"report this mistake of ours, with what this prints: {again}"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        message, fix = f"no space left: {error}", "free some space, then run the command again"
    if as_json:
        click.echo(json.dumps(failure_json(kind="bug", message=message, fix=fix, exit_code=3)))
    else:
        paint = paint_for(sys.stderr, os.environ)
        click.echo(f"{paint.bad(message)}\n  {paint.good('fix:')} {fix}", err=True)
    return SoraBatchError.exit_code


def _show_traceback() -> None:
    if os.environ.get(DEBUG_VARIABLE):
        click.echo(traceback.format_exc(), err=True)


def _own_standard_streams() -> None:
    """Makes sure that 0, 1 and 2 are ours and that no character can break them.

    A process started with a closed stdout would get that number for the next file it opens, and
    what is printed would land in the state of the run.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    own = sys.stdout is not None and sys.stdout is sys.__stdout__
    if own and isinstance(sys.stdout.buffer, io.RawIOBase):
        # Unbuffered (PYTHONUNBUFFERED, usual in containers), a long line is cut off without a word
        # where a signal comes while a pipe takes it.
        buffer, encoding = io.BufferedWriter(sys.stdout.buffer), sys.stdout.encoding
        sys.stdout = io.TextIOWrapper(buffer, encoding=encoding, line_buffering=True)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _flushed(code: int) -> int:
    """The exit code, once everything written has gone out; the reader may have left meanwhile."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        # Python flushes once more when it ends and would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if error.errno == errno.EPIPE:
            return NOBODY_READS
        click.echo(f"the output could not be written: {error.strerror}", err=True)
        return SoraBatchError.exit_code
    return code
