"""Problems and errors as people and programs get to see them."""

from __future__ import annotations

import json
import re

from sora_batch.errors import BudgetExceeded, ProblemsFound, UsageError
from sora_batch.problems import Problem, Where
from sora_batch.views.paint import Paint
from sora_batch.views.problems import closing_line, error_json, error_text, problems_text

SECONDS = Problem(
    "sora-2 cannot make a 9 second clip",
    Where("manifests/harbour.yaml", 12, 14, text="    seconds: 9"),
    "seconds",
    "use 4, 8, 12, 16 or 20",
)
UNKNOWN = Problem(
    "unknown key `promt` in shot `harbour`",
    Where("manifests/harbour.yaml", 15, 7, 5, "      promt: dawn over the harbour"),
    "unknown-key",
    "did you mean `prompt`?",
)


def test_problems_come_in_order_with_excerpt_caret_fix_and_a_closing_count() -> None:
    text = error_text(ProblemsFound((UNKNOWN, SECONDS)))
    assert (
        text
        == """\
manifests/harbour.yaml:12:14: sora-2 cannot make a 9 second clip [seconds]
      12 |     seconds: 9
         |              ^
  fix: use 4, 8, 12, 16 or 20

manifests/harbour.yaml:15:7: unknown key `promt` in shot `harbour` [unknown-key]
      15 |       promt: dawn over the harbour
         |       ^^^^^
  fix: did you mean `prompt`?

2 problems in manifests/harbour.yaml; nothing was run and nothing was spent"""
    )


LONG = Problem(
    "the environment variable `GPU_BOX_HOST` is not set",
    Where("manifests/harbour.yaml", 7, 22, 15, "    base_url: http://${GPU_BOX_HOST}:8091/v1"),
    "variable",
    "set GPU_BOX_HOST in the environment, or write the address here",
)


def test_sentences_are_wrapped_to_the_terminal_and_excerpts_are_not() -> None:
    text = problems_text([LONG], outcome="nothing was run and nothing was spent", width=60)
    assert (
        text
        == """\
manifests/harbour.yaml:7:22: the environment variable
  `GPU_BOX_HOST` is not set [variable]
       7 |     base_url: http://${GPU_BOX_HOST}:8091/v1
         |                      ^^^^^^^^^^^^^^^
  fix: set GPU_BOX_HOST in the environment, or write the
       address here

1 problem in manifests/harbour.yaml; nothing was run and
  nothing was spent"""
    )
    painted = problems_text([LONG], paint=Paint(on=True), width=60)
    assert re.sub(r"\x1b\[\d+m", "", painted) == problems_text([LONG], width=60)


def test_an_error_and_its_fix_are_wrapped_too() -> None:
    error = UsageError("a message of many words, here", fix="a fix that has many words as well")
    assert error_text(error, width=24).splitlines() == [
        "a message of many words,",
        "  here",
        "  fix: a fix that has",
        "       many words as",
        "       well",
    ]


def test_colour_changes_no_word() -> None:
    painted = problems_text([SECONDS, UNKNOWN], paint=Paint(on=True))
    assert "\x1b[" in painted
    for code in ("1", "31", "32", "0"):
        painted = painted.replace(f"\x1b[{code}m", "")
    assert painted == problems_text([SECONDS, UNKNOWN])


def test_closing_line_counts_and_names_the_files() -> None:
    elsewhere = Problem("x", Where("shared.yaml", 1, 1), "x")
    third = Problem("x", Where("data/cities.csv", 1, 1), "x")
    assert closing_line([SECONDS]) == "1 problem in manifests/harbour.yaml"
    both = "2 problems in manifests/harbour.yaml and shared.yaml"
    assert closing_line([SECONDS, elsewhere]) == both
    assert closing_line([SECONDS, elsewhere, third]) == "3 problems in 3 files"


def test_closing_line_calls_the_command_line_by_its_name() -> None:
    profile = Problem("there is no profile `x`", Where("--profile"), "unknown-profile")
    variable = Problem("`x` would change nothing", Where("--var"), "unused-var")
    assert closing_line([profile]) == "1 problem on the command line"
    assert closing_line([profile, variable]) == "2 problems on the command line"
    both = "2 problems in manifests/harbour.yaml and on the command line"
    assert closing_line([profile, SECONDS]) == both


def test_other_errors_are_their_sentence_and_their_fix() -> None:
    error = UsageError("there is no shot `heros`", fix="did you mean `hero`?")
    assert error_text(error) == "there is no shot `heros`\n  fix: did you mean `hero`?"


def test_errors_as_json_have_one_shape() -> None:
    found = error_json(ProblemsFound((SECONDS,)))
    assert json.loads(json.dumps(found)) == {
        "error": {
            "kind": "problems-found",
            "message": "1 problem in manifests/harbour.yaml",
            "fix": "",
            "problems": [
                {
                    "file": "manifests/harbour.yaml",
                    "line": 12,
                    "column": 14,
                    "code": "seconds",
                    "message": "sora-2 cannot make a 9 second clip",
                    "fix": "use 4, 8, 12, 16 or 20",
                    "also": [],
                }
            ],
        },
        "exit_code": 2,
    }
    budget = error_json(BudgetExceeded("too dear"))
    assert budget["error"] == {
        "kind": "budget-exceeded",
        "message": "too dear",
        "fix": "",
        "problems": [],
    }
