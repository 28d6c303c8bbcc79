"""`check`: all problems at once, for nothing."""

from __future__ import annotations

import json
from pathlib import Path

from tests.commands.conftest import Call

BROKEN = """\
version: 1
defaults: {model: sora-2, size: 1280x720, seconds: 9}
shots:
  harbour:
    promt: dawn over the harbour
"""


def test_a_good_manifest_is_a_line(call: Call) -> None:
    done = call("check", "harbour.yaml")
    assert (done.returncode, done.stdout) == (0, "no problems in harbour.yaml\n")
    told = call("check", "harbour.yaml", "--json")
    assert json.loads(told.stdout) == {"manifest": "harbour.yaml", "problems": []}


def test_problems_go_to_stdout_with_a_count_and_end_with_2(call: Call, folder: Path) -> None:
    (folder / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    done = call("check", "broken.yaml")
    assert (done.returncode, done.stderr) == (2, "")
    assert "broken.yaml:5:5: " in done.stdout
    assert "       5 |     promt: dawn over the harbour\n         |     ^^^^^\n" in done.stdout
    assert done.stdout.splitlines()[-1].endswith(" in broken.yaml")
    assert not (folder / "outputs").exists()


def test_a_manifest_that_is_not_there_is_a_problem(call: Call) -> None:
    done = call("check", "nowhere.yaml")
    assert done.returncode == 2
    assert "nowhere.yaml" in done.stdout


def test_run_refuses_the_same_problems_on_stderr(call: Call, folder: Path) -> None:
    (folder / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    done = call("run", "broken.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(" in broken.yaml; nothing was run and nothing was spent\n")
    told = json.loads(call("run", "broken.yaml", "--json").stdout)
    assert told["error"]["kind"] == "problems-found"
    assert told["error"]["problems"][0]["line"] == 5
