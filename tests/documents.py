"""Reads the pages of docs/: their fenced blocks, their tables, the command lines they show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"

_FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the word behind it, its text, and its first line's number."""

    language: str
    word: str
    text: str
    line: int


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it, up to the next one."""

    title: str
    text: str


def page(name: str) -> str:
    """The text of a page."""
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(name: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page(name)
    return [
        Block(found[1], found[2] or "", found[3], text.count("\n", 0, found.start()) + 2)
        for found in _FENCE.finditer(text)
    ]


def sections(name: str) -> list[Section]:
    """The sections of a page; what stands in fenced blocks is no heading."""
    text = _FENCE.sub("", page(name))
    found = list(_HEADING.finditer(text))
    ends = [*(heading.start() for heading in found[1:]), len(text)]
    return [
        Section(heading[1], text[heading.end() : end])
        for heading, end in zip(found, ends, strict=True)
    ]


def rows(section: Section) -> list[list[str]]:
    """The rows of the first table of a section, without its head, in cells without backticks."""
    lines = section.text.split("\n")
    start = next((n for n, line in enumerate(lines) if line.startswith("|")), len(lines))
    table = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip().replace("\\|", "|") for cell in _CELL.split(line)[1:-1]])
    return table[2:]


def command_lines(name: str) -> Iterator[list[str]]:
    """The words of every `sora-batch ...` of a page, without comments, pipes and redirections."""
    text = page(name)
    code = [line for line in text.split("\n") if line.startswith("    sora-batch ")]
    for line in [*code, *re.findall(r"`(sora-batch [^`]+)`", text)]:
        words = shlex.split(line, comments=True)
        ends = [n for n, word in enumerate(words) if word in {"|", ">", "&&"}]
        yield words[1 : min(ends, default=len(words))]
