"""Rows and matrices: like beside like."""

from __future__ import annotations

from itertools import groupby

import pytest

from sora_batch.shots import Shot, Size
from sora_batch.views.gallery.page import page_of
from sora_batch.views.gallery.values import Row
from tests.planning.values import manifest, shot
from tests.views.gallery.showing import everything, gathered_of, many


def rows(*shots: Shot) -> dict[str, Row]:
    """The rows of these shots, by shot spec."""
    made = everything() if not shots else gathered_of(manifest(*shots))
    return {row.spec: row for row in page_of(made).rows}


def places(row: Row) -> list[list[str]]:
    """The cards' shot ids, without the spec, by lines."""
    ordered = sorted(row.cards, key=lambda card: (card.line, card.column))
    return [
        [card.shot.partition(".")[2] for card in line]
        for _, line in groupby(ordered, key=lambda card: card.line)
    ]


def test_rows_stand_as_they_are_written() -> None:
    assert list(rows()) == ["hero", "rain", "snow", "city", "pour", "story", "reel"]


def test_variants_are_columns_with_takes_in_them_and_axes_are_lines() -> None:
    row = rows()["pour"]
    assert places(row) == [
        [f"{variant}.lens={lens}.take{take}" for variant in ("warm", "exact") for take in (1, 2)]
        for lens in ("35mm", "100mm")
    ]
    upper, lower = row.heads
    assert [(head.text, head.first, head.span) for head in upper] == [
        ("warm", 1, 2),
        ("exact", 3, 2),
    ]
    assert [head.text for head in lower] == ["take 1", "take 2"] * 2
    assert [head.text for head in row.lines] == ["lens=35mm", "lens=100mm"]
    assert row.shape == "matrix"


def test_without_variants_the_last_axis_makes_columns() -> None:
    axes = [(("lens", lens), ("pace", pace)) for lens in ("24mm", "85mm") for pace in (1, 2)]
    row = rows(*(shot(f"a.{n}", axes=axis) for n, axis in enumerate(axes)))["a"]
    assert places(row) == [["0", "1"], ["2", "3"]]
    assert [head.text for head in row.heads[0]] == ["pace=1", "pace=2"]
    assert [head.text for head in row.lines] == ["lens=24mm", "lens=85mm"]


def test_takes_alone_are_columns() -> None:
    row = rows()["story"]
    assert [head.text for heads in row.heads for head in heads] == ["take 1", "take 2"]
    assert row.tall


@pytest.mark.parametrize(("spec", "shape"), [("hero", "one"), ("city", "flow")])
def test_what_has_one_dimension_flows(spec: str, shape: str) -> None:
    assert rows()[spec].shape == shape


def test_a_long_axis_flows_and_a_hole_stays_a_hole() -> None:
    axes = [shot(f"a.n={n}", axes=(("n", n),)) for n in range(9)]
    assert rows(*axes)["a"].shape == "flow"
    some = (("x", 1), ("y", 2), ("x", 2))
    left_out = [shot(f"a.{v}.t={n}", variant=v, axes=(("t", n),)) for v, n in some]
    assert [(card.column, card.line) for card in rows(*left_out)["a"].cards] == [
        (1, 1),
        (2, 2),
        (1, 2),
    ]


def test_what_all_share_is_said_once() -> None:
    row = rows(shot("a.1", row="1"), shot("a.2", row="2", size=Size(720, 1280), tags=("b",)))["a"]
    assert row.shared == ("sora-2",)
    assert [card.own for card in row.cards] == [("1280 × 720",), ("720 × 1280",)]
    assert row.tags == ()
    assert not row.tall


def test_a_row_says_how_its_shots_stand_and_what_they_came_to() -> None:
    row = rows()["city"]
    assert (row.counts, row.price, row.playable) == ("2 done, 1 failed", "$1.60", 2)
    assert [card.label for card in row.cards] == ["lisbon", "kyoto", "oslo"]


def test_five_hundred_shots_of_a_table_are_one_row() -> None:
    (row,) = page_of(many(500)).rows
    assert len(row.cards) == 500
    assert [piece.text for piece in row.cards[7].prompt if piece.marked] == ["7"]
