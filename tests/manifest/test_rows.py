from __future__ import annotations

from pathlib import Path

import pytest

from sora_batch.manifest.rows import Rows, read_rows
from sora_batch.problems import Problem, Where

ASKED = Where("m.yaml", 4, 15)
TWO = [{"city": "Lisbon"}, {"city": "Porto"}]


def read(folder: Path, name: str, content: str | bytes) -> tuple[Rows | None, list[Problem]]:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    rows, problems, files = read_rows(folder, name, ASKED)
    assert (rows is None) == bool(problems)
    if rows is not None:
        assert list(files) == [folder / name]
    return rows, problems


def only(folder: Path, name: str, content: str | bytes) -> Problem:
    rows, problems = read(folder, name, content)
    assert rows is None
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("c.csv", "city\nLisbon\nPorto\n", [2, 3]),
        ("c.csv", b"\xef\xbb\xbfcity\r\nLisbon\r\nPorto\r\n", [2, 3]),
        ("c.CSV", "city\nLisbon\nPorto\n", [2, 3]),
        ("c.tsv", "city\nLisbon\nPorto\n", [2, 3]),
        ("c.json", '[{"city": "Lisbon"},\n {"city": "Porto"}]\n', [1, 2]),
        ("c.json", '\n[\n\n{"city":\n"Lisbon"}\n,\n{"city": "Porto"}\n]', [4, 7]),
        ("c.jsonl", '{"city": "Lisbon"}\n\n{"city": "Porto"}\n', [1, 3]),
        ("c.ndjson", '{"city": "Lisbon"}\r\n{"city": "Porto"}', [1, 2]),
        ("c.yaml", "- city: Lisbon\n- city: Porto\n", [1, 2]),
        ("c.yml", "- {city: Lisbon}\n\n- {city: Porto}\n", [1, 3]),
    ],
)
def test_reads_rows_and_knows_their_lines(
    tmp_path: Path, name: str, content: str | bytes, lines: list[int]
):
    rows, problems = read(tmp_path, name, content)
    assert problems == []
    assert rows is not None
    assert rows.records == TWO
    assert list(rows.lines) == lines
    assert rows.where(1) == Where(str(tmp_path / name), lines[1], 1)


def test_json_rows_may_be_any_value(tmp_path: Path):
    rows, _ = read(tmp_path, "c.json", '["Lisbon", 2, null, {"a": [1.5, true]}]')
    assert rows is not None
    assert rows.records == ["Lisbon", 2, None, {"a": [1.5, True]}]


@pytest.mark.parametrize(
    ("name", "content", "line", "said"),
    [
        ("c.csv", "city\nLisbon\nM\xfcnchen\n".encode("latin-1"), 3, "this file is not UTF-8"),
        ("c.csv", "city\nLisbon\n".encode("utf-16"), 1, "this file is UTF-16"),
        ("c.csv", "city\nLisbon\n".encode("utf-16-le"), 1, "this file is UTF-16"),
        ("c.csv", "city\nLis\0bon\n", 2, "there is a NUL byte"),
        (
            "c.csv",
            "a,b\n1,2\n3\n4\n",
            3,
            "has 2 columns (2 rows are like that)",
        ),
        ("c.csv", 'a\n"x\n', 2, "a quote opened in this row"),
        ("c.json", '[{"a": 1},\n{"a": 2,}]', 2, "this is not JSON"),
        ("c.json", '[{"a": 1}\n{"a": 2}]', 2, "a `,` or `]` is missing"),
        ("c.json", '[{"a": 1}', 1, "a `,` or `]` is missing"),
        ("c.json", "[1,\n2] x", 2, "something follows the list"),
        ("c.json", '{"a": 1}', 1, "this file is not a list of rows"),
        ("c.json", '[\n{"a": 1, "a": 2}]', 2, "`a` stands twice in this row"),
        ("c.json", "[1,\nNaN]", 2, "`NaN` is not a number"),
        ("c.json", "[" * 100_000, 1, "this row is nested too deeply"),
        ("c.json", f"[{'9' * 5000}]", 1, "digits"),
        ("c.json", '[1,\n{"a": "\\ud800"}]', 2, "half a character"),
        ("c.jsonl", '{"a": 1}\n{"a": }\n', 2, "this is not JSON"),
        ("c.jsonl", '{"a": 1}\n{"a": 2} x\n', 2, "this is not JSON"),
        ("c.yaml", "a: 1\n", 1, "this file is not a list of rows"),
        ("c.yaml", "- a: 1\n- a: [\n", 3, ""),
    ],
)
def test_what_is_wrong_points_into_the_row_file(
    tmp_path: Path, name: str, content: str | bytes, line: int, said: str
):
    problem = only(tmp_path, name, content)
    assert said in problem.message
    assert problem.where.file == str(tmp_path / name)
    assert problem.where.line == line


@pytest.mark.parametrize("content", ["city\n", "city\n\n\n"])
def test_a_file_without_rows_is_a_problem_of_the_manifest(tmp_path: Path, content: str):
    problem = only(tmp_path, "c.csv", content)
    assert problem.where == ASKED
    assert "has no rows" in problem.message


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nope.csv", "there is no file `nope.csv` beside the manifest"),
        ("sub", "`sub` is not a file"),
        ("../c.csv", "`../c.csv` is outside the manifest's folder"),
        ("/etc/passwd", "outside the manifest's folder"),
        ("C:\\rows.csv", "outside the manifest's folder"),
        ("link.csv", "outside the manifest's folder"),
        ("", "no file is named here"),
        ("a\0.csv", "no file is named here"),
        ("x" * 5000 + ".csv", "cannot be looked up"),
        ("rows.xlsx", "`rows.xlsx` is no kind of row file"),
    ],
)
def test_files_that_cannot_be_rows(tmp_path: Path, name: str, said: str):
    folder = tmp_path / "manifests"
    (folder / "sub").mkdir(parents=True)
    (folder / "rows.xlsx").write_bytes(b"PK")
    (folder / "cities.csv").write_text("a\n1\n")
    (tmp_path / "c.csv").write_text("a\n1\n")
    (folder / "link.csv").symlink_to(tmp_path / "c.csv")
    rows, problems, _ = read_rows(folder, name, ASKED)
    assert rows is None
    assert [problem.where for problem in problems] == [ASKED]
    assert said in problems[0].message


def test_a_name_that_is_nearly_right_is_suggested(tmp_path: Path):
    (tmp_path / "cities.csv").write_text("a\n1\n")
    _, problems, _ = read_rows(tmp_path, "citys.csv", ASKED)
    assert problems[0].fix == "did you mean `cities.csv`?"


def test_a_problem_shows_the_line_it_means(tmp_path: Path):
    problem = only(tmp_path, "c.csv", "a,b\n1,2\nx,y,z\n")
    assert problem.where.text == "x,y,z"
