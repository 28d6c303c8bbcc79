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

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import BaseLoader, TemplateNotFound, TemplateSyntaxError, Undefined, nodes
from jinja2 import Template as Compiled

from sora_batch.manifest.beside import Unreadable, find_beside, read_text
from sora_batch.manifest.bounds import MAX_TEXT, TOO_MUCH, Overspent
from sora_batch.manifest.faults import TemplateFault, empty_value, fault_from
from sora_batch.manifest.holes import has_template, holes_of
from sora_batch.manifest.sandbox import Sandbox
from sora_batch.manifest.scope import ABSENT, Scope, Snippets, Way, entry
from sora_batch.problems import Where
from sora_batch.shots import Json

WhereIn: TypeAlias = Callable[[Way, int, int, int], Where]

_NEWLINES = re.compile(r"\r\n?")
_ADDRESS = re.compile(r"<[^<>]* at 0x[0-9a-fA-F]+>")
_MOST_FAULTS = 100
_PLAIN = frozenset({int, float, bool, Decimal})


class Template:
    """One text, ready to be rendered."""

    __slots__ = (
        "_compiled",
        "_expression",
        "_faults",
        "_holes",
        "_is_expression",
        "_owner",
        "_refused",
        "_tail",
        "_wants",
        "text",
    )

    def __init__(self, owner: Templates, text: str, *, whole: bool = False) -> None:
        self.text = _NEWLINES.sub("\n", text) if "\r" in text else text
        self._owner = owner
        self._compiled: Compiled | None = None
        self._expression: Callable[..., Any] | None = None
        self._is_expression = False
        self._refused: TemplateFault | None = None
        self._faults: dict[tuple[object, ...], TemplateFault] = {}
        self._wants: frozenset[str] | None = frozenset()
        holes, self._tail = ((), None) if whole else holes_of(self.text)
        self._holes = [
            (hole.before, hole.root, hole.steps, None if hole.root else owner.expression(hole.code))
            for hole in holes
        ]

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to render."""
        return self._tail is not None and not self._holes

    def render(self, scope: Scope) -> str:
        """The text with everything filled in. Raises TemplateFault."""
        if self._tail is None:
            return self.render_by_jinja(scope)
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
                    raise empty_value(self.text, ".".join((root, *steps)))
                if kind not in _PLAIN:
                    return self.render_by_jinja(scope)
                value = str(value)
            elif len(value) > MAX_TEXT:
                return self.render_by_jinja(scope)
            pieces += (before, value)
        pieces.append(self._tail)
        return "".join(pieces)

    def attempt(self, scope: Scope) -> Any:
        """What Jinja makes of it; `ABSENT` where it fails in this text, so that whoever asked
        can say where that is in the text around it. Raises TemplateFault from elsewhere."""
        try:
            return self.render_by_jinja(scope)
        except TemplateFault as fault:
            if fault.where is not None:
                raise
            return ABSENT

    def render_by_jinja(self, scope: Scope) -> str:
        """The same as `render`, with nothing but Jinja. Raises TemplateFault."""
        compiled = self._compile(scope)
        sandbox = self._owner.sandbox
        if not scope.busy:
            sandbox.units = 0
        try:
            context = compiled.new_context(self._names(scope))
            text = sandbox.concat(compiled.root_render_func(context))
            if "0x" in text and _ADDRESS.search(text):
                raise TypeError(
                    "it shows a thing of the program, not a text; a `()` or `|list` may be missing"
                )
            if not text.isascii():
                text.encode()
        except TemplateFault:
            raise
        except Exception as error:  # noqa: BLE001 - a template may fail in any way at all
            raise self._explained(error, scope).with_traceback(None) from None
        return text

    def value(self, scope: Scope) -> Json:
        """Where the whole text is one `{{ expression }}`, its value as it is; else the text.

        So a number stays a number in `options`. Raises TemplateFault.
        """
        if self.is_plain:
            return self.text
        found: Any = ABSENT
        if self._tail is None:
            found = self._evaluated(scope)
        elif self._tail == "" and len(self._holes) == 1 and not self._holes[0][0]:
            _, root, steps, expression = self._holes[0]
            if expression is not None:
                found = expression._evaluated(scope)
            else:
                found = scope.names.get(root, ABSENT)
                if found is ABSENT:
                    found = scope.find(root)
                for step in steps:
                    found = entry(found, step)
        return found if found is not ABSENT and _is_json(found) else self.render(scope)

    def _evaluated(self, scope: Scope) -> Any:
        """The value of the text's one expression; `ABSENT` where it is more, or fails."""
        self._compile(scope)
        if not self._is_expression:
            return ABSENT
        if self._expression is None:
            code = self.text.strip()[2:-2].strip("-+")
            self._expression = self._owner.sandbox.compile_expression(code, undefined_to_none=False)
        if not scope.busy:
            self._owner.sandbox.units = 0
        try:
            found = self._expression(self._names(scope))
        except TemplateFault:
            raise
        except Exception:  # noqa: BLE001 - rendering fails the same way and says where
            return ABSENT
        return ABSENT if isinstance(found, Undefined) else found

    def _names(self, scope: Scope) -> dict[str, Any]:
        """The names for Jinja, with those made that the template asks for."""
        if scope.late:
            wanted = scope.late if self._wants is None else self._wants & scope.late.keys()
            for name in wanted:
                asked_for = self._wants is not None or name not in scope.busy
                if name not in scope.names and asked_for:
                    scope.find(name)
        return {**scope.names, "snippets": Snippets(scope)}

    def _compile(self, scope: Scope) -> Compiled:
        if self._refused is not None:
            raise self._refused.with_traceback(None)
        if self._compiled is None:
            sandbox = self._owner.sandbox
            sandbox.units = 0 if not scope.busy else sandbox.units
            try:
                if len(self.text) > MAX_TEXT:
                    raise Overspent(TOO_MUCH)
                tree = sandbox.parse(self.text)
                self._wants = _names_asked_for(tree)
                self._is_expression = _is_expression(tree)
                self._compiled = sandbox.from_string(tree)
            except (
                TemplateSyntaxError,
                Overspent,
                SyntaxError,
                RecursionError,
                MemoryError,
            ) as error:
                self._refused = self._explained(error, scope)
                raise self._refused.with_traceback(None) from None
        return self._compiled

    def _explained(self, error: BaseException, scope: Scope) -> TemplateFault:
        """The fault; the same one for the same error, since a hundred thousand rows may have it."""
        trace, line = error.__traceback__, 0
        while trace is not None:
            line = trace.tb_lineno
            trace = trace.tb_next
        key = (type(error), str(error), line)
        fault = self._faults.get(key)
        if fault is None:
            sandbox = self._owner.sandbox
            words = {*sandbox.filters, *sandbox.tests}
            fault = fault_from(error, self.text, self._compiled, scope.known(), words)
            if len(self._faults) < _MOST_FAULTS:
                self._faults[key] = fault
        return fault


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
        self._expressions: dict[str, Template] = {}
        self._placed: dict[tuple[TemplateFault, Way], TemplateFault] = {}

    def template(self, text: str) -> Template:
        """The text as a template; the same one for the same text."""
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = Template(self, text)
        return found

    def expression(self, text: str) -> Template:
        """The template `{{ text }}`; the same one wherever the expression stands."""
        found = self._expressions.get(text)
        if found is None:
            found = Template(self, f"{{{{ {text} }}}}", whole=True)
            self._expressions[text] = found
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
    if value is None or isinstance(value, (str, bool, int, float)):
        return True
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
    return isinstance(value, list) and all(map(_is_json, value))


def _names_asked_for(tree: nodes.Template) -> frozenset[str] | None:
    """The names a template looks up; None where included files may look up others."""
    if next(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)), None):
        return None
    return frozenset(name.name for name in tree.find_all(nodes.Name) if name.ctx == "load")


def _is_expression(tree: nodes.Template) -> bool:
    """Whether the whole text is one `{{ expression }}`."""
    match tree.body:
        case [nodes.Output(nodes=[nodes.Expr() as only])]:
            return not isinstance(only, nodes.TemplateData)
    return False
