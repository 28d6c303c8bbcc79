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


def test_one_cause_is_one_problem(call: Call, folder: Path) -> None:
    text = "version: 1\nprovider: box\ndefaults: {model: m, size: 320x180, seconds: 1}\n"
    text += "providers: {box: {kind: litellm, base_url: '${BOX_URL}'}}\nshots: {a: x}\n"
    (folder / "box.yaml").write_text(text, encoding="utf-8")
    done = call("check", "box.yaml")
    assert "the environment variable `BOX_URL` is not set" in done.stdout
    assert done.stdout.endswith("\n1 problem in box.yaml\n")


def test_a_misspelt_variable_stops_every_command_that_takes_one(call: Call, folder: Path) -> None:
    manifest = folder / "harbour.yaml"
    text = manifest.read_text("utf-8").replace("A harbour at dawn.", '"At {{ light }}."')
    manifest.write_text(f"vars: {{light: noon}}\n{text}", encoding="utf-8")
    for command in ("check", "plan", "run", "status"):
        done = call(command, "harbour.yaml", "--var", "ligth=dusk")
        assert done.returncode == 2
        assert "did you mean `light`?" in done.stdout + done.stderr
        assert "1 problem on the command line" in done.stdout + done.stderr
        assert call(command, "harbour.yaml", "--var", "light=dusk").returncode == 0
