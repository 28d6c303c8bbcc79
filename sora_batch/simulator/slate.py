"""The slate of a clip: shot id, timecode, facts, prompt and progress on a plate of dark glass.

The plate is opaque and stands still while the picture below comes nearer. It is made of the
picture under its edge, mirrored, out of focus and dark: so it has the clip's colours, words can
be read on it whatever they are, and no slate that a reference brought along shines through.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from sora_batch.media.lettering.canvas import Canvas, Ink
from sora_batch.media.lettering.fonts import FontBook, builtin_face
from sora_batch.media.lettering.lines import BREAK, Typesetter, draw_line
from sora_batch.shots import Size
from sora_batch.simulator.background import palette_of
from sora_batch.simulator.measures import even, measures_of
from sora_batch.simulator.orders import FRAMES_PER_SECOND
from sora_batch.simulator.overlay import Bar, Counter, Rgb, Stencil, to_yuv
from sora_batch.simulator.planes import Planes
from sora_batch.simulator.scene import Scene

_WHITE: Ink = (255, 255, 255, 1.0)
_PROMPT: Ink = (255, 255, 255, 0.94)
_QUIET: Ink = (255, 255, 255, 0.72)
_TRACK: Ink = (255, 255, 255, 0.28)
_LEADING = 1.3
_GLASS_TONE, _GLASS_COLOUR = 52, 1.35
_BLUR_SHRINK = 8
_SYNC_FRAMES = 2


class Slate:
    """The lettering of one scene."""

    def __init__(self, scene: Scene, book: FontBook) -> None:
        self._scene = scene
        self._book = book
        self._m = m = measures_of(scene.size)
        self._accent = _rgb(scene)
        canvas = Canvas(Size(scene.size.width, m.slate))
        self._bar = self._lay_bar(canvas)
        self._title_base = m.margin_y + round(m.title * 0.76)
        self._counter: Counter | None = None
        self._counter_left = scene.size.width - m.margin_x
        if m.legible:
            self._counter = self._timecode_counter()
            self._lay_words(canvas)
        self._stencil = Stencil(canvas)
        self._sync = self._sync_dot()

    def glass(self, picture: Image.Image) -> Image.Image:
        """The plate for the picture that begins at its lower edge."""
        high = self._m.slate
        near = picture.crop((0, 0, picture.width, min(high, picture.height)))
        small = (max(1, picture.width // _BLUR_SHRINK), max(1, high // _BLUR_SHRINK))
        blurred = near.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize(small)
        blurred = blurred.filter(ImageFilter.GaussianBlur(small[1] / 5))
        blurred = ImageEnhance.Color(blurred).enhance(_GLASS_COLOUR)
        light = float(np.percentile(np.asarray(blurred.convert("L")), 90))
        stays = round(256 * min(0.5, _GLASS_TONE / max(light, 1.0)))
        dark = blurred.point([level * stays >> 8 for level in range(256)] * 3)
        return dark.resize((picture.width, high), Image.Resampling.BICUBIC)

    def over(self, planes: Planes, number: int) -> None:
        """Lays the words over the upper part of the frame of that number."""
        self._stencil.over(planes)
        beeping = number - (self._scene.seam or 0) if number else 0
        if 0 <= beeping < _SYNC_FRAMES:
            self._sync.over(planes)
        self._bar.over(planes, (number + 1) / self._scene.frames)
        if self._counter is not None:
            self._counter.over(planes, timecode(number))

    def _sync_dot(self) -> Stencil:
        """A light beside the timecode while the beep sounds, for whoever syncs by eye."""
        canvas = Canvas(Size(self._scene.size.width, self._m.slate))
        side = max(4, round(self._m.small * 0.66))
        right, middle = self._counter_left - side, self._title_base - round(self._m.small * 0.4)
        box = (right - side, middle - side // 2, right, middle - side // 2 + side)
        if self._m.legible:
            canvas.plate(box, side / 2, (*self._accent, 1.0))
        return Stencil(canvas)

    def _lay_bar(self, canvas: Canvas) -> Bar:
        m, width = self._m, self._scene.size.width
        box = (m.margin_x, m.bar_bottom - m.bar, width - m.margin_x, m.bar_bottom)
        canvas.plate(box, 0, _TRACK)
        if self._scene.seam is not None:
            seam = round(box[0] + (box[2] - box[0]) * self._scene.seam / self._scene.frames)
            canvas.plate((seam, box[1] - m.bar, seam + max(1, m.bar // 2), box[3]), 0, _WHITE)
        y, u, v = (int(value) for value in to_yuv(np.array(self._accent, np.float32)))
        return Bar(box, (y, u, v))

    def _timecode_counter(self) -> Counter | None:
        """None where it would leave the shot id too little room."""
        m, width = self._m, self._scene.size.width
        size = max(m.small, round(m.small * 1.15))
        font = builtin_face().at(4 * size)
        cell = even(max(font.getlength(digit) for digit in "0123456789") / 4 + 1)
        text = timecode(0)
        high = even(size * 1.3)
        glyphs = {}
        for character in "0123456789:":
            wide = cell if character != ":" else even(cell * 0.6)
            glyph = Image.new("L", (4 * wide, 4 * high))
            ImageDraw.Draw(glyph).text(
                (2 * wide, 4 * size), character, fill=240, font=font, anchor="ms"
            )
            glyphs[character] = glyph.reduce(4)
        total = sum(glyphs[character].width for character in text)
        if 2 * total > width - 2 * m.margin_x:
            return None
        self._counter_left = (width - m.margin_x - total) // 2 * 2
        top = max(0, (self._title_base - size) // 2 * 2)
        return Counter(glyphs, (self._counter_left, top))

    def _lay_words(self, canvas: Canvas) -> None:
        """From the top down: shot id, what it was made from and the facts, prompt."""
        m = self._m
        base = self._lay_title(canvas)
        # On a small slate the prompt has the room: it tells clips apart, the facts seldom do.
        facts_base = base + round(m.small * 1.75)
        if m.foot - facts_base >= 2 * _LEADING * m.prompt_sizes[-1]:
            base = facts_base
            self._lay_facts(canvas, base)
        self._lay_prompt(canvas, base + round(m.small * 0.6))

    def _lay_title(self, canvas: Canvas) -> int:
        """The shot id on one line, smaller if it must be, or else on two; its last base line."""
        m = self._m
        room = self._counter_left - m.margin_x - m.title
        # Ids are read left to right wherever they stand, as in a terminal.
        title = self._scene.title.replace(".", f".{BREAK}")
        setter = Typesetter(title, self._book, right_to_left=False)
        size, least = m.title, max(m.small, round(m.title * 0.6))
        while size > least and setter.line(setter.parts, size).width > room:
            size -= 1
        base = self._title_base
        for place, line in enumerate(setter.lines(room, size, 2) if setter.parts else ()):
            base = self._title_base + round(place * size * 1.2)
            draw_line(line, canvas, (m.margin_x, base), size, _WHITE)
        return base

    def _lay_facts(self, canvas: Canvas, base: int) -> None:
        m = self._m
        left = self._lay_mark(canvas, base) if self._scene.mark else m.margin_x
        facts = Typesetter(" · ".join(self._scene.facts), self._book, right_to_left=False)
        room = self._scene.size.width - m.margin_x - left
        for line in facts.lines(room, m.small, 1) if room > 4 * m.small else ():
            draw_line(line, canvas, (left, base), m.small, _QUIET)

    def _lay_mark(self, canvas: Canvas, base: int) -> int:
        """A tag in the accent colour that says what the clip was made from; where it ends."""
        m = self._m
        pad = round(m.small * 0.5)
        room = self._scene.size.width - 2 * m.margin_x - 2 * pad
        line = Typesetter(self._scene.mark, self._book).lines(room, m.small, 1)[0]
        right = m.margin_x + round(line.width) + 2 * pad
        box = (m.margin_x, base - m.small, right, base + round(m.small * 0.32))
        canvas.plate(box, (box[3] - box[1]) / 2, (*self._accent, 0.95))
        draw_line(line, canvas, (m.margin_x + pad, base), m.small, (16, 16, 20, 1.0))
        return right + m.small

    def _lay_prompt(self, canvas: Canvas, top: int) -> None:
        """As large as all of it has room; at the smallest size it ends in an ellipsis."""
        m, width = self._m, self._scene.size.width
        inner, room = width - 2 * m.margin_x, m.foot - top
        prompt = Typesetter(self._scene.prompt, self._book)
        for size in m.prompt_sizes:
            most = int(room / (size * _LEADING))
            lines = prompt.lines(inner, size, most + 1)
            if len(lines) <= most:
                break
        else:
            lines = prompt.lines(inner, size, most) if most else []
        for place, line in enumerate(lines):
            left = width - m.margin_x - line.width if prompt.right_to_left else m.margin_x
            base = top + round((place * _LEADING + 1.05) * size)
            draw_line(line, canvas, (left, base), size, _PROMPT)


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
