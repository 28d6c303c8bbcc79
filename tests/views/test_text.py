"""Widths, tables, dollars and spans of time."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sora_batch.views.text import (
    cells,
    counted,
    cut,
    dollars,
    money_text,
    pad,
    printable,
    span,
    table,
)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "?"),
        (Decimal(0), "$0.00"),
        (Decimal("0.8"), "$0.80"),
        (Decimal("0.0125"), "$0.0125"),
        (Decimal("0.01256"), "$0.0126"),
        (Decimal(1234), "$1,234.00"),
        (Decimal("-1.2"), "-$1.20"),
        (Decimal("1E+2"), "$100.00"),
    ],
)
def test_dollars(amount: Decimal | None, text: str | None) -> None:
    assert dollars(amount) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("0.8"), "0.80"),
        (Decimal("0.01256"), "0.01256"),
        (Decimal("1E+2"), "100.00"),
        (None, None),
    ],
)
def test_money_in_json_keeps_every_digit(amount: Decimal | None, text: str | None) -> None:
    assert money_text(amount) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.25, "0.2 s"),
        (45.4, "45 s"),
        (59.7, "1 min"),
        (60, "1 min"),
        (250, "4 min 10 s"),
        (3900, "1 h 05 min"),
    ],
)
def test_span(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_widths_count_columns_and_not_characters() -> None:
    assert cells("海") == 2
    assert cells("e\u0301") == 1
    assert pad("海", 4) == "海  "
    assert pad("海", 4, right=True) == "  海"
    assert cut("海海海", 5) == "海海…"
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"


def test_a_server_cannot_steer_the_terminal() -> None:
    assert printable("bad\x1b[2J\nnews\x07") == "bad·[2J news·"
    assert printable("x" * 400, 10) == "x" * 9 + "…"


def test_table_aligns_and_cuts_only_where_told() -> None:
    rows = [("SHOT", "", "STATE"), ("海", "", "done"), ("hero", "", "a long way to go")]
    assert table(rows) == ["SHOT  STATE", "海    done", "hero  a long way to go"]
    assert table(rows, width=12)[2] == "hero  a lon…"
    assert table([]) == []


def test_counted() -> None:
    assert counted(1, "shot") == "1 shot"
    assert counted(1000, "shot") == "1,000 shots"
    assert counted(2, "try", "tries") == "2 tries"
