"""Words and columns as a terminal takes them: widths, tables, dollars, spans of time.

Whatever did not come from us (a server's words, a file's text) goes through `printable` before a
person's terminal sees it: an escape sequence in an error message must not steer the screen.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

_CENT = Decimal("0.01")
_GAP = "  "


def cells(text: str) -> int:
    """How many columns of a terminal the text takes; wide scripts take two a character."""
    if text.isascii():
        return len(text)
    return sum(_cells_of(character) for character in text)


def _cells_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def printable(text: str, limit: int = 300) -> str:
    """The text on one line, without anything that moves a cursor, and not longer than `limit`."""
    line = " ".join(text.split())
    shown = "".join(c if c.isprintable() else "·" for c in line)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def cut(text: str, width: int) -> str:
    """The text in at most so many columns, with an ellipsis where something is missing."""
    if cells(text) <= width:
        return text
    kept, room = [], max(0, width - 1)
    for character in text:
        room -= _cells_of(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…" if width > 0 else ""


def pad(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly so many columns, or more where it is longer."""
    space = " " * (width - cells(text))
    return space + text if right else text + space


def table(
    rows: Sequence[Sequence[str]],
    *,
    right: frozenset[int] = frozenset(),
    width: int | None = None,
    indent: str = "",
) -> list[str]:
    """The rows in aligned columns; only the last column is cut, and only where `width` is given.

    `right` are the columns that are set flush right. Columns that are empty in all rows are left
    out. The rows have equally many cells.
    """
    columns = [i for i in range(len(rows[0])) if any(row[i] for row in rows)] if rows else []
    widths = {i: max(cells(row[i]) for row in rows) for i in columns}
    lines = []
    for row in rows:
        line = indent + _GAP.join(pad(row[i], widths[i], right=i in right) for i in columns)
        line = line.rstrip()
        lines.append(line if width is None else cut(line, width))
    return lines


def dollars(amount: Decimal | None) -> str:
    """`$0.80`, with more digits only where there are any; `?` where the amount is not known."""
    if amount is None:
        return "?"
    exact = amount.normalize()
    digits = max(2, min(4, -int(exact.as_tuple().exponent)))
    sign = "-" if amount < 0 else ""
    return f"{sign}${abs(amount):,.{digits}f}"


def money_text(amount: Decimal | None) -> str | None:
    """The amount as JSON carries it: its exact decimal digits in a string, at least cents."""
    if amount is None:
        return None
    return str(amount.quantize(_CENT) if amount == amount.quantize(_CENT) else amount.normalize())


def span(seconds: float) -> str:
    """How long, in at most two units: `45 s`, `4 min 10 s`, `1 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if seconds >= 1 or seconds < 0.05 else f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 shot`, `2 shots`, `1,000 shots`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def shown_path(path: Path) -> str:
    """As seen from here, where it is below; what a person can paste."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def wrapped(text: str, width: int, *, indent: str = "") -> list[str]:
    """The text in lines of at most so many columns, the first behind `indent`, the others under
    it; a word that is longer than a line stays whole, so that a path can be copied."""
    room = max(20, width - cells(indent))
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    hanging = " " * cells(indent)
    return [f"{indent if not place else hanging}{line}" for place, line in enumerate(lines)]
