"""`run`: the real program against `local`, with and without a person there."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest

from sora_batch.records import Attempt
from sora_batch.store import read_store
from tests.commands.conftest import SORA_BATCH, Call, environment

SLOW = """\
version: 1
defaults: {model: sketch, size: 1280x720, seconds: 4}
limits: {concurrency: 2}
shots: {one: One., two: Two., three: Three.}
"""
GHOST = """\
  ghost:
    remix_of: {job: video_that_never_was}
    prompt: Nobody.
  child:
    remix_of: ghost
    prompt: Nobody either.
"""
SUMMARY = """\
harbour on local: 2 to make, free

harbour: 2 made in SPAN

clips  outputs/harbour/ (2 clips of this run)
"""


def steady(text: str) -> str:
    """The output without what differs from run to run."""
    return re.sub(r"(?<= in )[0-9.]+ s", "SPAN", re.sub(r"job \w+", "job ID", text))


def read_attempts(folder: Path) -> list[Attempt]:
    """What the store in the folder has of attempts."""
    reader = read_store(folder)
    assert reader is not None
    attempts = reader.attempts()
    reader.close()
    return attempts


def on_terminal(
    folder: Path, words: list[str], *, answer: str = "", more: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """The program on a terminal of 80 columns; what it says and its exit code.

    The answer is typed when it asks.
    """
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with subprocess.Popen(
        [*SORA_BATCH, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env=environment(folder, {"TERM": "xterm", **(more or {})}),
        start_new_session=True,
    ) as process:
        os.close(theirs)
        said = b""
        while True:
            select.select([ours], [], [], 60)
            try:
                part = os.read(ours, 4096)
            except OSError:
                break
            if not part:
                break
            said += part
            if answer and b"[y/N]" in said:
                os.write(ours, answer.encode())
                answer = ""
    os.close(ours)
    return process.returncode, said.decode()


def test_run_makes_the_clips_says_where_they_are_and_reuses_them(call: Call, folder: Path) -> None:
    done = call("run", "harbour.yaml")
    assert done.returncode == 0
    assert steady(done.stdout) == SUMMARY
    assert steady(done.stderr) == (
        "hero: submitted (job ID)\n"
        "hero: done, outputs/harbour/hero.mp4\n"
        "storm: submitted (job ID)\n"
        "storm: done, outputs/harbour/storm.mp4\n"
    )
    assert (folder / "outputs/harbour/hero.mp4").stat().st_size > 1000
    again = call("run", "harbour.yaml")
    assert (again.returncode, again.stderr) == (0, "")
    assert "harbour: 2 reused in" in again.stdout


def test_json_is_a_line_for_each_event_and_nothing_else(call: Call) -> None:
    done = call("run", "harbour.yaml", "--select", "hero", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    names = [event["event"] for event in events if event["event"] != "shot_progress"]
    assert names == ["run_started", "shot_submitted", "shot_rendered", "shot_done", "run_finished"]
    assert events[-1]["done"] == 1
    assert all(event["at"].endswith("+00:00") for event in events)


def test_what_a_killed_run_left_half_written_is_removed_by_the_next(
    call: Call, finished: Path
) -> None:
    parts = finished / "outputs" / "harbour" / ".parts"
    (done, *_) = read_attempts(finished / "outputs" / "harbour")
    left = [parts / f"{done.id}.part", parts / f"t-{'0' * 16}.webp"]
    of_nobody = parts / "unknown.part"
    for path in (*left, of_nobody):
        path.touch()
    assert call("run", "harbour.yaml").returncode == 0
    assert sorted(parts.iterdir()) == [of_nobody]


def test_without_a_person_a_price_needs_yes(call: Call, folder: Path) -> None:
    done = call("run", "harbour.yaml", "--provider", "paid")
    assert done.returncode == 2
    assert done.stderr == (
        "this costs about $0.80, and nobody has agreed to it; "
        "nothing was run and nothing was spent\n"
        "  fix: say --yes, or run it on a terminal to be asked\n"
    )
    assert not list(folder.glob("outputs/**/*.mp4"))
    agreed = call("run", "harbour.yaml", "--provider", "paid", "--select", "hero", "--yes")
    assert agreed.returncode == 0
    assert "$0.40     $0.00  $0.00      $0.00     $0.00" in agreed.stdout


def test_a_price_that_nobody_knows_needs_yes_too(call: Call) -> None:
    done = call("run", "harbour.yaml", "--provider", "box")
    assert done.returncode == 2
    assert "this costs a price that is not known (2 shots), and nobody" in done.stderr


def test_what_the_budget_does_not_allow_is_refused_whatever_one_says(call: Call) -> None:
    words = ("run", "harbour.yaml", "--provider", "paid", "--budget", "0.50")
    for done in (call(*words), call(*words, "--yes")):
        assert done.returncode == 2
        assert "the budget of $0.50" in done.stderr
        assert "over budget" not in done.stdout
        assert "state:resume" not in done.stderr


def test_what_fails_and_what_needs_it_are_said_with_what_to_type(call: Call, folder: Path) -> None:
    manifest = folder / "harbour.yaml"
    manifest.write_text(manifest.read_text("utf-8") + GHOST, encoding="utf-8")
    done = call("run", "harbour.yaml")
    assert done.returncode == 1
    assert "harbour: 2 made, 1 failed, 1 blocked in" in done.stdout
    assert "\nfailed\n  ghost: " in done.stdout
    assert "\nblocked\n  child: " in done.stdout
    assert "next   sora-batch retry harbour.yaml\n" in done.stdout
    status = call("status", "harbour.yaml")
    assert re.search(r"^ghost  failed ", status.stdout, re.M)
    retried = call("retry", "harbour.yaml")
    assert retried.returncode == 1
    assert "harbour on local: 1 to make, free" in retried.stdout
    none = call("retry", "harbour.yaml", "--select", "hero")
    assert (none.returncode, none.stderr) == (2, "no selected shot of harbour.yaml has failed\n")


def test_fail_fast_stops_at_the_first_failure(call: Call, folder: Path) -> None:
    ghost = GHOST.split("  child:", maxsplit=1)[0]
    text = (folder / "harbour.yaml").read_text("utf-8").replace("shots:\n", f"shots:\n{ghost}")
    text = text.replace("shots:", "limits: {concurrency: 1}\nshots:")
    (folder / "harbour.yaml").write_text(text, encoding="utf-8")
    done = call("run", "harbour.yaml", "--fail-fast")
    assert done.returncode == 1
    assert "1 failed" in done.stdout
    assert "blocked" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals are a POSIX matter")
def test_status_works_meanwhile_and_an_interrupted_run_is_picked_up(
    call: Call, folder: Path
) -> None:
    (folder / "slow.yaml").write_text(SLOW, encoding="utf-8")
    with subprocess.Popen(
        [*SORA_BATCH, "run", "slow.yaml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment(folder),
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline() + process.stderr.readline()
        status = json.loads(call("status", "slow.yaml", "--json").stdout)
        busy = call("run", "slow.yaml")
        process.send_signal(signal.SIGINT)
        said, rest = process.communicate()
    assert process.returncode == 130
    assert f"{process.pid}" in status["running"]
    assert status["counts"]["rendering"] + status["counts"]["submitting"] >= 1
    assert busy.returncode == 2
    assert "interrupted after" in said
    assert "next   sora-batch run slow.yaml\n" in said
    done = call("run", "slow.yaml", "--json")
    assert done.returncode == 0
    events = [json.loads(line) for line in done.stdout.splitlines()]
    before = re.findall(r"^(\w+): submitted", first + rest, re.M)
    after = [e["shot_id"] for e in events if e["event"] == "shot_submitted" and not e["resumed"]]
    assert sorted(before + after) == ["one", "three", "two"]


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal here is a POSIX one")
def test_a_person_is_asked_sees_bars_and_may_say_no(folder: Path) -> None:
    words = ["run", "harbour.yaml", "--provider", "paid"]
    code, said = on_terminal(folder, words, answer="n\n")
    assert code == 2
    assert "Make 2 clips for about $0.80? [y/N]" in said
    assert "not agreed to; nothing was run and nothing was spent" in said
    code, said = on_terminal(folder, words, answer="y\n")
    assert code == 0
    assert "of 2 shots" in said
    assert "\x1b[" in said
    assert "2 made" in said


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal here is a POSIX one")
def test_no_color_means_no_colour_on_a_terminal(folder: Path) -> None:
    code, coloured = on_terminal(folder, ["explain"])
    assert code == 2
    assert "\x1b[32mfix:" in coloured
    code, plain = on_terminal(folder, ["explain"], more={"NO_COLOR": "1"})
    assert code == 2
    assert "fix:" in plain
    assert "\x1b" not in plain


def test_a_reader_who_leaves_does_not_end_the_run(folder: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"'{sys.executable}' -m sora_batch run harbour.yaml --json | head -n 1"],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(folder),
        check=False,
    )
    assert json.loads(done.stdout)["event"] == "run_started"
    assert done.stderr == ""
    made = sorted(path.name for path in (folder / "outputs/harbour").glob("*.mp4"))
    assert made == ["hero.mp4", "storm.mp4"]
