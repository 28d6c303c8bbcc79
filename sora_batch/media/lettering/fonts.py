"""Finds a font for every character, and as late as it can.

Pillow's built-in face draws plain English, so most clips never look at the machine's fonts. Only
for characters it lacks is fontconfig asked which files cover them, or, where there is none, are
the usual folders gone through, the likeliest names first. What is found is kept for the process.
"""

from __future__ import annotations

import io
import logging
import threading
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]
from PIL import ImageFont, features

from sora_batch.media.lettering.font_files import (
    ask_fontconfig,
    font_files,
    is_pictograph,
    name_score,
)

_log = logging.getLogger(__name__)

_FILES_OPENED_MOST = 400
_CANDIDATES_COMPARED = 3
# Colour fonts made of bitmaps come in one size only; these are the ones in use.
_BITMAP_SIZES = (109, 128, 136, 160, 96, 64)


@dataclass(frozen=True)
class Face:
    """One font and what it can draw. `path` is None for the built-in one."""

    path: Path | None
    index: int
    covered: frozenset[int] = field(repr=False)
    colour: bool = False

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """The face in that many pixels; for bitmap fonts the nearest it has."""
        return _opened(self.path, self.index, size)

    @property
    def identity(self) -> str:
        """What tells it from another font of this machine or the next, however it is installed."""
        if self.path is None:
            return f"Pillow's own ({len(_builtin_file())} bytes)"
        return f"{self.path.name}#{self.index} ({self.path.stat().st_size} bytes)"


class FontBook:
    """Finds faces, and remembers what is nowhere. Calls may come from any thread."""

    def __init__(self, *, search: bool = True) -> None:
        self._search = search
        self._lock = threading.Lock()
        self._nowhere: set[int] = set()

    def faces_for(self, codes: Iterable[int]) -> tuple[Face, ...]:
        """Faces that together cover these characters as far as possible, the main one first.

        The main one covers the most letters, so that a line does not change face with an accent.
        """
        wanted = {code for code in codes if code > 0x20}
        builtin = builtin_face()
        if wanted <= builtin.covered:
            return (builtin,)
        with self._lock:
            missing = wanted - builtin.covered - self._nowhere
            found: list[Face] = []
            while missing:
                face = self._face_covering(missing)
                if face is None:
                    self._nowhere.add(min(missing))
                    missing.discard(min(missing))
                    continue
                found.append(face)
                missing -= face.covered
        found.append(builtin)
        plain = [face for face in found if not face.colour]
        main = max(plain, key=lambda face: len(wanted & face.covered))
        return (main, *(face for face in found if face is not main))

    def _face_covering(self, missing: set[int]) -> Face | None:
        """The best face for the first of the missing characters.

        Chosen by these characters alone: what other texts needed before must not show.
        """
        code = min(missing)
        faces = [_read_face(path, index) for path, index in self._candidates(code)]
        able = [face for face in faces if face is not None and code in face.covered]
        if not able:
            return None
        in_colour = is_pictograph(code)
        alike = {other for other in missing if is_pictograph(other) == in_colour}
        return max(able, key=lambda face: (in_colour and face.colour, len(alike & face.covered)))

    def _candidates(self, code: int) -> list[tuple[Path, int]]:
        """The likeliest files first, and only the first few: opening a large one takes 0.1 s."""
        if not self._search:
            return []
        files = ask_fontconfig(code)
        if files is None:
            return _first_covering(code)
        files_in_order = sorted(files, key=lambda file: (-name_score(file[0], code), file))
        return files_in_order[:_CANDIDATES_COMPARED]


@lru_cache(maxsize=1)
def shared_book() -> FontBook:
    """The process's own."""
    return FontBook()


@lru_cache(maxsize=1)
def builtin_face() -> Face:
    """The face that comes with Pillow."""
    with TTFont(io.BytesIO(_builtin_file()), lazy=True) as font:
        return Face(None, 0, frozenset(font.getBestCmap()))


def needs_shaping(code: int) -> bool:
    """Whether a character is only drawn right by a shaping engine."""
    if unicodedata.bidirectional(chr(code)) in {"R", "AL"}:
        return True
    return 0x0900 <= code <= 0x0DFF or 0x1000 <= code <= 0x109F or 0x1780 <= code <= 0x17FF


@lru_cache(maxsize=1)
def can_shape() -> bool:
    """Whether Pillow has its shaping engine here."""
    return bool(features.check("raqm"))


@lru_cache(maxsize=256)
def _opened(path: Path | None, index: int, size: int) -> ImageFont.FreeTypeFont:
    if path is None:
        return ImageFont.truetype(io.BytesIO(_builtin_file()), size)
    for pixels in (size, *_BITMAP_SIZES):
        try:
            return ImageFont.truetype(str(path), pixels, index=index)
        except OSError as error:
            refused = error
    raise refused


@lru_cache(maxsize=1)
def _builtin_file() -> bytes:
    font = ImageFont.load_default(10)
    # Pillow opens it with its plain layout; opened from its bytes it is set with kerning.
    if not isinstance(font, ImageFont.FreeTypeFont) or not isinstance(font.path, io.BytesIO):
        raise TypeError("Pillow was built without FreeType: install it from a wheel")
    return font.path.getvalue()


@lru_cache(maxsize=1024)
def _read_face(path: Path, index: int) -> Face | None:
    """The face in a file; None for what is no font, or one that cannot be opened here."""
    try:
        with path.open("rb") as file, TTFont(file, fontNumber=index, lazy=True) as font:
            covered = frozenset(font.getBestCmap() or ())
            colour = any(table in font for table in ("CBDT", "COLR", "sbix"))
        face = Face(path, index, _drawable(covered), colour)
        face.at(24)
    except (OSError, TTLibError, ValueError, KeyError, AssertionError) as error:
        _log.info("font %s left out: %s", path, error)
        return None
    return face


def _drawable(covered: frozenset[int]) -> frozenset[int]:
    if can_shape():
        return covered
    return frozenset(code for code in covered if not needs_shaping(code))


def _first_covering(code: int) -> list[tuple[Path, int]]:
    """The first file that covers the character, opened one after another, promising ones first."""
    files = sorted(font_files(), key=lambda path: -name_score(path, code))
    for path in files[:_FILES_OPENED_MOST]:
        face = _read_face(path, 0)
        if face is not None and code in face.covered:
            return [(path, 0)]
    return []
