"""The command line as a process: start-up, exit codes, pipes, terminals, the one error boundary."""

from __future__ import annotations

import array
import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import textwrap
from collections.abc import Mapping
from pathlib import Path

import click
import pytest

from sora_batch import cli, errors
from sora_batch.cli import COMMANDS, group
from sora_batch.problems import Problem, Where

SORA_BATCH = (sys.executable, "-m", "sora_batch")
HEAVY = (
    "pydantic",
    "jinja2",
    "yaml",
    "httpx",
    "av",
    "PIL",
    "starlette",
    "tqdm",
    "asyncio",
    "numpy",
)


def run(
    *words: str, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own, without a terminal."""
    return subprocess.run(
        [*SORA_BATCH, *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **(environment or {})},
        cwd=folder,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def guarded(monkeypatch: pytest.MonkeyPatch, error: BaseException, *words: str) -> int:
    """The exit code of a command that ends with the error."""

    @click.command("broken", context_settings={"ignore_unknown_options": True})
    @click.argument("words", nargs=-1)
    def broken(words: tuple[str, ...]) -> int:
        raise error

    monkeypatch.setattr(group, "get_command", lambda ctx, name: broken)
    with pytest.raises(SystemExit) as ended:
        cli.main(["check", *words])
    code = ended.value.code
    assert isinstance(code, int)
    return code


def test_help_and_version_import_nothing_heavy() -> None:
    code = textwrap.dedent(
        f"""
        import sys
        from sora_batch.cli import main
        for words in (["--version"], ["--help"], ["run", "--help"], ["schema", "-h"]):
            try:
                main(words)
            except SystemExit as ended:
                assert ended.code == 0, ended.code
        heavy = [name for name in {HEAVY} if name in sys.modules]
        assert not heavy, heavy
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_that_fits_80_columns(name: str) -> None:
    done = run(name, "-h", environment={"COLUMNS": "80"})
    assert done.returncode == 0
    assert "Example:" in done.stdout
    assert f"sora-batch {name}" in done.stdout.split("Example:")[1]
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_help_names_every_command_in_the_order_of_use_with_whole_sentences() -> None:
    done = run("--help", environment={"COLUMNS": "80"})
    listed = done.stdout.split("Commands:")[1].split("\n\n")[0].split("\n")[1:]
    assert [line.split()[0] for line in listed] == list(COMMANDS)
    assert all(line.endswith(".") and not line.endswith("...") for line in listed)
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_unknown_command_is_a_usage_error_with_the_nearest_name() -> None:
    done = run("chekc")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "there is no command `chekc`\n  fix: did you mean `check`?\n"


def test_unknown_option_and_missing_argument_are_usage_errors() -> None:
    option = run("check", "--jsno", "x.yaml")
    assert option.returncode == 2
    assert "`sora-batch check --help` shows what it takes" in option.stderr
    missing = run("run")
    assert missing.returncode == 2
    assert "missing argument 'MANIFEST'" in missing.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("run", "x.yaml", "--budget", "lots"),
        ("run", "x.yaml", "--budget", "-1"),
        ("run", "x.yaml", "--budget", "nan"),
        ("run", "x.yaml", "--concurrency", "0"),
        ("run", "x.yaml", "--var", "name"),
        ("run", "x.yaml", "--var", "=value"),
        ("plan", "x.yaml", "--graph", "gif"),
    ],
)
def test_options_that_make_no_sense_are_refused(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert words[2] in done.stderr


def test_a_group_without_a_command_shows_its_help_and_nothing_else() -> None:
    done = run("jobs")
    said = done.stdout + done.stderr
    assert said.rstrip().endswith("list      The newest jobs, and whose they are.")


def test_usage_errors_are_json_where_json_was_asked_for() -> None:
    done = run("check", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (2, "")
    assert told["exit_code"] == 2
    assert told["error"]["kind"] == "usage-error"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError("x"), 2),
        (errors.ProblemsFound((Problem("x", Where("a.yaml", 1, 1), "x"),)), 2),
        (errors.BudgetExceeded("x"), 2),
        (errors.ConsentNeeded("x"), 2),
        (errors.StoreBusy("x"), 2),
        (errors.OutputUnusable("x"), 2),
        (errors.RunStopped("x"), 1),
        (errors.StoreBroken("x"), 3),
        (ZeroDivisionError("x"), 3),
        (OSError(28, "No space left on device"), 3),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (BrokenPipeError(), 141),
    ],
)
def test_each_error_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    assert guarded(monkeypatch, error) == code


def test_a_bug_is_a_sentence_and_a_traceback_only_on_demand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SORA_BATCH_DEBUG", raising=False)
    guarded(monkeypatch, KeyError("oops"), "x y.yaml")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "stopped by something unexpected: KeyError: 'oops'\n"
        "  fix: report this mistake of ours, with what this prints: "
        "SORA_BATCH_DEBUG=1 sora-batch check 'x y.yaml'\n"
    )
    monkeypatch.setenv("SORA_BATCH_DEBUG", "1")
    guarded(monkeypatch, KeyError("oops"))
    assert "Traceback" in capsys.readouterr().err


def test_a_bug_is_json_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    guarded(monkeypatch, KeyError("oops"), "--json")
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "bug"


def test_problems_close_with_what_was_not_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = errors.ProblemsFound((Problem("x", Where("a.yaml", 1, 1), "x"),))
    guarded(monkeypatch, found)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "1 problem in a.yaml; nothing was run and nothing was spent"


def test_a_reader_who_leaves_is_no_error() -> None:
    first, second = os.pipe()
    os.close(first)
    with os.fdopen(second, "wb") as pipe:
        done = subprocess.run(
            [*SORA_BATCH, "models", "--json"], stdout=pipe, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_that_cannot_be_written_is_said() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*SORA_BATCH, "--help"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 3
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


LONG_LINE = """
import signal, sys
from sora_batch.cli import _own_standard_streams
signal.signal(signal.SIGUSR1, lambda *_: None)
_own_standard_streams()
print("x" * 300_000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts what a pipe of Linux holds")
def test_a_signal_cuts_no_line_short_where_output_is_unbuffered() -> None:
    with subprocess.Popen([sys.executable, "-u", "-c", LONG_LINE], stdout=subprocess.PIPE) as line:
        assert line.stdout is not None
        held = array.array("i", [0])
        while held[0] < 65_536 and line.poll() is None:
            fcntl.ioctl(line.stdout, termios.FIONREAD, held)
        line.send_signal(signal.SIGUSR1)
        assert len(line.stdout.read()) == 300_001


@pytest.mark.skipif(sys.platform == "win32", reason="closing descriptors is a POSIX matter")
def test_a_closed_stdout_is_no_error_and_its_number_is_not_reused(tmp_path: Path) -> None:
    script = f'{sys.executable} -m sora_batch init "{tmp_path}/new" >&- 2>&-'
    done = subprocess.run(["/bin/sh", "-c", script], check=False)
    assert done.returncode == 0
    assert (tmp_path / "new" / "campaign.yaml").read_text("utf-8").startswith("# A campaign")


def test_an_ascii_terminal_gets_marks_for_what_it_cannot_show() -> None:
    done = run("there-is-no-…", environment={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert done.returncode == 2
    assert "there is no command" in done.stderr


def test_the_shell_is_offered_commands() -> None:
    done = run(
        environment={
            "_SORA_BATCH_COMPLETE": "bash_complete",
            "COMP_WORDS": "sora-batch ex",
            "COMP_CWORD": "1",
        }
    )
    assert done.stdout.strip() == "plain,explain"
