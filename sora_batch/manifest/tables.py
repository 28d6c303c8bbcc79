"""Reads tables: text with a header line and rows, as spreadsheets save them.

A `.csv` may be divided by commas, or, as Excel saves it in half of Europe, by semicolons or tabs:
whichever stands most often in the header divides, and a first line `sep=;` says so itself. Blanks
behind a divider and around column names mean nothing; rows with nothing in them are no rows.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sora_batch.shots import Json


@dataclass(slots=True)
class TableFault:
    """One kind of thing that is wrong, the first lines it is wrong in, and in how many."""

    message: str
    lines: list[int]
    fix: str = ""
    count: int = 1


@dataclass(slots=True)
class Table:
    """The rows as mappings, the line where each begins, and what is wrong with the table."""

    records: list[Json] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("L"))
    faults: list[TableFault] = field(default_factory=list)


def read_table(text: str, *, tabs: bool = False) -> Table:
    """The table in a text. With faults, the rows are only those before or without them."""
    table = Table()
    text, skipped = _without_sep(text)
    divider = skipped or ("\t" if tabs else _divider(text))
    records = _records(text, divider, table, 1 if skipped else 0)
    line, header = next(records, (1, []))
    names = [name.strip() for name in header]
    if not names:
        if not table.faults:
            table.faults.append(TableFault("this file is empty: there is no header", [1]))
        return table
    _check_header(names, line, table)
    if not table.faults:
        _read_rows(names, records, table)
    return table


def _read_rows(
    names: Sequence[str], records: Iterator[tuple[int, list[str]]], table: Table
) -> None:
    width = len(names)
    short = TableFault("", [], count=0)
    for line, cells in records:
        if len(cells) == width:
            table.records.append(dict(zip(names, cells, strict=True)))
            table.lines.append(line)
        elif any(cells):
            short.count += 1
            if len(short.lines) < 3:
                short.lines.append(line)
                short.message = short.message or _ragged(len(cells), width)
    if short.count:
        short.fix = "give every row a cell for each column; a divider inside a cell needs quotes"
        table.faults.append(short)


def _ragged(cells: int, width: int) -> str:
    return f"this row has {_count(cells, 'cell')} where the header has {_count(width, 'column')}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _check_header(names: Sequence[str], line: int, table: Table) -> None:
    for number, name in enumerate(names, 1):
        if not name:
            message = f"column {number} has no name"
            table.faults.append(TableFault(message, [line], "name it in the header, or remove it"))
        elif name in names[: number - 1]:
            message = f"two columns are called `{name}`"
            table.faults.append(TableFault(message, [line], "give each column a name of its own"))


def _records(
    text: str, divider: str, table: Table, skipped: int
) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line where it begins; rows with nothing in them left out."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=divider, strict=True, skipinitialspace=True
    )
    line = 1 + skipped
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            table.faults.append(_broken(error, line))
            return
        if cells and (len(cells) == 1 or cells[0] or any(cells)):
            yield line, cells
        line = reader.line_num + 1 + skipped


def _broken(error: csv.Error, line: int) -> TableFault:
    words = str(error)
    if "unexpected end" in words:
        return TableFault("a quote opened in this row is never closed", [line], 'close it with `"`')
    if "expected after" in words:
        fix = 'write a quote inside quotes twice: `""`'
        return TableFault("something follows a closing quote in this row", [line], fix)
    if "field limit" in words:
        limit = csv.field_size_limit()
        return TableFault(f"a cell in this row is longer than {limit:,} characters", [line])
    return TableFault(f"this row cannot be read: {words}", [line])


def _without_sep(text: str) -> tuple[str, str]:
    """The text without Excel's `sep=;` line, and the divider it names."""
    first, _, rest = text.partition("\n")
    first = first.strip("\r")
    return (rest, first[4]) if len(first) == 5 and first.lower().startswith("sep=") else (text, "")


def _divider(text: str) -> str:
    """What divides the header: comma unless semicolons or tabs are more."""
    counts = dict.fromkeys(",;\t", 0)
    quoted = begun = False
    for char in text:
        begun = begun or not char.isspace()
        if char == '"':
            quoted = not quoted
        elif not quoted and char in "\r\n":
            if begun:
                break
        elif not quoted and char in counts:
            counts[char] += 1
    return max(counts, key=lambda sign: counts[sign])
