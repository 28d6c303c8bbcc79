from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_batch.manifest.tables import Table, read_table

ROWS = [{"city": "Lisbon", "spot": "Belém"}, {"city": "Porto", "spot": "Ribeira"}]


@pytest.mark.parametrize(
    "text",
    [
        "city,spot\nLisbon,Belém\nPorto,Ribeira\n",
        "city,spot\r\nLisbon,Belém\r\nPorto,Ribeira",
        "city;spot\nLisbon;Belém\nPorto;Ribeira\n",
        "city\tspot\nLisbon\tBelém\nPorto\tRibeira\n",
        "sep=;\r\ncity;spot\r\nLisbon;Belém\r\nPorto;Ribeira\r\n",
        "sep=|\ncity|spot\nLisbon|Belém\nPorto|Ribeira\n",
        "\n\ncity, spot\n\nLisbon, Belém\n,\nPorto, Ribeira\n\n",
        '"city","spot"\n"Lisbon","Belém"\n"Porto","Ribeira"\n',
    ],
)
def test_reads_tables_as_spreadsheets_save_them(text: str):
    table = read_table(text)
    assert table.faults == []
    assert table.records == ROWS


def test_cells_may_have_dividers_quotes_and_line_ends():
    table = read_table('a,b\n"x,y","say ""hi"""\n"one\ntwo",z\nlast,w\n')
    assert table.records == [
        {"a": "x,y", "b": 'say "hi"'},
        {"a": "one\ntwo", "b": "z"},
        {"a": "last", "b": "w"},
    ]
    assert list(table.lines) == [2, 3, 5]


def test_one_column_needs_no_divider_and_may_have_empty_cells():
    assert read_table('city\nLisbon\n""\n').records == [{"city": "Lisbon"}, {"city": ""}]


def faults(table: Table) -> list[tuple[str, list[int], int]]:
    return [(fault.message, fault.lines, fault.count) for fault in table.faults]


@pytest.mark.parametrize(
    ("text", "said", "lines"),
    [
        ("", "this file is empty: there is no header", [1]),
        ("\n\n", "this file is empty: there is no header", [1]),
        ("a,,c\n1,2,3\n", "column 2 has no name", [1]),
        ("a,b,a\n1,2,3\n", "two columns are called `a`", [1]),
        ("a, a\n1,2\n", "two columns are called `a`", [1]),
        ("a,b\n1,2\n3\n", "this row has 1 cell where the header has 2 columns", [3]),
        ("a,b\n1,2,3\n", "this row has 3 cells where the header has 2 columns", [2]),
        ('a,b\n1,2\n"x,3\ny,4\n', "a quote opened in this row is never closed", [3]),
        ('a,b\n"x"y,3\n', "something follows a closing quote in this row", [2]),
        (f"a,b\n{'x' * 200_000},3\n", "a cell in this row is longer than 131,072 characters", [2]),
    ],
)
def test_says_what_is_wrong_with_a_table(text: str, said: str, lines: list[int]):
    assert faults(read_table(text)) == [(said, lines, 1)]


def test_a_thousand_ragged_rows_are_one_fault():
    table = read_table("a,b\n" + "1\n" * 1000)
    assert faults(table) == [
        ("this row has 1 cell where the header has 2 columns", [2, 3, 4], 1000)
    ]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=6), st.sampled_from(",;\t"))
def test_what_a_csv_writer_writes_comes_back(rows: list[tuple[str, str]], divider: str):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=divider, quoting=csv.QUOTE_ALL)
    writer.writerow(["one", "two"])
    writer.writerows(rows)
    table = read_table(out.getvalue())
    assert table.faults == []
    assert table.records == [{"one": a, "two": b} for a, b in rows if a or b]
