"""Renders the templates of a manifest: Jinja2 in a bounded sandbox, and a quick way round it.

A text without Jinja's delimiters is itself. One with nothing but `{{ dotted.names }}` is put
together here, a hundred times faster than Jinja compiles it; whenever a value is not plainly text
or a number, or is not there, Jinja decides, so both ways mean the same (a property test holds them
together). Each distinct text is compiled once.

`vars` whose values have delimiters are templates too, like snippets: they are rendered when a
template asks for them, in its own scope, and one that asks for itself is refused. Rows of a file
and `--var` are data: nothing in them is ever a template.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import BaseLoader, TemplateNotFound

from sora_batch.manifest.beside import Unreadable, find_beside, read_text
from sora_batch.manifest.bounds import MAX_TEXT
from sora_batch.manifest.faults import TemplateFault, empty_value
from sora_batch.manifest.holes import has_template, holes_of
from sora_batch.manifest.jinja_text import JinjaText
from sora_batch.manifest.sandbox import Sandbox
from sora_batch.manifest.scope import ABSENT, Scope, Way, entry
from sora_batch.problems import Where
from sora_batch.shots import Json

WhereIn: TypeAlias = Callable[[Way, int, int, int], Where]

_NEWLINES = re.compile(r"\r\n?")
_PLAIN = frozenset({int, float, bool, Decimal})


class Template:
    """One text, ready to be rendered."""

    __slots__ = ("_holes", "_jinja", "_tail")

    def __init__(self, owner: Templates, text: str) -> None:
        text = _NEWLINES.sub("\n", text) if "\r" in text else text
        holes, self._tail = holes_of(text)
        self._jinja = JinjaText(owner.sandbox, text)
        self._holes = [
            (hole.before, hole.root, hole.steps, None if hole.root else owner.expression(hole.code))
            for hole in holes
        ]

    def render(self, scope: Scope) -> str:
        """The text with everything filled in. Raises TemplateFault."""
        if self._tail is None:
            return self._jinja.render(scope)
        pieces: list[str] = []
        names = scope.names
        for before, root, steps, expression in self._holes:
            if expression is not None:
                value = expression.attempt(scope)
            else:
                value = names.get(root, ABSENT)
                if value is ABSENT:
                    value = scope.find(root)
                for step in steps:
                    value = entry(value, step)
            kind = type(value)
            if kind is not str:
                if value is None:
                    raise empty_value(self._jinja.text, ".".join((root, *steps)))
                if kind not in _PLAIN:
                    return self._jinja.render(scope)
                value = str(value)
            elif len(value) > MAX_TEXT:
                return self._jinja.render(scope)
            pieces += (before, value)
        pieces.append(self._tail)
        return "".join(pieces)

    def render_by_jinja(self, scope: Scope) -> str:
        """The same, with nothing but Jinja. Raises TemplateFault."""
        return self._jinja.render(scope)

    def value(self, scope: Scope) -> Json:
        """Where the whole text is one `{{ expression }}`, its value as it is; else the text.

        So a number stays a number in `options`. Raises TemplateFault.
        """
        found: Any = ABSENT
        if self._tail is None:
            found = self._jinja.value(scope)
        elif self._tail == "" and len(self._holes) == 1 and not self._holes[0][0]:
            _, root, steps, expression = self._holes[0]
            if expression is not None:
                found = expression.value(scope)
            else:
                found = scope.names.get(root, ABSENT)
                if found is ABSENT:
                    found = scope.find(root)
                for step in steps:
                    found = entry(found, step)
        return found if found is not ABSENT and _is_json(found) else self.render(scope)


class Templates:
    """All templates of a manifest: `snippets`, files beside it, and what was compiled already.

    `where_in` tells where a part of a text stands; `files` are those that were read, by path.
    """

    def __init__(
        self,
        folder: Path,
        snippets: Mapping[str, str] | None = None,
        where_in: WhereIn | None = None,
    ) -> None:
        self.snippets = snippets or {}
        self.where_in = where_in
        self.files: dict[Path, bytes] = {}
        self.sandbox = Sandbox(_BesideLoader(folder, self.files))
        self._known: dict[str, Template] = {}
        self._expressions: dict[str, JinjaText] = {}
        self._placed: dict[tuple[TemplateFault, Way], TemplateFault] = {}

    def template(self, text: str) -> Template:
        """The text as a template; the same one for the same text."""
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = Template(self, text)
        return found

    def expression(self, text: str) -> JinjaText:
        """The template `{{ text }}`; the same one wherever the expression stands."""
        found = self._expressions.get(text)
        if found is None:
            found = self._expressions[text] = JinjaText(self.sandbox, f"{{{{ {text} }}}}")
        return found

    def text(self, text: str, scope: Scope, path: Way) -> str:
        """The text rendered. A TemplateFault that is raised knows its place."""
        if "{" not in text:
            return text
        try:
            return self.template(text).render(scope)
        except TemplateFault as fault:
            raise self.placed(fault, path) from None

    def fill(self, value: Json, scope: Scope, path: Way) -> Json:
        """A value with every string in it rendered; one that is a single expression becomes its
        value, so that numbers stay numbers. A TemplateFault that is raised knows its place."""
        if isinstance(value, str):
            if not has_template(value):
                return value
            try:
                return self.template(value).value(scope)
            except TemplateFault as fault:
                raise self.placed(fault, path) from None
        if isinstance(value, Mapping):
            return {key: self.fill(item, scope, (*path, key)) for key, item in value.items()}
        if isinstance(value, Sequence):
            return [self.fill(item, scope, (*path, i)) for i, item in enumerate(value)]
        return value

    def placed(self, fault: TemplateFault, path: Way) -> TemplateFault:
        """The fault with the place it has when its text stands at this path."""
        if fault.where is not None or self.where_in is None:
            return fault
        placed = self._placed.get((fault, path))
        if placed is None:
            where = self.where_in(path, fault.line, fault.column, fault.length)
            placed = TemplateFault(fault.message, fault.code, fix=fault.fix, where=where)
            self._placed[fault, path] = placed.at(fault.line, fault.column, fault.length)
        return placed.with_traceback(None)


class _BesideLoader(BaseLoader):
    """Included files, from the manifest's folder only."""

    def __init__(self, folder: Path, files: dict[Path, bytes]) -> None:
        self._folder = folder
        self._files = files

    def get_source(self, environment: Any, template: str) -> tuple[str, str, None]:
        try:
            path = find_beside(self._folder, template)
            text, self._files[path] = read_text(path)
        except Unreadable as error:
            if error.missing:
                raise TemplateNotFound(template, error.message) from error
            raise
        return text, str(path), None


def _is_json(value: object) -> bool:
    """Whether a value can stand in `options` as it is."""
    if isinstance(value, float):
        return math.isfinite(value)
    if value is None or isinstance(value, (str, bool, int)):
        return True
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
    return isinstance(value, list) and all(map(_is_json, value))
