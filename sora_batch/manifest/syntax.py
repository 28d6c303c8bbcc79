"""Says in our words what is wrong with a text that is not YAML.

The parser's own words differ between its two implementations and help nobody. It is only asked
where it stopped, and roughly why; the line itself tells the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import yaml

from sora_batch.manifest.document import Source
from sora_batch.problems import Problem, Where

_TEMPLATE: Final = re.compile(r"(?:[:\-,\[]\s+|^\s*)(\{\{.*\}\}|\{%.*%\}|\{\{)")
_KEY_AND_VALUE: Final = re.compile(r"^\s*(?:- +)?([^\s:#][^:#]*|\"[^\"]*\"|'[^']*'): +[^\s#|>]")
_QUOTED_START: Final = re.compile(r"(?:[:\-]\s+)([\"'])")
_NAMED: Final = {"`": "a backtick", "\t": "a tab"}
_QUOTE_IT: Final = "write the whole value in quotes"


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where the parser stopped and why; `line` is the text there, `began` where it began to read
    what it could not finish."""

    source: Source
    reason: str
    number: int
    column: int
    began: tuple[int, int] | None
    line: str

    def here(self, length: int = 1) -> Where:
        return self.source.where(self.number, self.column, length)

    def rest(self) -> Where:
        """Everything from the place to the end of its line."""
        return self.here(len(self.line.rstrip()) - self.column + 1)

    def start(self, length: int = 1) -> Where:
        """Where what could not be finished began, else where the parser stopped."""
        return self.source.where(*self.began, length) if self.began else self.here(length)

    def says(self, *words: str) -> bool:
        return any(word in self.reason for word in words)


_Rule: TypeAlias = Callable[[_Stop], Problem | None]


def explain_syntax(source: Source, error: yaml.MarkedYAMLError) -> Problem:
    """The problem behind a parser's error: the first rule that knows it speaks."""
    mark = error.problem_mark or error.context_mark
    number, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    began = error.context_mark
    stop = _Stop(
        source,
        f"{error.context or ''}: {error.problem or ''}",
        number,
        column,
        (began.line + 1, began.column + 1) if began else None,
        source.raw_line(number),
    )
    for rule in _RULES:
        problem = rule(stop)
        if problem:
            return problem
    return Problem("this is not YAML", stop.here(), "yaml", "look at the line above it too")


def _tab(stop: _Stop) -> Problem | None:
    blank = stop.line[: len(stop.line) - len(stop.line.lstrip())]
    if "\t" not in blank or stop.column > len(blank) + 1:
        return None
    where = stop.source.where(stop.number, blank.index("\t") + 1)
    return Problem("a tab at the start of a line", where, "tab", "indent with spaces")


def _template(stop: _Stop) -> Problem | None:
    lines = (stop.number, stop.began[0] if stop.began else stop.number)
    found = (unquoted_template(stop.source, number) for number in dict.fromkeys(lines))
    return next((problem for problem in found if problem), None)


def unquoted_template(source: Source, number: int) -> Problem | None:
    """The slip everybody makes once: a value that begins with `{{` and has no quotes."""
    line = source.raw_line(number).rstrip()
    found = _TEMPLATE.search(line)
    if not found:
        return None
    value = _in_flow(line[found.start(1) :])
    quote = next((sign for sign in "\"'" if sign not in value and "\\" not in value), "")
    fix = f"write the value in quotes: {quote}{value}{quote}" if quote else _QUOTE_IT
    where = source.where(number, found.start(1) + 1, len(value))
    message = f"without quotes, a value cannot begin with `{found[1][:2]}`"
    return Problem(message, where, "template-unquoted", fix)


def _in_flow(text: str) -> str:
    """The value without what follows it where it stands in `{ }` or `[ ]`."""
    depth, comma = 0, len(text)
    for place, char in enumerate(text):
        if char in "}]" and depth == 0:
            return text[: min(place, comma)].rstrip()
        depth += (char in "{[") - (char in "}]")
        if char == "," and depth == 0:
            comma = min(comma, place)
    return text


def _quote_open(stop: _Stop) -> Problem | None:
    if not (stop.says("quoted scalar", "double-quoted", "single-quoted") and stop.says("end of")):
        return None
    return Problem(
        "this quote is never closed", stop.start(), "yaml", "close it with the same quote"
    )


def _escape(stop: _Stop) -> Problem | None:
    if not stop.says("escape", "hexdecimal", "hexadecimal"):
        return None
    slash = stop.line.rfind("\\", 0, stop.column)
    where = stop.source.where(stop.number, slash + 1, 2)
    said = stop.line[slash : slash + 2]
    fix = "write the value in single quotes, or the backslash twice"
    return Problem(f"`{said}` means nothing in double quotes", where, "yaml", fix)


def _first_character(stop: _Stop) -> Problem | None:
    if stop.says("cannot start any token"):
        said = stop.line[stop.column - 1 : stop.column]
        message = f"without quotes, a value cannot begin with {_NAMED.get(said, said)}"
        return Problem(message, stop.here(), "yaml", _QUOTE_IT)
    if stop.says("scanning an alias", "scanning an anchor"):
        where = stop.start()
        sign = where.text[where.column - 1 : where.column]
        message = f"a value that begins with `{sign}` is read as a reference inside the file"
        return Problem(message, where, "yaml", _QUOTE_IT)
    if stop.says("tag"):
        message = "a value that begins with `!` is read as a tag"
        return Problem(message, stop.start(), "tag", _QUOTE_IT)
    return None


def _brackets(stop: _Stop) -> Problem | None:
    if not stop.says("parsing a flow"):
        if stop.says("node content"):
            said = stop.line[stop.column - 1 : stop.column]
            return Problem(f"`{said}` closes nothing", stop.here(), "yaml", _QUOTE_IT)
        return None
    begin = stop.start()
    bracket = begin.text[begin.column - 1 : begin.column]
    close = {"[": "]", "{": "}"}.get(bracket)
    if close is None:
        return Problem("a bracket is never closed", begin, "yaml", "close it")
    if stop.number > begin.line:
        message = f"`{bracket}` is not closed by line {stop.number}"
        return Problem(message, begin, "yaml", f"write `{close}` where it ends")
    message = f"after this value, `,` or `{close}` is expected"
    return Problem(message, stop.here(), "yaml", "add it; text with brackets in it needs quotes")


def _colon(stop: _Stop) -> Problem | None:
    if stop.says("could not find expected ':'"):
        where = stop.start()
        where = stop.source.where(where.line, where.column, len(where.text))
        return Problem("no `: ` after this", where, "yaml", "write `key: value`")
    if not stop.says("mapping values are not allowed"):
        return None
    above = _line_above(stop)
    indent, text = _indent(stop.line), stop.source.raw_line(above)
    if ": " in stop.line[: stop.column - 1] or _KEY_AND_VALUE.match(stop.line[: stop.column - 1]):
        return Problem("a second `: ` in one value", stop.here(), "yaml", _QUOTE_IT)
    if above and _KEY_AND_VALUE.match(text) and indent > _indent(text):
        where = stop.source.where(stop.number, indent + 1, len(stop.line.strip()))
        message = f"this is deeper than line {above}, which has a value of its own"
        return Problem(
            message, where, "yaml", f"indent it by {_indent(text)} spaces, like line {above}"
        )
    if above:
        where = stop.source.where(above, _indent(text) + 1, len(text.strip()))
        fix = "write `key: value`; the colon has a space after it"
        return Problem("no `: ` in this line", where, "yaml", fix)
    return Problem("a `:` where none can be", stop.here(), "yaml", _QUOTE_IT)


def _layout(stop: _Stop) -> Problem | None:
    if stop.says("sequence entries are not allowed"):
        fix = "begin the list on the next line, or write `[a, b]`"
        return Problem("a list cannot begin here", stop.here(), "yaml", fix)
    if stop.says("scanning a block scalar"):
        fix = "begin the text on the next line, or write the whole value in quotes"
        return Problem("text cannot begin in this line", stop.rest(), "yaml", fix)
    if stop.says("directive"):
        return Problem("`%` begins a line", stop.start(), "yaml", "leave the line out")
    if stop.says("document start", "incompatible YAML"):
        return Problem("the document has ended above", stop.rest(), "yaml", "delete one of the two")
    return None


def _indentation(stop: _Stop) -> Problem | None:
    if not stop.says("expected key", "block end", "'-' indicator"):
        return None
    before = stop.line[: stop.column - 1]
    quoted = _QUOTED_START.search(before)
    if quoted:
        fix = f"put the quotes around the whole value; inside it, write {quoted[1] * 2}"
        if quoted[1] == '"':
            fix = 'put the quotes around the whole value; inside it, write \\"'
        return Problem("text after the closing quote", stop.rest(), "yaml", fix)
    if stop.line.strip().startswith("- ") and not before.strip():
        return Problem("a list item among keys", stop.rest(), "yaml", "write `key: value`")
    if stop.says("'-' indicator", "block collection") and _same_indent(stop):
        return Problem("a key among list items", stop.rest(), "yaml", "begin it with `- `")
    message = "the indentation of this line fits none of the lines above"
    return Problem(message, stop.rest(), "yaml", "align it with the keys it belongs to")


def _same_indent(stop: _Stop) -> bool:
    return bool(stop.began and stop.began[1] == stop.column)


def _line_above(stop: _Stop) -> int:
    """The nearest line above that says something; 0 where there is none."""
    for number in range(stop.number - 1, max(0, stop.number - 1000), -1):
        text = stop.source.raw_line(number).strip()
        if text and not text.startswith("#"):
            return number
    return 0


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


_RULES: Final[tuple[_Rule, ...]] = (
    _tab,
    _template,
    _quote_open,
    _escape,
    _first_character,
    _brackets,
    _colon,
    _layout,
    _indentation,
)
