"""Problems as a person reads them: place, excerpt, caret, fix; within 80 columns."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from sora_batch.problems import Problem, Where, closest, did_you_mean, excerpt, in_order, render


def cells(text: str) -> int:
    return sum(
        0
        if unicodedata.category(c) in {"Mn", "Me"}
        else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )


def test_a_place_is_written_with_what_is_known() -> None:
    assert str(Where("a.yaml")) == "a.yaml"
    assert str(Where("a.yaml", 3)) == "a.yaml:3"
    assert str(Where("a.yaml", 3, 7)) == "a.yaml:3:7"


def test_a_problem_shows_its_line_its_caret_and_its_fix() -> None:
    where = Where("harbour.yaml", 12, 14, 1, "    seconds: 9")
    problem = Problem("sora-2 cannot make a 9 second clip", where, "seconds", "use 4 or 8")
    assert str(problem) == render(problem) == (
        "harbour.yaml:12:14: sora-2 cannot make a 9 second clip [seconds]\n"
        "      12 |     seconds: 9\n"
        "         |              ^\n"
        "  fix: use 4 or 8"
    )  # fmt: skip


def test_other_places_are_shown_too() -> None:
    first = Where("a.yaml", 1, 1, 2, "ab: 1")
    problem = Problem("`ab` is written twice", Where("a.yaml"), "duplicate-key", "", (first,))
    assert render(problem) == (
        "a.yaml: `ab` is written twice [duplicate-key]\n"
        "  also a.yaml:1:1\n"
        "       1 | ab: 1\n"
        "         | ^^"
    )


def test_wide_characters_tabs_and_marks_keep_the_caret_under_what_is_meant() -> None:
    assert excerpt(Where("a", 1, 4, 2, "港湾: 夜明"))[1].endswith("|      ^^^")
    assert excerpt(Where("a", 1, 2, 1, "\tx"))[1] == "         |     ^"
    assert excerpt(Where("a", 1, 3, 1, "e\u0301x"))[1] == "         |  ^"


def test_what_would_steer_a_terminal_is_not_printed() -> None:
    shown = "\n".join(excerpt(Where("a", 1, 1, 1, "a\x1b[31m\u202eb\u200b")))
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@given(
    text=st.text(st.characters(exclude_characters="\n"), min_size=1, max_size=400),
    column=st.integers(1, 400),
    length=st.integers(0, 500),
)
def test_an_excerpt_fits_80_columns_whatever_the_line(text: str, column: int, length: int) -> None:
    where = Where("a", 12345, min(column, len(text)), length, text)
    line, carets = excerpt(where)
    assert cells(line) <= 80
    assert cells(carets) <= 80
    assert "^" in carets


def test_a_very_long_line_is_cut_around_what_is_meant() -> None:
    line, carets = excerpt(Where("a", 1, 50_001, 4, "x" * 50_000 + "here" + "y" * 50_000))
    start = carets.index("^")
    assert line[start : start + 4] == "here"
    assert "…" in line[:15]
    assert line.endswith("…")


def test_problems_are_sorted_by_place_and_each_is_told_once() -> None:
    late, early = (Problem("x", Where("a", n, 1), "x") for n in (9, 2))
    whole = Problem("x", Where("a"), "x")
    assert in_order([late, early, late, whole]) == (whole, early, late)


def test_suggestions_are_near_or_none() -> None:
    assert did_you_mean("promt", ["prompt", "model"]) == "did you mean `prompt`?"
    assert did_you_mean("PROMPT", ["prompt"]) == "did you mean `prompt`?"
    assert did_you_mean("zzz", ["prompt"]) == ""
    assert closest("siez", ["size", "seed"]) == "size"
