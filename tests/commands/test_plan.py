"""`plan`: what a run would do, shown, drawn and saved."""

from __future__ import annotations

import json
from pathlib import Path

from tests.commands.conftest import Call


def test_plan_shows_each_shot_and_spends_nothing(call: Call, folder: Path) -> None:
    done = call("plan", "harbour.yaml", "--provider", "paid")
    assert done.returncode == 0
    assert "hero" in done.stdout
    assert "$0.80" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert not (folder / "outputs").exists()
    assert call("run", "harbour.yaml", "--provider", "paid", "--dry-run").stdout == done.stdout


def test_json_and_graphs(call: Call) -> None:
    told = json.loads(call("plan", "harbour.yaml", "--json").stdout)
    assert [step["shot"] for step in told["steps"]] == ["hero", "storm"]
    assert "flowchart" in call("plan", "harbour.yaml", "--graph", "mermaid").stdout
    assert call("plan", "harbour.yaml", "--graph", "dot").stdout.startswith("digraph")
    assert call("plan", "harbour.yaml", "--graph", "svg").stdout.startswith("<svg xmlns=")


def test_a_budget_that_does_not_allow_the_plan_ends_with_2(call: Call) -> None:
    done = call("plan", "harbour.yaml", "--provider", "paid", "--budget", "0.50")
    assert done.returncode == 2
    assert "too little" in done.stdout


def test_a_selection_of_nothing_is_a_usage_error(call: Call) -> None:
    done = call("plan", "harbour.yaml", "--select", "heros")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "no shot is called `heros`\n  fix: did you mean `hero`?\n"


def test_a_saved_plan_runs_as_it_was_saved(call: Call, folder: Path) -> None:
    saved = call("plan", "harbour.yaml", "--select", "hero", "-o", "plan.json")
    assert saved.returncode == 0
    assert saved.stdout.endswith("saved; `sora-batch run plan.json` executes exactly this plan\n")
    options = call("run", "plan.json", "--select", "storm")
    assert options.returncode == 2
    assert "is a saved plan and is run as it is" in options.stderr
    done = call("run", "plan.json")
    assert done.returncode == 0
    assert sorted(path.name for path in (folder / "outputs/harbour").glob("*.mp4")) == ["hero.mp4"]
    again = call("run", "plan.json")
    assert again.returncode == 2
    assert "out of date" in again.stderr


def test_a_plan_is_saved_as_json_only(call: Call) -> None:
    done = call("plan", "harbour.yaml", "-o", "plan.txt")
    assert done.returncode == 2
    assert "a saved plan is a .json file" in done.stderr
