"""Where everything stands on the picture: shot id, timecode, prompt, facts, progress.

All measures hang on the frame, so that a slate is read as well on a phone's portrait clip as on a
wide one, and a thumbnail of a clip says only what it has room for.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sora_batch.media.lettering.canvas import Canvas, Ink
from sora_batch.media.lettering.fonts import FontBook, builtin_face
from sora_batch.media.lettering.lines import BREAK, Line, Typesetter, draw_line
from sora_batch.shots import Size
from sora_batch.simulator.background import palette_of
from sora_batch.simulator.orders import FRAMES_PER_SECOND
from sora_batch.simulator.overlay import Bar, Counter, Numbers, Rgb, Stencil, to_yuv
from sora_batch.simulator.planes import Planes
from sora_batch.simulator.scene import Scene

_WHITE: Ink = (255, 255, 255, 1.0)
_PROMPT: Ink = (255, 255, 255, 0.94)
_QUIET: Ink = (255, 255, 255, 0.72)
_TRACK: Ink = (255, 255, 255, 0.28)
_LEADING = 1.36
_SMALLEST_TYPE = 9
_LEGIBLE_SIDE = 120
_HEAD_TONE, _LEAST_HEAD = 100, 0.15
_FOOT_TONE, _LEAST_FOOT = 52, 0.45
_SYNC_FRAMES = 2


@dataclass(frozen=True, slots=True)
class Measures:
    """Sizes of type and margins for a frame, in pixels."""

    margin_x: int
    margin_y: int
    title: int
    prompt: int
    small: int
    measure: int
    prompt_lines: int
    bar: int


def measures_of(size: Size) -> Measures:
    """What suits the frame: margins inside the title-safe area, lines of readable length."""
    unit = sqrt(size.width * size.height) / 960
    unit = min(unit, size.width / 620)
    prompt = max(_SMALLEST_TYPE + 1, round(27 * unit))
    margin_x, margin_y = _even(size.width * 0.055), _even(size.height * 0.055)
    inner = size.width - 2 * margin_x
    return Measures(
        margin_x=margin_x,
        margin_y=margin_y,
        title=max(_SMALLEST_TYPE + 3, round(40 * unit)),
        prompt=prompt,
        small=max(_SMALLEST_TYPE, round(18 * unit)),
        measure=min(inner, round(prompt * 32)),
        prompt_lines=max(2, min(9, int(size.height * 0.34 / (prompt * _LEADING)))),
        bar=max(2, _even(4 * unit)),
    )


class Slate:
    """The lettering of one scene."""

    def __init__(self, scene: Scene, book: FontBook) -> None:
        self._scene = scene
        self._book = book
        self._m = measures_of(scene.size)
        self._accent = _rgb(scene)
        canvas = Canvas(scene.size)
        self._bar = self._lay_bar(canvas)
        self._head_base = self._m.margin_y + round(self._m.title * 0.82)
        self._counter: Counter | None = None
        self._counter_left = scene.size.width - self._m.margin_x
        self._foot_top = scene.size.height - 6 * self._m.margin_y
        if min(scene.size) >= _LEGIBLE_SIDE:
            self._counter = self._timecode_counter()
            self._lay_head(canvas)
            self._lay_foot(canvas)
        self._stencil = Stencil(canvas)
        self._sync = self._sync_dot()

    def under(self, picture: Image.Image) -> Image.Image:
        """The picture, darker where lettering stands, so that it can be read on any."""
        height = picture.height
        y = np.arange(height, dtype=np.float32) + 0.5
        grey = np.asarray(picture.convert("L"))
        # Even over the title, then fading softly below it.
        head = _eased(1 - (y - self._head_base) / (4.5 * self._m.title)) ** 1.5
        # From above the first line down, and almost all of it by the time the lettering begins.
        start = self._foot_top - 0.16 * height
        foot = _eased((y - start) / (0.34 * height))
        dark = _needed(grey[head > 0.5], _HEAD_TONE, _LEAST_HEAD) * head
        dark += _needed(grey[foot > 0.5], _FOOT_TONE, _LEAST_FOOT) * foot
        stays = np.rint(256 * (1 - dark)).astype(np.uint16)[:, None, None]
        return Image.fromarray(((np.asarray(picture) * stays) >> 8).astype(np.uint8))

    def over(self, planes: Planes, number: int) -> None:
        """Lays it over the frame of that number."""
        self._stencil.over(planes)
        beeping = number - (self._scene.seam or 0) if number else 0
        if 0 <= beeping < _SYNC_FRAMES:
            self._sync.over(planes)
        self._bar.over(planes, (number + 1) / self._scene.frames)
        if self._counter is not None:
            self._counter.over(planes, timecode(number))

    def _sync_dot(self) -> Stencil:
        """A light beside the timecode while the beep sounds, for whoever syncs by eye."""
        canvas = Canvas(self._scene.size)
        side = max(4, round(self._m.small * 0.66))
        right, middle = self._counter_left - side, self._head_base - round(self._m.small * 0.4)
        box = (right - side, middle - side // 2, right, middle - side // 2 + side)
        canvas.plate(box, side / 2, (*self._accent, 1.0))
        return Stencil(canvas)

    def _lay_bar(self, canvas: Canvas) -> Bar:
        width, height = self._scene.size
        m = self._m
        bottom = height - m.margin_y
        box = (m.margin_x, bottom - m.bar, width - m.margin_x, bottom)
        canvas.plate(box, 0, _TRACK)
        if self._scene.seam is not None:
            seam = round(box[0] + (box[2] - box[0]) * self._scene.seam / self._scene.frames)
            tall = 2 * m.bar
            canvas.plate((seam, box[1] - tall, seam + max(1, m.bar // 2), box[3]), 0, _WHITE)
        y, u, v = (int(value) for value in to_yuv(np.array(self._accent, np.float32)))
        return Bar(box, (y, u, v))

    def _timecode_counter(self) -> Counter:
        m, width = self._m, self._scene.size.width
        size = max(_SMALLEST_TYPE + 1, round(m.small * 1.15))
        font = builtin_face().at(4 * size)
        cell = _even(max(font.getlength(digit) for digit in "0123456789") / 4 + 1)
        text = timecode(0)
        high = _even(size * 1.3)
        glyphs = {}
        for character in "0123456789:":
            wide = cell if character != ":" else _even(cell * 0.6)
            glyph = Image.new("L", (4 * wide, 4 * high))
            ImageDraw.Draw(glyph).text(
                (2 * wide, 4 * size), character, fill=240, font=font, anchor="ms"
            )
            glyphs[character] = glyph.reduce(4)
        total = sum(glyphs[character].width for character in text)
        self._counter_left = (width - m.margin_x - total) // 2 * 2
        top = max(0, (self._head_base - size) // 2 * 2)
        return Counter(glyphs, (self._counter_left, top))

    def _lay_head(self, canvas: Canvas) -> None:
        """The shot id on one line, smaller if it must be, or else on two."""
        m = self._m
        room = self._counter_left - m.margin_x - m.title
        # Ids are read left to right wherever they stand, as in a terminal.
        title = self._scene.title.replace(".", f".{BREAK}")
        setter = Typesetter(title, self._book, right_to_left=False)
        size = m.title
        while size > m.prompt and setter.line(setter.parts, size).width > room:
            size -= 1
        for place, line in enumerate(setter.lines(room, size, 2) if setter.parts else ()):
            at = (m.margin_x, self._head_base + round(place * size * 1.2))
            draw_line(line, canvas, at, size, _WHITE)

    def _lay_foot(self, canvas: Canvas) -> None:
        """From the progress line upwards: facts, prompt, mark."""
        m, (width, height) = self._m, self._scene.size
        inner = width - 2 * m.margin_x
        base = height - m.margin_y - m.bar - round(m.small * 0.95)
        facts = Typesetter(" · ".join(self._scene.facts), self._book, right_to_left=False)
        for line in facts.lines(inner, m.small, 1):
            draw_line(line, canvas, (m.margin_x, base), m.small, _QUIET)
        prompt = Typesetter(self._scene.prompt, self._book)
        lines = prompt.lines(m.measure, m.prompt, m.prompt_lines)
        base -= round(m.small * 2.1)
        first = base - round((len(lines) - 1) * m.prompt * _LEADING)
        for place, line in enumerate(lines):
            left = self._left_of(line, right_to_left=prompt.right_to_left)
            at = (left, first + round(place * m.prompt * _LEADING))
            draw_line(line, canvas, at, m.prompt, _PROMPT)
        self._foot_top = first - m.prompt
        if self._scene.mark:
            self._lay_mark(canvas, first - round(m.prompt * 1.75))

    def _left_of(self, line: Line, *, right_to_left: bool) -> float:
        if right_to_left:
            return self._scene.size.width - self._m.margin_x - line.width
        return self._m.margin_x

    def _lay_mark(self, canvas: Canvas, base: int) -> None:
        """A tag in the accent colour that says what the clip was made from."""
        m = self._m
        pad = round(m.small * 0.6)
        room = self._scene.size.width - 2 * m.margin_x - 2 * pad
        for line in Typesetter(self._scene.mark, self._book).lines(room, m.small, 1):
            top = base - round(m.small * 1.08)
            box = (
                m.margin_x,
                top,
                m.margin_x + round(line.width) + 2 * pad,
                top + 2 * (base - top) - m.small // 2,
            )
            canvas.plate(box, (box[3] - box[1]) / 2, (*self._accent, 0.95))
            draw_line(line, canvas, (m.margin_x + pad, base), m.small, (16, 16, 20, 1.0))


def timecode(number: int) -> str:
    """Hours, minutes, seconds and frames, as editors write them."""
    seconds, frame = divmod(number, FRAMES_PER_SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}:{frame:02}"


def _rgb(scene: Scene) -> Rgb:
    accent = palette_of(scene.picture_prompt, scene.picture_seed).accent
    red, green, blue = (round(float(channel)) for channel in accent)
    return red, green, blue


def _needed(under: NDArray[np.uint8], tone: int, least: float) -> float:
    """How much darker a part must be for its light places to come down to the tone."""
    if not under.size:
        return least
    light = float(np.percentile(under, 90))
    return max(least, 1 - tone / max(light, 1.0))


def _eased(t: Numbers) -> Numbers:
    t = np.clip(t, 0, 1)
    eased: Numbers = t * t * (3 - 2 * t)
    return eased


def _even(value: float) -> int:
    return 2 * max(1, round(value / 2))
