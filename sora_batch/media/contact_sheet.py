"""Lays pictures out on one sheet with words below each, to be looked at before anything is spent.

Knows nothing of shots: it is given tiles, each with a picture or the words that stand in its
place. One picture is shown large, two hundred small, and a sheet stays within what a WebP can be.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from sora_batch.media.lettering.canvas import Canvas, Ink
from sora_batch.media.lettering.fonts import shared_book
from sora_batch.media.lettering.lines import Line, Typesetter, draw_line
from sora_batch.media.operation import text_of
from sora_batch.outputs import write_atomically
from sora_batch.shots import Json, Size

MOST_TILES = 1_000

_WIDTHS = ((1, 1120), (4, 640), (12, 440), (48, 320))
_SMALLEST = 240
_TITLE = 26
_SHAPE = 1.45
_LEADING = 1.35
_GROUND = (246, 246, 243)
_EMPTY = (228, 228, 222)
_HATCH = (216, 216, 209)
_EDGE = (205, 205, 198)
_DARK: Ink = (28, 28, 30, 1.0)
_FAINT: Ink = (104, 104, 108, 1.0)


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture of the sheet: `words` stand in its place where there is none, `name` and
    `details` below it; `size` is the picture's, also of one that is not there yet."""

    picture: Path | None
    words: str
    name: str
    details: str
    size: Size


@dataclass(frozen=True, slots=True)
class _Grid:
    """How the sheet is divided, in pixels: `heights` has the pictures' room row by row.

    `type_size` is that of the names.
    """

    columns: int
    width: int
    heights: tuple[int, ...]
    label: int
    gap: int
    head: int
    type_size: int

    @property
    def size(self) -> Size:
        across = self.columns * (self.width + self.gap) + self.gap
        return Size(across, self._top(len(self.heights)))

    def corner(self, number: int) -> tuple[int, int]:
        row, column = divmod(number, self.columns)
        return self.gap + column * (self.width + self.gap), self._top(row)

    def height(self, number: int) -> int:
        return self.heights[number // self.columns]

    def _top(self, row: int) -> int:
        above = sum(self.heights[:row]) + row * (self.label + self.gap)
        return self.head + self.gap + above


def contact_sheet(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """Writes the sheet of `tiles` under `title` to `target`, a PNG or, by its suffix, a WebP.

    Answers sha256, bytes, width, height and tiles. Raises OSError for a picture that is not there.
    """
    tiles = _tiles_of(spec.get("tiles"))
    target = Path(text_of(spec, "target"))
    names = [Typesetter(tile.name, shared_book()) for tile in tiles]
    grid = _grid_for(tiles, names)
    sheet = Image.new("RGB", grid.size, _GROUND)
    title = _set(text_of(spec, "title"), grid.size.width - 2 * grid.gap, _TITLE, 1)
    _write(sheet, title, _TITLE, (grid.gap, grid.gap))
    for number, (tile, name) in enumerate(zip(tiles, names, strict=True)):
        _lay(sheet, grid, number, tile, name)
    data = _encoded(sheet, target.suffix.lower())
    write_atomically(target, data)
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "width": sheet.width,
        "height": sheet.height,
        "tiles": len(tiles),
    }


def _tiles_of(value: Json) -> list[Tile]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_TILES:
        raise TypeError(f"`tiles` must be a list of 1 to {MOST_TILES:,}")
    return [_tile_of(each) for each in value if isinstance(each, dict)]


def _tile_of(value: Mapping[str, Json]) -> Tile:
    picture = value.get("picture")
    return Tile(
        picture=Path(picture) if isinstance(picture, str) else None,
        words=text_of(value, "words"),
        name=text_of(value, "name"),
        details=text_of(value, "details"),
        size=Size(int(str(value["width"])), int(str(value["height"]))),
    )


def _grid_for(tiles: Sequence[Tile], names: Sequence[Typesetter]) -> _Grid:
    count = len(tiles)
    width = next((width for most, width in _WIDTHS if count <= most), _SMALLEST)
    # Upright pictures get a square: as much room as the others have.
    heights = [round(width * min(1.0, tile.size.height / tile.size.width)) for tile in tiles]
    height = sum(heights) / count
    type_size = max(14, min(26, width // 20))
    lines = max(len(name.lines(width, type_size, 2)) for name in names)
    label = round((lines + 1.2) * type_size * _LEADING)
    gap = max(16, width // 16)
    columns = round(math.sqrt(count * _SHAPE * (height + label + gap) / (width + gap)))
    columns = max(1, min(count, columns))
    rows = [heights[start : start + columns] for start in range(0, count, columns)]
    return _Grid(
        columns=columns,
        width=width,
        heights=tuple(map(max, rows)),
        label=label,
        gap=gap,
        head=round(_TITLE * 2.2),
        type_size=type_size,
    )


def _lay(sheet: Image.Image, grid: _Grid, number: int, tile: Tile, name: Typesetter) -> None:
    """One tile: its picture at the foot of its room, so that the words stand right below it."""
    corner, height = grid.corner(number), grid.height(number)
    scale = min(grid.width / tile.size.width, height / tile.size.height)
    size = Size(max(1, round(tile.size.width * scale)), max(1, round(tile.size.height * scale)))
    left, top = corner[0], corner[1] + height - size.height
    if tile.picture is not None:
        with Image.open(tile.picture) as picture:
            picture.draft("RGB", size)
            small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        sheet.paste(small, (left, top))
    else:
        sheet.paste(_empty(size), (left, top))
        _write_within(sheet, tile.words, (left, top), size, max(13, grid.type_size - 1))
    box = (left, top, left + size.width - 1, top + size.height - 1)
    ImageDraw.Draw(sheet).rectangle(box, outline=_EDGE)
    foot = corner[1] + height + grid.type_size // 3
    foot = _write(
        sheet, name.lines(grid.width, grid.type_size, 2), grid.type_size, (corner[0], foot)
    )
    small_type = max(12, grid.type_size - 3)
    _write(
        sheet, _set(tile.details, grid.width, small_type, 1), small_type, (corner[0], foot), _FAINT
    )


def _empty(size: Size) -> Image.Image:
    """What stands where a picture is not there yet: a hatched plate."""
    plate = Image.new("RGB", size, _EMPTY)
    draw = ImageDraw.Draw(plate)
    for start in range(-size.height, size.width, 14):
        draw.line((start, size.height, start + size.height, 0), fill=_HATCH, width=2)
    return plate


def _write_within(
    sheet: Image.Image, words: str, corner: tuple[int, int], size: Size, type_size: int
) -> None:
    """The words in the middle of a plate."""
    margin = max(6, size.width // 12)
    most = max(1, int(size.height / (type_size * _LEADING)) - 1)
    lines = _set(words, size.width - 2 * margin, type_size, most)
    high = round(len(lines) * type_size * _LEADING)
    top = corner[1] + (size.height - high) // 2
    for line in lines:
        left = corner[0] + round((size.width - line.width) / 2)
        ground = (left - 6, top, round(left + line.width) + 6, top + round(type_size * _LEADING))
        ImageDraw.Draw(sheet).rectangle(ground, fill=_EMPTY)
        top = _write(sheet, [line], type_size, (left, top))


def _set(text: str, width: int, type_size: int, most: int) -> list[Line]:
    return Typesetter(text, shared_book()).lines(width, type_size, most)


def _write(
    sheet: Image.Image,
    lines: Sequence[Line],
    type_size: int,
    at: tuple[int, int],
    ink: Ink = _DARK,
) -> int:
    """Writes the lines below each other; where the next one would begin."""
    left, top = at
    step = round(type_size * _LEADING)
    for line in lines:
        canvas = Canvas(Size(math.ceil(line.width) + type_size, step + type_size // 2))
        draw_line(line, canvas, (0, type_size), type_size, ink)
        sheet.paste(canvas.colour, (left, top), canvas.cover)
        top += step
    return top


def _encoded(sheet: Image.Image, suffix: str) -> bytes:
    written = io.BytesIO()
    if suffix == ".webp":
        sheet.save(written, "WEBP", quality=88, method=4)
    else:
        sheet.save(written, "PNG", compress_level=6)
    return written.getvalue()
