"""Says where and why a template failed, in our words.

Jinja tells the line at best. The column is found by looking for the name it speaks of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import TracebackType

from jinja2 import (
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.exceptions import SecurityError, TemplateAssertionError

from sora_batch.manifest.beside import Unreadable
from sora_batch.manifest.bounds import Overspent
from sora_batch.manifest.jinja_words import UNCLOSED, plainly
from sora_batch.manifest.sandbox import UnknownName
from sora_batch.problems import Where, did_you_mean

_CODE = re.compile(r"\{\{.*?(?:\}\}|\Z)|\{%.*?(?:%\}|\Z)", re.DOTALL)
_NO_ROW = "a shot has rows where it says `for_each`"
_QUOTED = re.compile(r"['`]([^'`]+)['`]")


class TemplateFault(Exception):
    """Why a template could not be rendered.

    `line`, `column` and `length` are within its text. `where` is set where the fault is not in
    the text that was asked for but in a snippet, a name's value or an included file.
    """

    def __init__(
        self, message: str, code: str, *, fix: str = "", where: Where | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.fix = fix
        self.where = where
        self.line = 1
        self.column = 1
        self.length = 1

    def at(self, line: int, column: int, length: int) -> TemplateFault:
        """The fault with its place in the text."""
        self.line, self.column, self.length = line, column, length
        return self


def empty_value(text: str, name: str) -> TemplateFault:
    """The fault of a name whose value is null: `None` in a prompt is never what was meant."""
    fix = f"fill it in, or write `{{{{ {name} or '' }}}}`"
    fault = TemplateFault(f"`{name}` is empty (null)", "template-error", fix=fix)
    found = re.search(rf"\{{\{{\s*({re.escape(name)})\s*\}}\}}", text)
    return fault.at(*_line_and_column(text, found.start(1)), len(name)) if found else fault


def fault_from(
    error: BaseException,
    text: str,
    template: Template | None,
    known: Iterable[str],
    filters: Iterable[str],
) -> TemplateFault:
    """The fault an exception of Jinja's (or of anything a template did) stands for.

    `known` are the names in scope, `filters` those of filters and tests.
    """
    fault = _worded(error, known, filters, text)
    inner, line = _deepest(error.__traceback__)
    word = str(error.name) if isinstance(error, UnknownName) else _word(error)
    if isinstance(error, TemplateSyntaxError):
        line = error.lineno
        if error.filename and not error.filename.startswith("<"):
            return _in_file(fault, error.filename, error.source or "", line, word)
    elif inner is not None and inner is not template and _is_file(inner):
        return _in_file(fault, str(inner.filename), _source(inner), line, word)
    return fault.at(*_spot(text, line, word, attribute=_is_attribute(error)))


def _in_file(fault: TemplateFault, file: str, text: str, line: int, word: str) -> TemplateFault:
    number, column, length = _spot(text, line, word)
    lines = text.split("\n")
    shown = lines[number - 1] if number <= len(lines) else ""
    fault.where = Where(file, number, column, length, shown)
    return fault


def _is_file(template: Template) -> bool:
    return template.filename is not None and not template.filename.startswith("<")


def _source(template: Template) -> str:
    loader = template.environment.loader
    if loader is None or template.name is None:
        return ""
    return loader.get_source(template.environment, template.name)[0]


def _deepest(trace: TracebackType | None) -> tuple[Template | None, int]:
    """The innermost template on the way to the error, and the line in its text."""
    found, line = None, 1
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            found, line = template, template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return found, line


def _worded(
    error: BaseException, known: Iterable[str], filters: Iterable[str], text: str
) -> TemplateFault:
    if isinstance(error, UnknownName):
        return _unknown(error, known, text)
    if isinstance(error, Overspent):
        fix = "loop over less, or write the text out; a prompt has at most 32,000 characters"
        return TemplateFault(str(error), "template-too-much", fix=fix)
    if isinstance(error, SecurityError):
        word = _word(error)
        return TemplateFault(
            f"`{word}` is not for templates", "template-unsafe", fix="leave it out"
        )
    if isinstance(error, (Unreadable, TemplateNotFound)):
        cause = error.__cause__ if isinstance(error, TemplateNotFound) else error
        fix = cause.fix if isinstance(cause, Unreadable) else ""
        return TemplateFault(_lowered(error), "template-file", fix=fix)
    if isinstance(error, TemplateAssertionError):
        return _unknown_filter(error, filters)
    if isinstance(error, TemplateSyntaxError):
        words, fix = plainly(_syntax_words(error, text)) or (_lowered(error), "")
        return TemplateFault(f"this template cannot be read: {words}", "template-syntax", fix=fix)
    if isinstance(error, RecursionError):
        return TemplateFault("this template is nested too deeply", "template-too-much")
    if isinstance(error, (TemplateError, UndefinedError)):
        return TemplateFault(_lowered(error), "template-error")
    return TemplateFault(f"this template fails: {_lowered(error)}", "template-error")


def _syntax_words(error: TemplateSyntaxError, text: str) -> str:
    """What Jinja says; of braces that are opened last and never closed, that and nothing of what
    stands behind them, which it takes for code."""
    is_open = text.rfind("{{") > max(text.rfind("}}"), text.rfind("%}"))
    is_this = error.filename is None or error.filename.startswith("<")
    return UNCLOSED if is_open and is_this else str(error.message)


def _unknown(error: UnknownName, known: Iterable[str], text: str) -> TemplateFault:
    name = str(error.name)
    if error.in_scope:
        return TemplateFault(
            f"nothing is called `{name}` here",
            "unknown-name",
            fix=_NO_ROW if name == "row" else _suggestion(name, known, "names here"),
        )
    owner = re.search(rf"([\w.]+)\s*(?:\.\s*|\[\s*['\"]){re.escape(name)}", text)
    holder = f"`{owner[1]}`" if owner else f"a {type(error.owner).__name__}"
    if isinstance(error.owner, Mapping):
        fix = _suggestion(name, map(str, error.owner), "it has")
        return TemplateFault(f"{holder} has no `{name}`", "unknown-name", fix=fix)
    return TemplateFault(f"{holder} has no `{name}`", "unknown-name")


def _suggestion(name: str, known: Iterable[str], intro: str) -> str:
    words = sorted(known)
    close = did_you_mean(name, words)
    if close:
        return close
    listed = ", ".join(words[:12]) + (", ..." if len(words) > 12 else "")
    return f"{intro}: {listed}" if words else "there are none"


def _unknown_filter(error: TemplateAssertionError, filters: Iterable[str]) -> TemplateFault:
    word = _word(error)
    kind = "filter" if "filter" in str(error) else "test" if "test" in str(error) else ""
    if not kind:
        return TemplateFault(f"this template cannot be read: {_lowered(error)}", "template-syntax")
    fix = did_you_mean(word, filters)
    if word == "random":
        fix = "the same manifest always makes the same shots; use `sweep` or `takes`"
    return TemplateFault(f"there is no {kind} `{word}`", "unknown-name", fix=fix)


def _word(error: BaseException) -> str:
    quoted = _QUOTED.findall(str(error))
    if isinstance(error, (SecurityError, TemplateAssertionError)):
        return quoted[0] if quoted else ""
    return quoted[-1] if quoted and isinstance(error, TemplateSyntaxError) else ""


def _is_attribute(error: BaseException) -> bool:
    return isinstance(error, SecurityError) or (
        isinstance(error, UnknownName) and not error.in_scope
    )


def _lowered(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    if len(text) > 200:
        text = text[:200] + "..."
    start = text[0].lower() if text[1:2].islower() or text[1:2] == " " else text[0]
    return (start + text[1:]).rstrip(".")


def _spot(text: str, line: int, word: str, *, attribute: bool = False) -> tuple[int, int, int]:
    """Line, column and length of the word in the template's code, at or after that line."""
    start = _offset(text, line)
    if word:
        before = r"(?:(?<=\.)|(?<=\['|\[\"))\s*" if attribute else r"(?<![\w.])"
        wanted = re.compile(rf"{before}({re.escape(word)})(?!\w)")
        for code in _CODE.finditer(text):
            match = wanted.search(text, max(start, code.start()), code.end())
            if match and match.end() <= code.end():
                return *_line_and_column(text, match.start(1)), len(word)
    here = _CODE.search(text, start)
    if here is None:
        return *_line_and_column(text, start), 1
    return *_line_and_column(text, here.start()), len(here[0].split("\n")[0])


def _offset(text: str, line: int) -> int:
    offset = 0
    for _ in range(line - 1):
        offset = text.find("\n", offset) + 1 or offset
    return offset


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1
