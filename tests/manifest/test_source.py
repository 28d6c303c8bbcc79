"""YAML is read with places, within limits, and never lets an exception out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sora_batch.manifest.compose import ALIAS_LIMIT, DEPTH_LIMIT
from sora_batch.manifest.document import Document, Node
from sora_batch.manifest.source import BYTES_LIMIT, read_document, read_text
from sora_batch.problems import Problem, render


def document_of(text: str) -> Document:
    document, problems = read_text("m.yaml", text)
    assert problems == []
    assert document is not None
    return document


def data_of(text: str) -> Any:
    return document_of(text).data


def codes_of(text: str) -> list[str]:
    return [problem.code for problem in read_text("m.yaml", text)[1]]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("on", "on"),
        ("no", "no"),
        ("", None),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("nUll", "nUll"),
        ("12", 12),
        ("-7", -7),
        ("+7", 7),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("16:9", "16:9"),
        ("12:30:45", "12:30:45"),
        ("2026-09-24", "2026-09-24"),
        ("1280x720", "1280x720"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.", 1.0),
        ("1e", "1e"),
        (".", "."),
        ("-", "-x"),
        ("9" * 5000, "9" * 5000),
        ('"12"', "12"),
        ("'true'", "true"),
        ("!!str 12", "12"),
        ("!!int 12", 12),
        ("!!float 12", 12),
        ("! 12", "12"),
    ],
)
def test_a_scalar_means_what_the_core_schema_says(written: str, meant: object) -> None:
    text = f"a: {written}\n" if written != "-" else "a: -x\n"
    value = data_of(text)["a"]
    assert value == meant
    assert type(value) is type(meant)


@pytest.mark.parametrize("written", [".inf", "-.INF", ".nan", "1e999"])
def test_a_number_that_is_none_is_a_problem(written: str) -> None:
    assert codes_of(f"a: {written}\n") == ["number"]


def test_every_value_and_key_has_its_place() -> None:
    document = document_of(
        "version: 1\nshots:\n  hero: {prompt: 'a  b', seconds: 4}\n  next:\n    - x\n"
    )

    def place(*path: str | int, key: bool = False) -> tuple[int, int, int]:
        where = document.where(path, key=key)
        return where.line, where.column, where.length

    assert place("version") == (1, 10, 1)
    assert place("version", key=True) == (1, 1, 7)
    assert place("shots", "hero", "prompt") == (3, 18, 6)
    assert place("shots", "hero", "seconds", key=True) == (3, 26, 7)
    assert place("shots", "hero") == (3, 9, 28)
    assert place("shots", "next", 0) == (5, 7, 1)
    assert place("shots", "hero", "model") == place("shots", "hero", key=True)
    assert place("shots", "nobody", "prompt") == place("shots", key=True)
    assert document.where(()).line == 1
    assert str(document.where(("shots", "next", 0))) == "m.yaml:5:7"


TEMPLATES = """\
literal: |
  one {{ two }}
    three {{ x }}

  four {{ y }}
stripped: |2-
    more {{ x }}
folded: >-
  folded text goes
  on {{ here }} and

  more {{ x }}
double: "quoted \\n\\t text {{ x }} \\"y\\" \\u00e9 {{ z }}"
single: 'it''s {{ x }}'
plain: plain {{ x }} goes
  on {{ y }}
lines: "multi line
  goes on {{ z }}\\
  {{ end }}"
"""


@pytest.mark.parametrize(
    "name", ["literal", "stripped", "folded", "double", "single", "plain", "lines"]
)
def test_a_place_in_a_text_is_a_place_in_the_file(name: str) -> None:
    document = document_of(TEMPLATES)
    value = data_of(TEMPLATES)[name]
    found = list(re.finditer(r"\{\{ \w+ \}\}", value))
    assert found
    for match in found:
        line = value.count("\n", 0, match.start()) + 1
        column = match.start() - value.rfind("\n", 0, match.start())
        where = document.where_in((name,), line, column, len(match[0]))
        assert where.text[where.column - 1 :][: where.length] == match[0]


def test_a_place_beyond_a_text_is_still_in_the_file() -> None:
    document = document_of(TEMPLATES)
    for name in data_of(TEMPLATES):
        for line, column in ((1, 9999), (99, 1), (999, 999)):
            where = document.where_in((name,), line, column)
            assert 0 < where.column <= len(where.text) + 1
    assert document.where_in(("nobody",), 1, 1) == document.where(("nobody",))


def test_aliases_share_what_they_repeat_and_merge_keys_give_way() -> None:
    text = (
        "base: &base {a: 1, b: 2}\nother: &other {b: 3, c: 4}\nboth:\n  b: 0\n"
        "  <<: [*base, *other]\nover:\n  <<: *base\n  a: 9\nquoted: {'<<': x}\n"
    )
    data = data_of(text)
    assert data["both"] == {"b": 0, "a": 1, "c": 4}
    assert data["over"] == {"a": 9, "b": 2}
    assert list(data["over"]) == ["a", "b"]
    assert data["quoted"] == {"<<": "x"}
    document = document_of(text)
    assert document.where(("both", "c")).line == 2
    assert document.where(("over", "a"), key=True).line == 8


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate-key"),
        ("on: 1\n", "boolean-key"),
        ("y: 1\n", "boolean-key"),
        ("Off: 1\n", "boolean-key"),
        ("1: a\n", "key-not-text"),
        ("true: a\n", "key-not-text"),
        ("? [a]\n: b\n", "key-not-text"),
        ("? {a: b}\n: c\n", "key-not-text"),
        ("a: {{ b }}\n", "template-unquoted"),
        ("a: *b\n", "alias"),
        ("a: &a [*a]\n", "alias"),
        ("<<: 1\n", "merge-key"),
        ("<<: [1]\n", "merge-key"),
        ("a: !!python/name:os.system x\n", "tag"),
        ("a: !!binary aGk=\n", "tag"),
        ("a: !mine {}\n", "tag"),
        ("a: !!int x\n", "tag"),
        ("a: 1\n---\nb: 2\n", "several-documents"),
        ("---\n---\n", "several-documents"),
        ("\ta: 1\n", "tab"),
        ("a:\n\t- b\n", "tab"),
        ("a: b\x07\n", "invisible-character"),
        ("a: b\x85c\n", "invisible-character"),
        ("a: b\u2028c\n", "invisible-character"),
        ("[" * (DEPTH_LIMIT + 1), "too-deep"),
        ("a: " + "{a: " * (DEPTH_LIMIT + 50), "too-deep"),
        ("- " * (DEPTH_LIMIT + 1), "too-deep"),
        ("a: [1, 2\n", "yaml"),
        ("a: @b\n", "yaml"),
    ],
)
def test_what_a_manifest_forbids_is_a_problem(text: str, code: str) -> None:
    assert codes_of(text) == [code]


def test_quoted_keys_may_be_anything() -> None:
    assert data_of('"on": 1\n\'2024\': 2\n"~": 3\n') == {"on": 1, "2024": 2, "~": 3}


def test_duplicate_keys_name_both_lines() -> None:
    _, problems = read_text("m.yaml", "a: 1\nb:\n  c: 1\n  c: 2\n")
    assert [p.where.line for p in problems] == [4]
    assert [place.line for place in problems[0].also] == [3]


def test_depth_up_to_the_limit_is_fine() -> None:
    assert codes_of("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT) == []


def test_aliases_may_repeat_many_values_but_not_without_end() -> None:
    lines = ["a0: &a0 [" + ", ".join("x" * 10) + "]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert codes_of("\n".join(lines)) == ["alias-bomb"]
    merges = ["m: &m {" + ", ".join(f"k{n}: 1" for n in range(1000)) + "}"]
    merges += [f"n{n}: {{<<: *m}}" for n in range(ALIAS_LIMIT // 1000 // 2)]
    assert len(merges) > 100
    assert codes_of("\n".join(merges)) in ([], ["alias-bomb"])
    assert codes_of("\n".join(lines[:4])) == []


def test_thousands_of_problems_stop_being_told() -> None:
    problems = read_text("m.yaml", "\n".join(f"{n}: x" for n in range(5000)))[1]
    assert problems[-1].code == "too-many"
    assert len(problems) < 200


@pytest.mark.parametrize(
    "raw",
    [
        "a: ü\nb: 2\n".encode(),
        b"\xef\xbb\xbf" + "a: ü\nb: 2\n".encode(),
        "a: ü\r\nb: 2\r\n".encode(),
        "a: ü\rb: 2\r".encode(),
        "a: ü\nb: 2\n".encode("utf-16"),
        b"\xfe\xff" + "a: ü\nb: 2\n".encode("utf-16-be"),
        b"\xff\xfe\x00\x00" + "a: ü\nb: 2\n".encode("utf-32-le"),
    ],
)
def test_marks_and_line_ends_change_nothing(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(raw)
    document, problems = read_document(path)
    assert problems == []
    assert document is not None
    assert document.data == {"a": "ü", "b": 2}
    assert document.where(("b",)).line == 2
    assert document.file == str(path)


@pytest.mark.parametrize(
    "raw", ["a: ü".encode("latin-1"), "a: b".encode("utf-16-le"), b"\x89PNG\r\n\x1a\n\0"]
)
def test_what_is_not_text_is_a_problem_of_encoding(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(raw)
    document, problems = read_document(path)
    assert document is None
    assert [p.code for p in problems] == ["encoding"]


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    with path.open("wb") as stream:
        stream.truncate(BYTES_LIMIT + 1)
    assert [p.code for p in read_document(path)[1]] == ["too-large"]


def test_a_missing_file_names_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "harbour.yaml").write_text("a: 1\n")
    for name, fix in (
        ("habour.yaml", "did you mean `harbour.yaml`?"),
        ("nope.yaml", "check the path"),
    ):
        document, problems = read_document(tmp_path / name)
        assert document is None
        assert [(p.code, p.fix) for p in problems] == [("missing-file", fix)]
    assert read_document(tmp_path)[1][0].message == "this is a folder"


@pytest.mark.parametrize(
    "line",
    [
        "api_key: sk-secret-1",
        "api_key: 'sk-secret-1'",
        'x: {api_key: "sk-secret-1", b: 1}',
        "api_key: [sk-secret-1",
        'api_key: "sk-secret-1',
        "api-key: sk-secret-1: x",
        "password: sk-secret-1",
        "base_url: https://user:sk-secret-1@host/v1",
        "api_key: |\n  sk-secret-1",
    ],
)
def test_no_line_is_shown_with_its_secret(line: str) -> None:
    document, problems = read_text("m.yaml", f"{line}\n")
    shown = [render(problem) for problem in problems]
    if document is not None:
        text = document.root.source
        shown += [text.line(number) for number in range(1, 4)]
    assert shown
    assert not any("sk-secret" in each for each in shown)


def test_the_name_of_a_variable_is_no_secret() -> None:
    document = document_of("api_key: ${GPU_BOX_KEY}\n")
    assert document.where(("api_key",)).text == "api_key: ${GPU_BOX_KEY}"


@pytest.mark.parametrize(
    "path", sorted(Path("tests/problems").glob("*.yaml")), ids=lambda path: path.stem
)
def test_both_parsers_say_the_same(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    said = []
    for parser in (yaml.CSafeLoader, yaml.SafeLoader):
        document, problems = read_text("m.yaml", text, parser=parser)
        said.append((document.data if document else None, [render(p) for p in problems]))
    assert said[0] == said[1]


def nodes_of(node: Node) -> list[Node]:
    found = [node]
    for each in found:
        if isinstance(each.children, dict):
            found += [*each.children.values(), *(each.keys or {}).values()]
        elif each.children:
            found += each.children
    return found


def inside(problem: Problem) -> bool:
    return all(
        where.line >= 0 and 0 <= where.column - (where.line > 0) <= len(where.text)
        for where in (problem.where, *problem.also)
    )


YAML_PIECES = st.lists(
    st.sampled_from(
        [*"abcxyz -:\n#'\"[]{},&*!|>%@`~?<.\t\\ü漢\u2028\ufeff", "\n  ", ": ", "- ", "{{ a }}",
         "<<: ", "*a", "&a ", "on: ", "1: ", "api_key: ", "a: ", "\r\n", "---\n", "!!str ", "0x1"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.one_of(YAML_PIECES, st.text()))
@example("a: &a\n  <<: *a\n")
@example('a: "\\ud800"')
def test_any_text_is_read_or_explained_and_places_stay_inside(text: str) -> None:
    document, problems = read_text("m.yaml", text)
    assert document is not None or problems
    assert all(render(problem) and inside(problem) for problem in problems)
    if document is not None:
        for node in nodes_of(document.root)[:500]:
            where = node.where
            assert 1 <= where.column <= len(where.text) + 1
            for place in (node.place_in(1, 1), node.place_in(2, 3)):
                assert 1 <= place.column <= len(place.text) + 1


@settings(max_examples=150, deadline=None)
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_read_or_explained(
    raw: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(raw)
    document, problems = read_document(path)
    assert document is not None or problems
    assert all(render(problem) for problem in problems)
