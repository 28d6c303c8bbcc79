"""Says what is wrong in something a person wrote, where, and how to mend it.

A problem is a value: it is collected, sorted and shown with all the others, never thrown alone.
It carries the line it points at, so that it can be shown long after the text is gone.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

_GUTTER = 11
_EXCERPT_CELLS = 80 - _GUTTER
_TAB = "    "


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A place in a text: the file as the person named it, line and column counted from 1.

    `length` is how many characters are meant, `text` the whole line they stand in ("" where the
    place is a file as a whole, or its text could not be read).
    """

    file: str
    line: int = 0
    column: int = 0
    length: int = field(default=1, compare=False)
    text: str = field(default="", compare=False, repr=False)

    def __str__(self) -> str:
        """`file:line:column`, without the parts that are not known."""
        parts = [self.file, *(str(n) for n in (self.line, self.column) if n)]
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: what, where, the word that names its kind, and what to do about it."""

    message: str
    where: Where
    code: str
    fix: str = ""
    also: tuple[Where, ...] = ()

    def __str__(self) -> str:
        return render(self)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems sorted by place, each once."""
    unique = dict.fromkeys(problems)
    return tuple(sorted(unique, key=lambda p: (p.where, p.code, p.message)))


def render(problem: Problem) -> str:
    """The problem as a person reads it: place, words, excerpt, caret, fix."""
    lines = [f"{problem.where}: {problem.message} [{problem.code}]", *excerpt(problem.where)]
    for place in problem.also:
        lines += [f"  also {place}", *excerpt(place)]
    if problem.fix:
        lines.append(f"  fix: {problem.fix}")
    return "\n".join(lines)


def excerpt(where: Where) -> list[str]:
    """The line a place points at and a line of carets under it; nothing where there is no text."""
    if not where.text or not where.line:
        return []
    start, end = _window(where)
    column = where.column - 1
    margin = _cells(_printable(where.text[start:column]))
    meant = _printable(where.text[column : max(column, min(end, column + where.length))])
    before, after = "…" if start else "", "…" if end < len(where.text) else ""
    shown = f"{before}{_printable(where.text[start:end])}{after}"
    carets = "^" * max(1, _cells(meant))
    return [
        f"{where.line:>{_GUTTER - 3}} | {shown}".rstrip(),
        f"{'':>{_GUTTER - 3}} | {' ' * (len(before) + margin)}{carets}",
    ]


def closest(word: str, choices: Iterable[str]) -> str:
    """The choice that looks most like the word, "" where none is close."""
    folded = {choice.casefold(): choice for choice in choices}
    close = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else ""


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """`did you mean `x`?` where one of the choices is close to the word, else ""."""
    near = closest(word, choices)
    return f"did you mean `{near}`?" if near else ""


def joined(words: Iterable[str], last: str = "or") -> str:
    """`4`, `4 or 8`, `4, 8 or 12`: a list as a sentence has it."""
    *before, end = list(words) or [""]
    return f"{', '.join(before)} {last} {end}" if before else end


def _window(where: Where) -> tuple[int, int]:
    """The part of a line that fits a terminal: what is meant, with some of its company."""
    text = where.text
    if len(text) <= _EXCERPT_CELLS and _cells(_printable(text)) <= _EXCERPT_CELLS:
        return 0, len(text)
    start = where.column - 1
    room = _EXCERPT_CELLS // 3
    while start > 0 and (room := room - _cells(_printable(text[start - 1]))) >= 0:
        start -= 1
    end, room = start, _EXCERPT_CELLS - 2
    while end < len(text) and (room := room - _cells(_printable(text[end]))) >= 0:
        end += 1
    return start, end


def _printable(text: str) -> str:
    """Text that moves the cursor one way only: a person's terminal is not the file's to steer."""
    return "".join(_TAB if c == "\t" else c if c.isprintable() else "·" for c in text)


def _cells(text: str) -> int:
    """How many columns of a terminal the text takes: marks none, wide scripts two a character."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.category(c) in {"Mn", "Me"}
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )
