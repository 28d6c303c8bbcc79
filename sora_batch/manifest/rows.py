"""Reads the rows of a `for_each`: csv, tsv, json, jsonl and yaml files beside the manifest.

A row of a table is a mapping of its columns, every value a string; elsewhere a row is whatever
JSON value it is. Each row knows its line. What is wrong is told with the row file's own line; the
same thing wrong in many rows is one problem with a count.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sora_batch.manifest.beside import Unreadable, find_beside, read_text
from sora_batch.manifest.source import read_document
from sora_batch.manifest.tables import read_table
from sora_batch.problems import Problem, Where
from sora_batch.shots import Json

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".yaml", ".yml")

_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANK = re.compile(r"[ \t\r\n]*")
_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(slots=True)
class Rows:
    """Rows in order, and the line in `file` where each begins; no lines for an inline list."""

    records: list[Json]
    file: str = ""
    lines: Sequence[int] = ()
    text: str = field(default="", repr=False)
    _split: list[str] | None = field(default=None, repr=False)

    def where(self, index: int) -> Where | None:
        """The line where the row begins, None for an inline list."""
        return self.line(self.lines[index]) if index < len(self.lines) else None

    def line(self, number: int) -> Where:
        """A line of the file, as a place; the whole file where the number is 0."""
        if not number:
            return Where(self.file)
        if self._split is None:
            self._split = _LINE_END.split(self.text)
        shown = self._split[number - 1] if number <= len(self._split) else ""
        return Where(self.file, number, 1, max(1, len(shown)), shown)


class _Faulty(Exception):
    """One thing wrong with a row file, and the lines it is wrong in; they say it all."""

    def __init__(self, message: str, lines: Sequence[int], *, fix: str = "") -> None:
        super().__init__(message)
        self.message, self.lines, self.fix = message, lines, fix


def read_rows(
    folder: Path, name: str, asked_at: Where
) -> tuple[Rows | None, list[Problem], dict[Path, bytes]]:
    """The rows of a file, what is wrong with it, and the bytes that were read, by path.

    `asked_at` is where the manifest names the file.
    """
    try:
        path = find_beside(folder, name)
    except Unreadable as error:
        return None, [Problem(error.message, asked_at, "rows", error.fix)], {}
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        fix = f"rows are read from {', '.join(SUFFIXES)}"
        return None, [Problem(f"`{name}` is no kind of row file", asked_at, "rows", fix)], {}
    rows = Rows([], file=str(path))
    try:
        rows.text, raw = read_text(path)
    except Unreadable as error:
        where = rows.line(error.line) if error.line else asked_at
        return None, [Problem(error.message, where, "rows", error.fix)], {}
    problems = _read_into(rows, path, suffix)
    if not problems and not rows.records:
        message = f"`{name}` has no rows, so there is nothing to make"
        problems.append(Problem(message, asked_at, "rows", "add rows, or leave the shot out"))
    return (None if problems else rows), problems, {path: raw}


def _read_into(rows: Rows, path: Path, suffix: str) -> list[Problem]:
    if suffix in {".csv", ".tsv"}:
        table = read_table(rows.text, tabs=suffix == ".tsv")
        rows.records, rows.lines = table.records, table.lines
        return [
            _problem(rows, fault.message, fault.lines, fault.fix, fault.count)
            for fault in table.faults
        ]
    if suffix in {".yaml", ".yml"}:
        return _read_yaml(rows, path)
    try:
        (_read_array if suffix == ".json" else _read_lines)(rows)
    except _Faulty as fault:
        return [_problem(rows, fault.message, fault.lines, fault.fix, len(fault.lines))]
    return []


def _problem(rows: Rows, message: str, lines: Sequence[int], fix: str, count: int) -> Problem:
    """The problem at the first line, the next ones beside it."""
    places = [rows.line(number) for number in lines[:3]] or [Where(rows.file)]
    more = f" ({count:,} rows are like that)" if count > 1 else ""
    return Problem(message + more, places[0], "rows", fix, tuple(places[1:]))


def _read_yaml(rows: Rows, path: Path) -> list[Problem]:
    document, problems = read_document(path)
    if document is None or problems:
        return problems
    children = document.root.children
    if not isinstance(children, list) or not isinstance(document.data, list):
        fix = "begin every row with `- `"
        return [Problem("this file is not a list of rows", document.where(()), "rows", fix)]
    rows.records = document.data
    rows.lines = array("L", (node.line for node in children))
    return []


def _read_lines(rows: Rows) -> None:
    decoder = _decoder()
    lines = array("L")
    for number, line in enumerate(_LINE_END.split(rows.text), 1):
        if line.strip():
            rows.records.append(_decoded(decoder, line.strip(), number))
            lines.append(number)
    rows.lines = lines


def _decoded(decoder: json.JSONDecoder, text: str, line: int) -> Json:
    try:
        value: Json = decoder.decode(text)
    except json.JSONDecodeError as error:
        raise _Faulty(
            f"this is not JSON: {_lowered(error.msg)} at column {error.colno}", [line]
        ) from error
    except (ValueError, RecursionError) as error:
        raise _Faulty(_said(error), [line]) from error
    _check_text(text, value, line)
    return value


def _read_array(rows: Rows) -> None:
    """A JSON list, one element at a time, so that each knows its line."""
    text, decoder = rows.text, _decoder()
    lines = array("L")
    position = _after_blank(text, 0)
    if text[position : position + 1] != "[":
        raise _Faulty("this file is not a list of rows", [1], fix="put the rows in `[ ]`")
    position = _after_blank(text, position + 1)
    line, counted = 1, 0
    closed = text[position : position + 1] == "]"
    while not closed:
        line, counted = line + text.count("\n", counted, position), position
        try:
            value, end = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            message = f"this is not JSON: {_lowered(error.msg)} at column {error.colno}"
            raise _Faulty(message, [error.lineno]) from error
        except (ValueError, RecursionError) as error:
            raise _Faulty(_said(error), [line]) from error
        _check_text(text[position:end], value, line)
        rows.records.append(value)
        lines.append(line)
        position, closed = _next_element(text, end)
    if _after_blank(text, position + 1) < len(text):
        raise _Faulty("something follows the list", [text.count("\n", 0, position) + 1])
    rows.lines = lines


def _next_element(text: str, end: int) -> tuple[int, bool]:
    """Where the next element begins, or the position of the `]` and True."""
    position = _after_blank(text, end)
    sign = text[position : position + 1]
    if sign == "]":
        return position, True
    if sign != ",":
        line = text.count("\n", 0, position) + 1
        raise _Faulty("this is not JSON: a `,` or `]` is missing", [line])
    return _after_blank(text, position + 1), False


def _after_blank(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return match.end() if match else position


def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    known = list(pairs)
    made = dict(known)
    if len(made) != len(known):
        names = [name for name, _ in known]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"`{twice}` stands twice in this row")
    return made


def _no_constant(word: str) -> float:
    raise ValueError(f"`{word}` is not a number that JSON knows")


def _check_text(text: str, value: Json, line: int) -> None:
    """Halves of characters (`"\\ud800"`) can be written in JSON and sent nowhere."""
    if _ESCAPED.search(text) is None:
        return
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise _Faulty("half a character (a lone surrogate) is in this row", [line]) from error


def _said(error: BaseException) -> str:
    return "this row is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
