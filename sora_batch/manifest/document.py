"""A YAML text as data that remembers where every part of it was written.

`Source` is the text, `Node` one value of it with its place, `Document` the whole. A node knows its
source, so nodes of several files may be merged into one tree and each still points home.

The trap: values of keys that hold secrets are masked in every line a `Source` shows, because an
excerpt ends up in terminals, logs and bug reports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sora_batch.problems import Where
from sora_batch.shots import Json

Path: TypeAlias = Sequence[str | int]
"""The way from the root to a value: keys and list indexes."""

LITERAL, FOLDED, DOUBLE, SINGLE, PLAIN = "|", ">", '"', "'", ""

_KEY_UNREAD = re.compile(r"(?i)(api[-_]?key\w*[\"']?\s*[:=]\s*)(?!\"?\$\{\w+\}\"?\s*$)(?=\S)(.+)")
_USER_IN_ADDRESS = re.compile(r"(?<=://)[^/\s@\"']+(?=@)")
_UNITS = {
    DOUBLE: re.compile(r"\\(?:x\w{2}|u\w{4}|U\w{8}|.|$)|\S"),
    SINGLE: re.compile(r"''|\S"),
    PLAIN: re.compile(r"\S"),
}
_BLANK_ESCAPES = frozenset(
    {"\\", "\\ ", "\\\t", r"\n", r"\t", r"\r", r"\v", r"\f", r"\_", r"\N", r"\L", r"\P"}
)


class Source:
    """One text: the file's name as shown to people, and its lines as they may be shown."""

    __slots__ = ("_hidden", "_lines", "file", "parsed", "text")

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.parsed = False
        self._lines: list[str] | None = None
        self._hidden: list[tuple[int, int, int, int]] = []

    def hide(self, line: int, column: int, end_line: int, end_column: int) -> None:
        """Masks this part of the text wherever a line of it is shown; counted from 1."""
        self._hidden.append((line, column, end_line, end_column))

    def raw_line(self, number: int) -> str:
        """The line as written, "" where there is none."""
        if self._lines is None:
            self._lines = self.text.split("\n")
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""

    def line(self, number: int) -> str:
        """The line as it may be shown: secrets are masked, columns stay."""
        text = self.raw_line(number)
        for first, start, last, end in self._hidden:
            if first <= number <= last:
                begin = start - 1 if number == first else len(text) - len(text.lstrip())
                stop = end - 1 if number == last else len(text)
                text = text[:begin] + "*" * (stop - begin) + text[stop:]
        if not self.parsed:
            # No marks tell where a value ends in a text that could not be parsed: all of it goes.
            text = _KEY_UNREAD.sub(lambda m: m[1] + "*" * len(m[2]), text)
        return _USER_IN_ADDRESS.sub(lambda m: "*" * len(m[0]), text) if "://" in text else text

    def where(self, line: int, column: int, length: int = 1) -> Where:
        """The place, cut to what the line has."""
        text = self.line(line)
        column = max(1, min(column, len(text) + 1))
        return Where(self.file, line, column, max(1, min(length, len(text) + 1 - column)), text)


class Node:
    """One value and its place: line and column from 1, `length` of what stands in that line.

    `data` is the plain value, shared with the parents' `data`; nobody changes it. `children` are
    the nodes of a mapping or list, None for anything else; `keys` the places of a mapping's keys.
    `style` is how a scalar was quoted. `size` counts the values in it, aliases expanded.
    """

    __slots__ = ("children", "column", "data", "keys", "length", "line", "size", "source", "style")

    def __init__(
        self,
        source: Source,
        line: int,
        column: int,
        length: int,
        data: Json,
        style: str = PLAIN,
        children: dict[str, Node] | list[Node] | None = None,
        keys: dict[str, Node] | None = None,
        size: int = 1,
    ) -> None:
        self.source = source
        self.line = line
        self.column = column
        self.length = length
        self.data = data
        self.style = style
        self.children = children
        self.keys = keys
        self.size = size

    @property
    def where(self) -> Where:
        """Its place."""
        return self.source.where(self.line, self.column, self.length)

    def child(self, step: str | int) -> Node | None:
        """The value under a key or at an index."""
        if isinstance(self.children, dict):
            return self.children.get(step) if isinstance(step, str) else None
        if isinstance(self.children, list) and isinstance(step, int):
            return self.children[step] if 0 <= step < len(self.children) else None
        return None

    def key(self, name: str | int) -> Node | None:
        """The key itself, with its place."""
        return self.keys.get(name) if self.keys and isinstance(name, str) else None

    def at(self, path: Path) -> Node | None:
        """The value at the end of the path, None where the path leads nowhere."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            node = node.child(step)
        return node

    def place(self, path: Path, *, key: bool = False) -> Where:
        """The place of a value, or of its key; of the nearest thing around it where it is not."""
        node, name = self, None
        for step in path:
            below = node.child(step)
            if below is None:
                return (name or node).where
            node, name = below, node.key(step)
        return (name if key and name else node).where

    def place_in(self, line: int, column: int, length: int = 1) -> Where:
        """The place of a part of a string, given as line and column (from 1) of its value."""
        if self.style == LITERAL:
            return self._in_literal(line, column, length)
        lines = str(self.data).split("\n")
        before = (
            "".join(lines[: line - 1])
            + (lines[line - 1] if line <= len(lines) else "")[: column - 1]
        )
        return self._after_units(len("".join(before.split())), length)

    def _in_literal(self, line: int, column: int, length: int) -> Where:
        number = self.line + line
        value = str(self.data).split("\n")
        wanted = value[line - 1] if 0 < line <= len(value) else ""
        indent = len(self.source.raw_line(number)) - len(wanted)
        return self.source.where(number, max(0, indent) + column, length)

    def _after_units(self, count: int, length: int) -> Where:
        """Folding changes white space only, so what is not white space can be counted."""
        unit = _UNITS.get(self.style, _UNITS[PLAIN])
        number, start = self.line, self.column - 1 + (self.style in {DOUBLE, SINGLE})
        if self.style == FOLDED:
            number, start = self.line + 1, 0
        last = self.source.text.count("\n") + 1 if count else number
        while number <= last:
            for match in unit.finditer(self.source.raw_line(number), start):
                if match[0] in _BLANK_ESCAPES:
                    continue
                if count == 0:
                    return self.source.where(number, match.start() + 1, length)
                count -= 1
            number, start = number + 1, 0
        return self.where


def mapping(children: Mapping[str, Node], keys: Mapping[str, Node], at: Node) -> Node:
    """A mapping made of nodes that stand elsewhere, at the place of another node."""
    data: dict[str, Json] = {name: node.data for name, node in children.items()}
    size = 1 + sum(node.size for node in children.values())
    place = (at.source, at.line, at.column, at.length)
    return Node(*place, data, PLAIN, dict(children), dict(keys), size)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One YAML file, read: its name as shown to people, its root and its bytes' digest."""

    file: str
    root: Node
    sha256: str

    @property
    def data(self) -> Json:
        """The plain value of the whole."""
        return self.root.data

    def where(self, path: Path, *, key: bool = False) -> Where:
        """The place of the value at the path (or of its key); of the nearest thing around it
        where the path leads nowhere."""
        return self.root.place(path, key=key)

    def where_in(self, path: Path, line: int, column: int, length: int = 1) -> Where:
        """The place of a part of the string at the path, by line and column of its value."""
        node = self.root.at(path)
        return node.place_in(line, column, length) if node else self.where(path)
