"""One text, compiled and rendered by Jinja; whatever goes wrong becomes a fault with a place."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from jinja2 import Template, TemplateSyntaxError, Undefined, nodes

from sora_batch.manifest.bounds import MAX_TEXT, TOO_MUCH, Overspent
from sora_batch.manifest.faults import TemplateFault, fault_from
from sora_batch.manifest.sandbox import Sandbox
from sora_batch.manifest.scope import ABSENT, Scope, Snippets

_ADDRESS = re.compile(r"<[^<>]* at 0x[0-9a-fA-F]+>")
_MOST_FAULTS = 100


class JinjaText:
    """A text Jinja is to render, compiled when it is first asked for."""

    __slots__ = (
        "_compiled",
        "_expression",
        "_faults",
        "_is_expression",
        "_refused",
        "_sandbox",
        "_wants",
        "text",
    )

    def __init__(self, sandbox: Sandbox, text: str) -> None:
        self.text = text
        self._sandbox = sandbox
        self._compiled: Template | None = None
        self._expression: Callable[..., Any] | None = None
        self._is_expression = False
        self._wants: frozenset[str] | None = frozenset()
        self._refused: TemplateFault | None = None
        self._faults: dict[tuple[object, ...], TemplateFault] = {}

    def render(self, scope: Scope) -> str:
        """The text with everything filled in. Raises TemplateFault."""
        compiled = self._compile(scope)
        if not scope.busy:
            self._sandbox.units = 0
        try:
            context = compiled.new_context(self._names(scope))
            text = self._sandbox.concat(compiled.root_render_func(context))
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

    def attempt(self, scope: Scope) -> Any:
        """The same; ABSENT where it fails in this text, so that whoever put it into a larger one
        can say where that is. Raises TemplateFault for what is wrong elsewhere."""
        try:
            return self.render(scope)
        except TemplateFault as fault:
            if fault.where is not None:
                raise
            return ABSENT

    def value(self, scope: Scope) -> Any:
        """The value of the text's one expression; ABSENT where it is more, or fails.

        Raises TemplateFault.
        """
        self._compile(scope)
        if not self._is_expression:
            return ABSENT
        if not scope.busy:
            self._sandbox.units = 0
        try:
            if self._expression is None:
                code = self.text.strip()[2:-2].strip("-+")
                self._expression = self._sandbox.compile_expression(code, undefined_to_none=False)
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
            for name in sorted(wanted):
                asked_for = self._wants is not None or name not in scope.busy
                if name not in scope.names and asked_for:
                    scope.find(name)
        return {**scope.names, "snippets": Snippets(scope)}

    def _compile(self, scope: Scope) -> Template:
        if self._refused is not None:
            raise self._refused.with_traceback(None)
        if self._compiled is None:
            self._sandbox.units = self._sandbox.units if scope.busy else 0
            try:
                if len(self.text) > MAX_TEXT:
                    raise Overspent(TOO_MUCH)
                tree = self._sandbox.parse(self.text)
                self._wants = _names_asked_for(tree)
                self._is_expression = _is_expression(tree)
                self._compiled = self._sandbox.from_string(tree)
            except (TemplateSyntaxError, Overspent, SyntaxError, RecursionError, MemoryError) as e:
                self._refused = self._explained(e, scope)
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
            words = sorted({*self._sandbox.filters, *self._sandbox.tests})
            fault = fault_from(error, self.text, self._compiled, scope.known(), words)
            if len(self._faults) < _MOST_FAULTS:
                self._faults[key] = fault
        return fault


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
