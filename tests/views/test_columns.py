"""Columns that fit, ids that stay told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_batch.views.columns import Column, folded, laid_out, middle
from sora_batch.views.paint import PLAIN
from sora_batch.views.text import cells

words = st.text(st.sampled_from("ab 東é"), max_size=80)


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("short", 10, "short"),
        ("opener.calm.take2", 11, "opene…take2"),
        ("opener.calm.take2", 12, "opener…take2"),
        ("東京の名前の通り", 9, "東京…通り"),
        ("東京の名前の通り", 10, "東京…通り"),
        ("abcdefgh", 4, "abc…"),
        ("abcdefgh", 0, ""),
    ],
)
def test_both_ends_of_an_id_are_kept(text: str, width: int, shown: str) -> None:
    assert middle(text, width) == shown


@given(words, st.integers(0, 60))
def test_the_middle_is_never_wider_than_asked(text: str, width: int) -> None:
    assert cells(middle(text, width)) <= width


@given(words, st.integers(20, 60), st.sampled_from(["", "note: ", "    "]))
def test_folded_lines_fit_and_lose_no_word(text: str, width: int, indent: str) -> None:
    lines = folded(text, width, indent=indent)
    assert all(cells(line) <= width for line in lines)
    kept = "".join(line.removeprefix(indent) for line in lines).replace(" ", "")
    assert kept == "".join(text.split())


def test_a_column_without_entries_is_left_out() -> None:
    columns = [Column("SHOT", ["a", "b"]), Column("PRICE", ["", ""], right=True)]
    assert laid_out(columns, "WHY", ["x", "y"], 80, PLAIN) == ["SHOT  WHY", "a     x", "b     y"]


def test_sentences_are_wrapped_in_their_own_column() -> None:
    columns = [Column("SHOT", ["hero"], shrinks=True)]
    lines = laid_out(columns, "WHY", ["one two three four five six seven"], 34, PLAIN)
    assert lines == ["SHOT  WHY", "hero  one two three four five six", "      seven"]


def test_a_word_that_is_one_column_too_long_is_broken_too() -> None:
    for word in ("x" * 11, "京" * 5 + "x"):
        assert [cells(line) for line in folded(word, 10)] == [10, 1]
