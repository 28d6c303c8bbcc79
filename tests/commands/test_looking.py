"""`status`, `explain`, `accept`, `models` and `schema`, as the real program."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sora_batch.commands.options import Overrides, retyped
from tests.commands.conftest import Call

STATUS = """\
harbour on local, no run going on
the last run finished TIME

hero   done  outputs/harbour/hero.mp4
storm  done  outputs/harbour/storm.mp4

2 shots: 2 done

spent  reserved   held  uncertain  released
$0.00     $0.00  $0.00      $0.00     $0.00
"""


@pytest.fixture
def changed(finished: Path) -> Path:
    """The finished folder with another prompt for `hero`."""
    manifest = finished / "harbour.yaml"
    text = manifest.read_text("utf-8").replace("A harbour at dawn.", "A harbour at dusk.")
    manifest.write_text(text, encoding="utf-8")
    return finished


@pytest.mark.usefixtures("finished")
def test_status_of_a_finished_manifest(call: Call) -> None:
    said = call("status", "harbour.yaml").stdout
    assert re.sub(r"20\d\d-\d\d-\d\d \d\d:\d\d UTC", "TIME", said) == STATUS


def test_status_before_any_run_leaves_no_trace(call: Call, folder: Path) -> None:
    done = call("status", "harbour.yaml")
    assert done.returncode == 0
    assert "2 shots: 2 to make" in done.stdout
    assert not (folder / "outputs").exists()


@pytest.mark.usefixtures("changed")
def test_explain_shows_old_and_new_and_accept_settles_it(call: Call) -> None:
    done = call("explain", "harbour.yaml", "hero")
    assert done.returncode == 0
    assert "prompt  harbour.yaml:8:9\n  A harbour at [-dawn.-] {+dusk.+}\n" in done.stdout
    told = json.loads(call("explain", "harbour.yaml", "hero", "--json").stdout)
    assert (told["action"], told["compared"]) == ("make", "clip")
    accepted = call("accept", "harbour.yaml", "hero")
    first, _, rest = accepted.stdout.partition("\n")
    assert (accepted.returncode, first) == (0, "hero: its clip is kept as it is; nothing was spent")
    assert rest == (
        "\nstorm: would still be made again: the shot it remixes changed since the last\n  clip\n"
        "what is there of them can be kept too, for nothing:\n"
        "  sora-batch accept harbour.yaml storm\n"
    )
    after = json.loads(call("explain", "harbour.yaml", "hero", "--json").stdout)
    assert after["action"] == "reuse"
    again = call("accept", "harbour.yaml", "storm")
    assert again.stdout == "storm: its clip is kept as it is; nothing was spent\n"
    assert json.loads(call("plan", "harbour.yaml", "--json").stdout)["counts"]["reuse"] == 2


def test_a_command_that_goes_with_this_one_has_its_options() -> None:
    typed = Overrides(
        profile="draft", provider=None, variables={"lens": "24 mm"}, budget=None, concurrency=None
    )
    assert retyped(typed) == ["--profile", "draft", "--var", "lens=24 mm"]


@pytest.mark.usefixtures("finished")
def test_unknown_shots_are_usage_errors_with_the_nearest_name(call: Call) -> None:
    for command in ("explain", "accept"):
        done = call(command, "harbour.yaml", "heroo")
        assert (done.returncode, done.stdout) == (2, "")
        assert "did you mean `hero`?" in done.stderr


@pytest.mark.usefixtures("finished")
def test_there_is_nothing_to_accept_where_nothing_changed(call: Call) -> None:
    done = call("accept", "harbour.yaml", "hero")
    assert done.returncode == 2
    assert "nothing to accept" in done.stderr


def test_the_shell_is_offered_shot_ids(call: Call) -> None:
    done = call(
        more={
            "_SORA_BATCH_COMPLETE": "bash_complete",
            "COMP_WORDS": "sora-batch explain harbour.yaml s",
            "COMP_CWORD": "3",
        }
    )
    assert done.stdout == "plain,storm\n"


def test_a_broken_store_ends_with_3(call: Call, finished: Path) -> None:
    (finished / "outputs/harbour/state.db").write_bytes(b"not a database" * 1000)
    done = call("status", "harbour.yaml")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_models_and_schema(call: Call) -> None:
    assert "sora-2-pro" in call("models").stdout
    one = call("models", "openai")
    assert "720p: $0.10 a second" in one.stdout
    told = json.loads(call("models", "openai", "--json").stdout)
    assert {model["service"] for model in told["models"]} == {"openai"}
    schema = json.loads(call("schema").stdout)
    assert "shots" in schema["properties"]
