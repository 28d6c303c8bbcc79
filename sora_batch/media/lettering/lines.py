"""Sets text in lines: which font draws which part, where lines break, what is left out.

What no font covers is never drawn as boxes: an accented letter loses its accent, a dash becomes a
hyphen, and what has no such likeness becomes one ellipsis.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import groupby
from math import ceil, floor

from PIL import Image, ImageDraw

from sora_batch.media.lettering.canvas import Canvas, Ink
from sora_batch.media.lettering.font_files import is_pictograph
from sora_batch.media.lettering.fonts import Face, FontBook, can_shape
from sora_batch.media.lettering.graphemes import (
    breaks_between,
    clusters,
    is_ignorable,
    is_right_to_left,
    levels,
    visual_order,
)

ELLIPSIS = "…"
BREAK = "\u200b"
"""Where a line may end though nothing shows it."""

_LIKENESS = str.maketrans(
    {"–": "-", "—": "-", "−": "-", "‑": "-", "×": "x", "•": "·", "′": "'", "″": '"', "\u00a0": " "}
)
# Directions are worked out here; marks that override them would only be obeyed by some fonts.
_STEERING = dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
_NARROWEST = 0.18
# Drawn larger and brought down: at a dozen pixels, letters set on whole pixels stand in clumps.
_FINER = 4


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a line in one face and one direction."""

    text: str
    face: Face
    level: int

    def width(self, size: int) -> float:
        """In pixels, at that size of type."""
        font = self.face.at(size * _FINER)
        return size / font.size * font.getlength(self.text, direction=self.direction)

    @property
    def direction(self) -> str | None:
        """As the font engine wants it; None where it knows of none."""
        return ("rtl" if self.level % 2 else "ltr") if can_shape() else None


@dataclass(frozen=True, slots=True)
class Line:
    """Runs from left to right."""

    runs: tuple[Run, ...]
    width: float


@dataclass(frozen=True, slots=True)
class Word:
    """Clusters that stay together, how wide they are, and the space that follows on a line."""

    parts: list[str]
    width: float
    space: float


class Typesetter:
    """Sets one text. Fonts are looked for once, for all of it."""

    def __init__(self, text: str, book: FontBook, *, right_to_left: bool | None = None) -> None:
        words = " ".join(text.translate(_STEERING).split())
        seen = {ord(character) for character in words if not is_ignorable(character)}
        self.faces = book.faces_for(seen)
        self.parts = self._replaced(words)
        self.right_to_left = is_right_to_left(words) if right_to_left is None else right_to_left

    def lines(self, width: float, size: int, most: int) -> list[Line]:
        """The text in lines no wider than that; an ellipsis ends the last where there is more."""
        room = int(most * width / (_NARROWEST * size)) + most
        words = self._words(self.parts[:room], width, size)
        rows = _wrapped(words, width)
        if len(rows) > most or len(self.parts) > room:
            shown = [_joined(row) for row in rows[:most]]
            shown[-1] = self._shortened(shown[-1], width, size)
        else:
            shown = [_joined(row) for row in _balanced(words, width, len(rows))]
        return [self.line(row, size) for row in shown]

    def line(self, parts: list[str], size: int) -> Line:
        """These clusters as one line, whatever its width."""
        parts = _trimmed(parts)
        found = levels(parts, right_to_left=self.right_to_left)
        styled = [(self._face(part), level, part) for part, level in zip(parts, found, strict=True)]
        runs = [
            Run("".join(part for _, _, part in group).replace(BREAK, ""), face, level)
            for (face, level), group in groupby(styled, key=lambda item: item[:2])
        ]
        order = visual_order([run.level for run in runs])
        seen = tuple(runs[place] for place in order)
        return Line(seen, sum(run.width(size) for run in seen))

    def _words(self, parts: list[str], width: float, size: int) -> list[Word]:
        """What must stay on one line; what is wider than any line comes in pieces."""
        space = self.faces[0].at(size * _FINER).getlength(" ") / _FINER
        found: list[Word] = []
        for word in _unbroken(parts):
            pieces = [word] if self.line(word, size).width <= width else [[part] for part in word]
            found += [
                Word(piece, self.line(piece, size).width, space if piece[-1].isspace() else 0.0)
                for piece in pieces
            ]
        return found

    def _shortened(self, row: list[str], width: float, size: int) -> list[str]:
        row = _trimmed(row)
        while row and self.line([*row, ELLIPSIS], size).width > width:
            row = _trimmed(row[:-1])
        while row and row[-1] in {",", ".", ";", ":", "-", ELLIPSIS}:
            row = _trimmed(row[:-1])
        return [*row, ELLIPSIS]

    def _replaced(self, text: str) -> list[str]:
        """The clusters that can be drawn, and likenesses or an ellipsis for the others."""
        found: list[str] = []
        for part in clusters(text):
            shown = part if self._covers(part) else self._likeness(part)
            if shown == ELLIPSIS and found and found[-1] == ELLIPSIS:
                continue
            if shown:
                found += clusters(shown)
        return found

    def _likeness(self, part: str) -> str:
        if all(is_ignorable(character) for character in part):
            return ""
        if not part.isprintable():
            return ""
        for similar in (
            part.translate(_LIKENESS),
            unicodedata.normalize("NFKC", part),
            _bare(unicodedata.normalize("NFKD", part)),
        ):
            if similar and all(self._covers(piece) for piece in clusters(similar)):
                return similar
        return ELLIPSIS

    def _covers(self, part: str) -> bool:
        return part.isspace() or any(_draws(face, part) for face in self.faces)

    def _face(self, part: str) -> Face:
        able = [face for face in self.faces if _draws(face, part)]
        if is_pictograph(ord(part[0])) or "\ufe0f" in part:
            able.sort(key=lambda face: not face.colour)
        return able[0] if able else self.faces[0]


def draw_line(line: Line, canvas: Canvas, at: tuple[float, float], size: int, ink: Ink) -> None:
    """Draws the line, its left end and base line at that place."""
    x, baseline = at
    for run in line.runs:
        if run.face.colour:
            _draw_picture(run, canvas, (x, baseline), size)
        else:
            _draw_letters(run, canvas, (x, baseline), size, ink)
        x += run.width(size)


def _draw_letters(run: Run, canvas: Canvas, at: tuple[float, float], size: int, ink: Ink) -> None:
    font = run.face.at(size * _FINER)
    box = font.getbbox(run.text, anchor="ls", direction=run.direction)
    left, top, right, bottom = (side / _FINER for side in box)
    corner = (floor(at[0] + left) - 1, floor(at[1] + top) - 1)
    wide, high = ceil(right - left) + 4, ceil(bottom - top) + 4
    mask = Image.new("L", (wide * _FINER, high * _FINER))
    place = ((at[0] - corner[0]) * _FINER, (at[1] - corner[1]) * _FINER)
    ImageDraw.Draw(mask).text(
        place, run.text, fill=255, font=font, anchor="ls", direction=run.direction
    )
    canvas.ink(mask.reduce(_FINER), corner, ink)


def _draw_picture(run: Run, canvas: Canvas, at: tuple[float, float], size: int) -> None:
    """Colour glyphs, drawn as large as their font has them and brought to the size."""
    font = run.face.at(size * _FINER)
    scale = size / font.size
    wide, (ascent, descent) = font.getlength(run.text), font.getmetrics()
    drawn = Image.new("RGBA", (int(wide) + 2, ascent + descent))
    ImageDraw.Draw(drawn).text(
        (0, ascent), run.text, fill=(255, 255, 255), font=font, anchor="ls", embedded_color=True
    )
    small = (max(1, round(drawn.width * scale)), max(1, round(drawn.height * scale)))
    drawn = drawn.resize(small, Image.Resampling.LANCZOS)
    canvas.lay(
        drawn.getchannel("A"),
        drawn.convert("RGB"),
        at=(round(at[0]), round(at[1] - ascent * scale)),
    )


def _draws(face: Face, part: str) -> bool:
    return all(is_ignorable(character) or ord(character) in face.covered for character in part)


def _wrapped(words: list[Word], width: float) -> list[list[Word]]:
    rows: list[list[Word]] = [[]]
    used = 0.0
    for word in words:
        if rows[-1] and used + word.width > width:
            rows.append([])
            used = 0.0
        rows[-1].append(word)
        used += word.width + word.space
    return rows


def _balanced(words: list[Word], width: float, lines: int) -> list[list[Word]]:
    """As many lines, as even as they can be: no last line of a single word."""
    narrow, wide = width / 2, width
    while lines > 1 and wide - narrow > 2:
        middle = (narrow + wide) / 2
        if len(_wrapped(words, middle)) > lines or any(word.width > middle for word in words):
            narrow = middle
        else:
            wide = middle
    return _wrapped(words, wide)


def _joined(row: list[Word]) -> list[str]:
    return [part for word in row for part in word.parts]


def _unbroken(parts: list[str]) -> list[list[str]]:
    """Clusters that must stay on one line, with the space that follows them."""
    found: list[list[str]] = []
    for place, part in enumerate(parts):
        if place and not breaks_between(parts[place - 1], part):
            found[-1].append(part)
        else:
            found.append([part])
    return found


def _trimmed(parts: list[str]) -> list[str]:
    end = len(parts)
    while end and parts[end - 1].isspace():
        end -= 1
    return parts[:end]


def _bare(text: str) -> str:
    return "".join(character for character in text if not unicodedata.combining(character))
