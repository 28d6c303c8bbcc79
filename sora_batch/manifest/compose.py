"""Builds nodes from YAML events, without recursion and within limits.

Knows what a manifest forbids of YAML: duplicate keys, keys that are not text, tags, several
documents, aliases that multiply without end. What it can read past, it reports and reads on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import yaml

from sora_batch.manifest.document import DOUBLE, FOLDED, LITERAL, PLAIN, Node, Source
from sora_batch.manifest.frames import Event, Open
from sora_batch.manifest.scalars import resolve
from sora_batch.manifest.syntax import unquoted_template
from sora_batch.problems import Problem, Where
from sora_batch.shots import Json

DEPTH_LIMIT: Final = 100
ALIAS_LIMIT: Final = 1_000_000
PROBLEM_LIMIT: Final = 100

_BOOLEAN_KEYS = frozenset({"on", "off", "yes", "no", "y", "n"})
_SECRETS = frozenset(
    "api_key apikey api-key key_api access_key secret secret_key token access_token auth_token "
    "password passphrase authorization bearer".split()
)
_VARIABLE = re.compile(r"\$\{\w+\}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CORE = "tag:yaml.org,2002:"


class Unreadable(Exception):
    """The text cannot be read any further; carries the problem that says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Composer:
    """One text being read: the open collections, the anchors, the problems so far."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self._stack: list[Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._expanded = 0
        self._documents = 0
        self._end: tuple[int, int] = (1, 1)

    def compose(self, events: Iterable[yaml.Event]) -> Node | None:
        """The root of the one document; None where there is none. Raises Unreadable."""
        handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: self._open,
            yaml.SequenceStartEvent: self._open,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.DocumentStartEvent: self._document,
        }
        for event in events:
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
        return self.root

    def _document(self, event: Event) -> None:
        self._documents += 1
        if self._documents > 1:
            where = self.source.where(event.start_mark.line + 1, 1, 3)
            raise Unreadable(
                Problem(
                    "a second document begins here",
                    where,
                    "several-documents",
                    "keep one manifest in one file; a line `---` may only stand at the top",
                )
            )

    def _scalar(self, event: Event) -> None:
        start, end = event.start_mark, event.end_mark
        style = event.style or PLAIN
        text = event.value
        if style in {LITERAL, FOLDED}:
            length = 1
        elif start.line == end.line:
            length = end.column - start.column
        else:
            length = len(self.source.raw_line(start.line + 1).rstrip()) - start.column
        data: Json = resolve(text) if style == PLAIN else text
        node = Node(self.source, start.line + 1, start.column + 1, length, data, style)
        if event.tag is not None:
            self._check_tag(event.tag, node, text)
        if data.__class__ is float and not math.isfinite(data):
            self._complain(node.where, f"`{text}` is no number that can be used here", "number")
            node.data = text
        if style == DOUBLE and _SURROGATE.search(text):
            self._complain(node.where, "an escape in this text makes no character", "yaml")
            node.data = _SURROGATE.sub("?", text)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._end = (end.line + 1, end.column + 1)
        self._add(node)

    def _alias(self, event: Event) -> None:
        mark, name = event.start_mark, event.anchor or ""
        length = event.end_mark.column - mark.column
        where = self.source.where(mark.line + 1, mark.column + 1, length)
        node = self._anchors.get(name)
        if node is None:
            known = name in self._anchors
            message = (
                f"`*{name}` stands inside what it repeats"
                if known
                else (f"nothing above is named `&{name}`")
            )
            fix = (
                "write the value out"
                if known
                else f'for text that begins with `*`, write it in quotes: "*{name}"'
            )
            self._complain(where, message, "alias", fix)
            node = Node(self.source, where.line, where.column, length, None)
        self._expanded += node.size
        if self._expanded > ALIAS_LIMIT:
            message = f"aliases repeat more than {ALIAS_LIMIT:,} values up to here"
            raise Unreadable(
                Problem(message, where, "alias-bomb", "write fewer aliases of aliases")
            )
        self._end = (node.line, node.column + node.length)
        self._add(node)

    def _open(self, event: Event) -> None:
        frame = Open(event, mapping=isinstance(event, yaml.MappingStartEvent))
        if len(self._stack) >= DEPTH_LIMIT:
            where = self.source.where(frame.line, frame.column)
            message = f"more than {DEPTH_LIMIT} levels inside each other"
            raise Unreadable(Problem(message, where, "too-deep", "write it flatter"))
        if event.tag is not None and event.tag not in {f"{_CORE}map", f"{_CORE}seq", "!"}:
            self._refuse_tag(event.tag, self.source.where(frame.line, frame.column))
        if frame.anchor is not None:
            self._anchors[frame.anchor] = None
        self._stack.append(frame)

    def _close(self, event: Event) -> None:
        frame = self._stack.pop()
        end = event.end_mark
        length = 1
        if frame.flow and end.line + 1 == frame.line:
            length = end.column + 1 - frame.column
        elif frame.keys and not frame.flow:
            first = next(iter(frame.keys.values()))
            length = first.length if (first.line, first.column) == (frame.line, frame.column) else 1
        node = Node(
            self.source, frame.line, frame.column, length,
            frame.data, PLAIN, frame.children, frame.keys, frame.size,
        )  # fmt: skip
        if frame.anchor is not None:
            self._anchors[frame.anchor] = node
        self._end = (end.line + 1, end.column + 1)
        self._add(node)

    def _add(self, node: Node) -> None:
        if not self._stack:
            self.root = node
            return
        frame = self._stack[-1]
        if isinstance(frame.children, list):
            frame.children.append(node)
            frame.data.append(node.data)  # type: ignore[union-attr]
            frame.size += node.size
        elif frame.skip:
            frame.skip = False
        elif frame.key is None:
            self._take_key(frame, node)
        else:
            key, frame.key = frame.key, None
            if key.data == "<<" and key.style == PLAIN:
                self._merge(frame, node)
            else:
                self._put(frame, key, node)

    def _put(self, frame: Open, key: Node, node: Node) -> None:
        name = key.data
        keys = frame.keys
        if keys is None or not isinstance(name, str):
            return
        if name in keys and name not in frame.merged:
            first = keys[name].where
            self._complain(
                key.where,
                f"`{name}` is written twice",
                "duplicate-key",
                f"keep one of the two; the first is in line {first.line}",
                (first,),
            )
            return
        frame.merged.discard(name)
        keys[name] = key
        frame.children[name] = node  # type: ignore[call-overload]
        frame.data[name] = node.data  # type: ignore[call-overload]
        frame.size += node.size
        if name.lower() in _SECRETS:
            self._hide(node)

    def _take_key(self, frame: Open, node: Node) -> None:
        name = node.data
        frame.key = node
        if isinstance(name, str):
            if node.style == PLAIN and name.lower() in _BOOLEAN_KEYS:
                message = f"`{name}` as a key: many YAML readers take it for true or false"
                self._complain(node.where, message, "boolean-key", f'write "{name}", in quotes')
            return
        if node.children is None:
            text = node.source.raw_line(node.line)[node.column - 1 :][: node.length]
            fix = f'write "{text}", in quotes' if text else "write a name before the colon"
            said = f"the key `{text}` is not text" if text else "a key is missing"
            self._complain(node.where, said, "key-not-text", fix)
            frame.key = Node(node.source, node.line, node.column, node.length, text, DOUBLE)
            return
        frame.key, frame.skip = None, True
        self._complain_of_template(frame, node)

    def _complain_of_template(self, frame: Open, key: Node) -> None:
        """A mapping or list as a key: in a manifest, nearly always a template without quotes."""
        template = (key.line, key.column) == (frame.line, frame.column + 1) and (
            unquoted_template(self.source, frame.line)
        )
        if template:
            self._report(template)
        else:
            message = "a key is text, not a list or mapping"
            self._complain(key.where, message, "key-not-text", "write a name before the colon")

    def _merge(self, frame: Open, node: Node) -> None:
        """`<<`: the entries of other mappings, for keys that are not written here."""
        parts = node.children if isinstance(node.children, list) else [node]
        for part in parts:
            if not isinstance(part.children, dict) or part.keys is None:
                message = "`<<` takes in a mapping or a list of mappings"
                self._complain(node.where, message, "merge-key", "write `<<: *name` of a mapping")
                return
            for name, child in part.children.items():
                if frame.keys is not None and name not in frame.keys:
                    self._put(frame, part.keys[name], child)
                    frame.merged.add(name)
            self._expanded += part.size

    def _check_tag(self, tag: str, node: Node, text: str) -> None:
        kinds: dict[str, tuple[type, ...]] = {
            "int": (int,), "float": (float, int), "bool": (bool,), "null": (type(None),),
        }  # fmt: skip
        name = tag.removeprefix(_CORE)
        if tag in {"!", f"{_CORE}str"}:
            node.data = text
        elif name in kinds and tag != name:
            value = resolve(text)
            if type(value) not in kinds[name]:
                self._complain(node.where, f"`{text}` is not what `!!{name}` says", "tag")
            node.data = value
        else:
            self._refuse_tag(tag, node.where)

    def _refuse_tag(self, tag: str, where: Where) -> None:
        shown = tag.replace(_CORE, "!!")
        message = f"the tag `{shown}`: a manifest is plain text, numbers, lists and mappings"
        self._complain(where, message, "tag", "leave the tag out")

    def _hide(self, node: Node) -> None:
        named = isinstance(node.data, str) and _VARIABLE.fullmatch(node.data)
        if named or node.data is None or isinstance(node.children, dict):
            return
        line, column = self._end
        self.source.hide(node.line, node.column, max(line, node.line), column)

    def _complain(
        self, where: Where, message: str, code: str, fix: str = "", also: tuple[Where, ...] = ()
    ) -> None:
        self._report(Problem(message, where, code, fix, also))

    def _report(self, problem: Problem) -> None:
        self.problems.append(problem)
        if len(self.problems) >= PROBLEM_LIMIT:
            raise Unreadable(
                Problem("too many problems; the rest was not read", problem.where, "too-many")
            )
