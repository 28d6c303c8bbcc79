"""Wrapping, likenesses, and the promise of no boxes."""

from __future__ import annotations

import numpy as np
import pytest

from sora_batch.media.lettering.canvas import Canvas
from sora_batch.media.lettering.fonts import FontBook
from sora_batch.media.lettering.lines import Line, Typesetter, draw_line
from sora_batch.shots import Size

NO_FONTS = FontBook(search=False)


def shown(line: Line) -> str:
    """The line's text as it stands, left to right."""
    return "".join(run.text for run in line.runs)


def set_lines(text: str, width: float, most: int = 9) -> list[str]:
    """The text in lines at 20 pixels, with nothing but the built-in font."""
    setter = Typesetter(text, NO_FONTS)
    lines = setter.lines(width, 20, most)
    assert all(line.width <= width + 0.01 for line in lines)
    return [shown(line) for line in lines]


def test_words_stay_whole_and_lines_are_even() -> None:
    lines = set_lines("A red fishing boat leaves the harbour at dawn", 200)
    assert " ".join(lines) == "A red fishing boat leaves the harbour at dawn"
    assert len(lines) == 3
    assert max(map(len, lines)) - min(map(len, lines)) < 8


def test_a_word_wider_than_the_line_is_cut() -> None:
    lines = set_lines("x" * 60, 100)
    assert "".join(lines) == "x" * 60
    assert len(lines) > 4


def test_what_does_not_fit_ends_in_an_ellipsis() -> None:
    lines = set_lines("Waves, wind, and more. " * 2000, 200, most=3)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert not lines[-1].endswith((",…", ".…", " …"))


def test_all_white_space_is_one_space() -> None:
    assert set_lines("  a\n\n\tb  ", 200) == ["a b"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("café Zürich", "cafe Zurich"),
        ("5 × zoom – slowly", "5 x zoom - slowly"),
        ("a 港口 b", "a … b"),
        ("港口", "…"),
        ("مشهد", "…"),
        ("go 🐕!", "go …!"),
        ("ﬁ ½ ①", "ﬁ 1⁄2 1"),
        ("a\u202eb\u0007c", "abc"),
        ("a\ue000b", "ab"),
        ("", ""),
    ],
)
def test_without_fonts_nothing_becomes_a_box(text: str, line: str) -> None:
    assert "".join(set_lines(text, 1000)) == line


@pytest.mark.parametrize(
    "text",
    [
        "港口。",
        "مشهد 35mm",
        "נמל (b)",
        "ท่าเรือ",
        "🐕 🇨🇭 👨‍👩‍👧",
        "हिन्दी",
        "\u200d\ufe0f",
        "e\u0301" * 50,
        "\U000e0041",
    ],
)
def test_any_script_can_be_set_with_whatever_fonts_there_are(text: str) -> None:
    setter = Typesetter(text, FontBook())
    canvas = Canvas(Size(200, 60))
    for line in setter.lines(190, 20, 2):
        assert line.width <= 190.01
        draw_line(line, canvas, (5, 30), 20, (255, 255, 255, 1.0))
    covered = any(character.isprintable() for character in text.replace("\u200d", ""))
    assert bool(np.asarray(canvas.cover).any()) == (covered and text[0] not in "\u200d\U000e0041")


def test_lettering_lies_on_its_base_line_and_over_what_was_there() -> None:
    canvas = Canvas(Size(100, 40))
    canvas.plate((0, 0, 100, 40), 6, (255, 200, 0, 1.0))
    (line,) = Typesetter("HHH", NO_FONTS).lines(90, 20, 1)
    draw_line(line, canvas, (10, 30), 20, (0, 0, 0, 1.0))
    cover, colour = np.asarray(canvas.cover), np.asarray(canvas.colour)
    assert cover[5:35, 5:95].min() == 255
    dark = np.argwhere(colour[5:35, 5:95, 0] < 64)
    assert dark[:, 0].max() == 29 - 5
    assert dark[:, 1].min() in {10 - 5, 11 - 5, 12 - 5}
