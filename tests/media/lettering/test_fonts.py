"""Which font draws what, and how little is looked at to find out."""

from __future__ import annotations

from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]

from sora_batch.media.lettering import font_files, fonts
from sora_batch.media.lettering.fonts import FontBook, builtin_face


@pytest.fixture
def no_fontconfig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine whose only fonts are in the folder, without fontconfig."""
    folder = tmp_path / ".local" / "share" / "fonts"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(font_files, "_FOLDERS", {"linux": ("~/.local/share/fonts",)})
    for cached in (font_files.ask_fontconfig, font_files.font_files):
        cached.cache_clear()
    return folder


@pytest.fixture(autouse=True)
def _forget() -> None:
    """No test knows what another found."""
    font_files.ask_fontconfig.cache_clear()
    font_files.font_files.cache_clear()


def test_plain_english_never_looks_at_the_machines_fonts() -> None:
    book = FontBook()
    assert book.faces_for(map(ord, "Slow push-in: 35mm, f/1.8 (dawn)!")) == (builtin_face(),)
    assert font_files.ask_fontconfig.cache_info().misses == 0
    assert font_files.font_files.cache_info().misses == 0


def test_a_machine_without_fonts_still_writes(no_fontconfig: Path) -> None:
    assert list(no_fontconfig.iterdir()) == []
    assert FontBook().faces_for(map(ord, "港口 and more")) == (builtin_face(),)


def test_what_is_nowhere_is_looked_for_once(
    no_fontconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (no_fontconfig / "Broken-Regular.ttf").write_bytes(b"no font at all")
    book = FontBook()
    book.faces_for([0x6E2F])
    asked: list[int] = []
    monkeypatch.setattr(fonts, "_first_covering", asked.append)
    assert book.faces_for([0x6E2F]) == (builtin_face(),)
    assert asked == []


def test_fonts_are_found_in_folders_too(no_fontconfig: Path) -> None:
    made = no_fontconfig / "Some-Regular.ttf"
    write_font(made, "éàü")
    (face, builtin) = FontBook().faces_for(map(ord, "é"))
    assert face.path == made
    assert builtin is builtin_face()


def test_the_main_face_is_the_one_that_covers_most(no_fontconfig: Path) -> None:
    write_font(no_fontconfig / "Latin-Regular.ttf", "café")
    assert FontBook().faces_for(map(ord, "café"))[0].path is not None
    assert FontBook().faces_for(map(ord, "a long English text; é"))[0] is builtin_face()


def test_what_other_texts_needed_before_does_not_show(no_fontconfig: Path) -> None:
    write_font(no_fontconfig / "Wide-Bold.ttf", "é港")
    write_font(no_fontconfig / "NotoSans-Regular.ttf", "é")
    fresh, used = FontBook(), FontBook()
    used.faces_for(map(ord, "港"))
    assert used.faces_for(map(ord, "é")) == fresh.faces_for(map(ord, "é"))
    assert fresh.faces_for(map(ord, "é"))[0].path == no_fontconfig / "NotoSans-Regular.ttf"


def test_a_font_is_known_by_its_file_wherever_it_is_installed(no_fontconfig: Path) -> None:
    made = no_fontconfig / "Some-Regular.ttf"
    write_font(made, "é")
    (before, builtin) = FontBook().faces_for(map(ord, "é"))
    said = before.identity
    assert said.startswith("Some-Regular.ttf#0 (")
    assert str(no_fontconfig) not in said
    assert said != builtin.identity
    write_font(made, "éàü")
    assert before.identity != said


@pytest.mark.parametrize(
    ("better", "worse", "code"),
    [
        ("NotoSans-Regular.ttf", "NotoSans-BoldItalic.ttf", 0xE9),
        ("DejaVuSans.ttf", "DejaVuSansMono.ttf", 0xE9),
        ("NotoSansArabic-Regular.ttf", "DejaVuSans.ttf", 0x645),
        ("NotoSansCJK-Regular.ttc", "NotoSerifCJK-Bold.ttc", 0x6E2F),
        ("NotoColorEmoji.ttf", "DejaVuSans.ttf", 0x1F415),
        ("leelawad.ttf", "zapf.ttf", 0xE17),
    ],
)
def test_names_promise_the_right_font(better: str, worse: str, code: int) -> None:
    first, second = (font_files.name_score(Path(name), code) for name in (better, worse))
    assert first > second


def write_font(path: Path, characters: str) -> None:
    """A font file of its own, whose letters are all the same box."""
    names = [".notdef", *(f"g{ord(character):x}" for character in characters)]
    pen = TTGlyphPen(None)
    pen.moveTo((50, 0))
    for point in ((50, 700), (450, 700), (450, 0)):
        pen.lineTo(point)
    pen.closePath()
    glyph = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(c): f"g{ord(c):x}" for c in characters})
    builder.setupGlyf(dict.fromkeys(names, glyph))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (500, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": path.stem, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
