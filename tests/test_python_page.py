"""Holds docs/python.md to the Python API: its examples are run, one after the other."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass
from pathlib import Path

import pytest

from sora_batch import api, errors, events
from tests.documents import DOCS, blocks, rows, sections

PAGE = "python.md"


def table(title: str) -> list[list[str]]:
    """The table under a heading, without its head and backticks."""
    (section,) = [section for section in sections(PAGE) if section.title == title]
    return [[cell.strip("`") for cell in row] for row in rows(section)]


def test_the_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "python_page"}
    ran = 0
    for block in blocks(PAGE):
        if block.language == "yaml":
            Path(block.word).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            # The line numbers of a failure are those of the page.
            code = "\n" * (block.line - 1) + block.text
            exec(compile(code, str(DOCS / PAGE), "exec"), names)
            ran += 1
    assert ran >= 8
    assert "and nobody has agreed to it" in capsys.readouterr().out


def test_every_name_is_told() -> None:
    told = [name for cell, _ in table("All names") for name in cell.split("`, `")]
    new, gone = set(api.HOMES).difference(told), set(told).difference(api.HOMES)
    assert not new, f"the table `All names` of docs/{PAGE} does not have {new}"
    assert not gone, f"the table `All names` of docs/{PAGE} still has {gone}"


def test_every_event_is_told() -> None:
    known = [name for name, thing in vars(events).items() if is_made_in(thing, events)]
    assert [name for name, _ in table("Events")] == [
        name for name in known if is_dataclass(getattr(events, name))
    ]


def test_every_error_is_told_with_its_exit_code() -> None:
    told = [(name, int(code)) for name, code, _ in table("Errors")]
    known = {
        name: thing.exit_code
        for name, thing in vars(errors).items()
        if is_made_in(thing, errors) and issubclass(thing, errors.SoraBatchError)
    }
    assert dict(told) == known
    assert len(told) == len(known)


def is_made_in(thing: object, module: object) -> bool:
    """Whether a class is a module's own."""
    return inspect.isclass(thing) and inspect.getmodule(thing) is module
