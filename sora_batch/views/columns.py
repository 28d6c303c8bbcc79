"""Lays rows out in columns that together are no wider than the terminal.

The last column holds sentences: it takes what the others leave and is wrapped. What must shrink
to make room for it is shortened in the middle, because ids are told apart by both their ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sora_batch.views.paint import Paint
from sora_batch.views.text import cells, cut, pad, printable

_GAP = "  "
_SENTENCE_COLUMNS = 24
_LEAST_COLUMNS = 8
_READABLE_COLUMNS = 28


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and a cell for each row. `shrinks` where cells may be shortened; `marks` are the
    cells with colour, which take no columns of their own."""

    heading: str
    entries: Sequence[str]
    right: bool = False
    shrinks: bool = False
    marks: Sequence[str] = field(default=())


def laid_out(
    columns: Sequence[Column],
    heading: str,
    sentences: Sequence[str],
    width: int,
    paint: Paint,
) -> list[str]:
    """The rows under their headings; columns without any entry are left out.

    The sentences stand in a last column, wrapped, where ids stay readable beside it. Else each
    stands under its row, and the one that most rows share is said once, at the end.
    """
    kept = [column for column in columns if any(column.entries)]
    longest = max(map(cells, sentences), default=0)
    beside = min(_SENTENCE_COLUMNS, max(longest, cells(heading)))
    widths = _widths(kept, width - beside - len(_GAP))
    inline = all(_readable(c, w) for c, w in zip(kept, widths, strict=True))
    if not inline:
        widths = _widths(kept, width)
    rows = [
        _GAP.join(_cell(column, place, w) for column, w in zip(kept, widths, strict=True))
        for place in range(len(sentences))
    ]
    heads = _GAP.join(pad(c.heading, w, right=c.right) for c, w in zip(kept, widths, strict=True))
    if inline:
        start = sum(widths) + len(_GAP) * len(widths)
        return [
            paint.faint(f"{heads}{_GAP}{heading}"),
            *_beside(rows, sentences, start, width),
        ]
    return [paint.faint(heads), *_beneath(rows, heading, sentences, width)]


def _beside(rows: Sequence[str], sentences: Sequence[str], start: int, width: int) -> list[str]:
    lines = []
    for row, sentence in zip(rows, sentences, strict=True):
        first, *rest = folded(sentence, width - start)
        lines += [f"{row}{_GAP}{first}".rstrip(), *(" " * start + line for line in rest)]
    return lines


def _beneath(rows: Sequence[str], heading: str, sentences: Sequence[str], width: int) -> list[str]:
    common, often = Counter(sentences).most_common(1)[0]
    said = common if often > 1 else None
    lines = []
    for row, sentence in zip(rows, sentences, strict=True):
        lines.append(row.rstrip())
        lines += folded(sentence, width, indent="    ") if sentence != said else []
    last = f"{heading.lower()}, where nothing else is said: {common}"
    return [*lines, *(folded(last, width) if said else [])]


def middle(text: str, width: int) -> str:
    """The text in at most so many columns, with an ellipsis in its middle where it is longer."""
    if cells(text) <= width:
        return text
    if width < 5:
        return cut(text, width)
    tail_columns = (width - 1) // 2
    tail = ""
    for character in reversed(text):
        if cells(character + tail) > tail_columns:
            break
        tail = character + tail
    head = cut(text, width - cells(tail)).removesuffix("…")
    return f"{head}…{tail}"


def folded(text: str, width: int, *, indent: str = "", limit: int = 300) -> list[str]:
    """The text in lines of at most so many columns, the first behind `indent`, the others under
    it. Wide scripts count two columns a character; a word longer than a line is broken."""
    room = max(8, width - cells(indent))
    lines: list[str] = []
    line = ""
    for word in printable(text, limit).split(" "):
        rest = word
        if line and cells(line) + 1 + cells(rest) <= room:
            line = f"{line} {rest}"
            continue
        if line:
            lines.append(line)
        while cells(rest) > room:
            # A character more, so that a word that is one column too long is cut as well.
            head = cut(f"{rest}.", room + 1).removesuffix("…")
            lines.append(head)
            rest = rest[len(head) :]
        line = rest
    lines.append(line)
    hanging = " " * cells(indent)
    return [f"{hanging if place else indent}{line}" for place, line in enumerate(lines)]


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """The columns' widths, the widest that may shrink made smaller until all fit."""
    widths = [max(cells(c.heading), *map(cells, c.entries)) for c in columns]
    over = sum(widths) + len(_GAP) * (len(widths) - 1) - width
    while over > 0:
        shrinkable = [n for n, c in enumerate(columns) if c.shrinks and widths[n] > _LEAST_COLUMNS]
        if not shrinkable:
            break
        widths[max(shrinkable, key=lambda n: widths[n])] -= 1
        over -= 1
    return widths


def _readable(column: Column, width: int) -> bool:
    """Whether what has to be shortened is still worth reading."""
    return width >= min(_READABLE_COLUMNS, max(map(cells, column.entries)))


def _cell(column: Column, place: int, width: int) -> str:
    entry = middle(printable(column.entries[place]), width)
    padded = pad(entry, width, right=column.right)
    mark = column.marks[place] if column.marks else ""
    return padded.replace(entry, mark, 1) if mark and entry else padded
