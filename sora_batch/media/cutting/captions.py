"""Words over the pictures of a cut: captions at the foot of the frame, a title in its middle.

Set in any script that a font of the machine covers, within the part of the frame that every
screen shows, in white with a soft dark edge that can be read on any picture. Only the box that
the words fill is laid over a frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from av.video.frame import VideoFrame
from PIL import Image, ImageFilter

from sora_batch.media.cutting.pictures import Filters, buffer_of
from sora_batch.media.cutting.timeline import Timeline
from sora_batch.media.lettering.canvas import Canvas, Ink
from sora_batch.media.lettering.fonts import shared_book
from sora_batch.media.lettering.lines import Typesetter, draw_line
from sora_batch.shots import Size

_WHITE: Ink = (255, 255, 255, 1.0)
_LEADING = 1.3
_CAPTION_LINES, _TITLE_LINES = 4, 5
# Within 80 % of the width and 90 % of the height: what title-safe areas have in common.
_SAFE_WIDTH, _SAFE_FOOT = 0.8, 0.07
_TITLE_S, _TITLE_FADE_S = 3.0, 0.5
_CAPTION_FADE_S = 0.25


@dataclass(frozen=True, slots=True)
class Words:
    """Lettering as a picture, and where on the frame its top left corner is."""

    image: Image.Image
    at: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A text and when it is seen: from frame `first` up to `end`, fading over so many frames."""

    text: str
    first: int
    end: int
    fade_in: int = 0
    fade_out: int = 0
    is_title: bool = False


def signs_of(timeline: Timeline, title: str) -> tuple[Sign, ...]:
    """Everything that is written on the cut, in the order in which it is laid over.

    Where clips dissolve, one caption is gone before the next one comes.
    """
    fps = timeline.fps
    signs = []
    for stretch in timeline.stretches:
        first, end = stretch.seen
        if stretch.source.piece.caption.strip():
            fade_in = min(stretch.fade_in // 2, round(_CAPTION_FADE_S * fps))
            fade_out = min(stretch.fade_out // 2, round(_CAPTION_FADE_S * fps))
            text = stretch.source.piece.caption
            signs.append(Sign(text=text, first=first, end=end, fade_in=fade_in, fade_out=fade_out))
    if title.strip():
        end = min(timeline.stretches[0].end, timeline.frames, round(_TITLE_S * fps))
        fade = min(end // 4, round(_TITLE_FADE_S * fps))
        signs.append(Sign(text=title, first=0, end=end, fade_out=fade, is_title=True))
    return tuple(sign for sign in signs if sign.first < sign.end)


def with_signs(
    frames: Iterator[VideoFrame], signs: Sequence[Sign], size: Size, fps: Fraction
) -> Iterator[VideoFrame]:
    """The frames with the signs on them."""
    shown: dict[Sign, _Shown] = {}
    for number, frame in enumerate(frames):
        current = [sign for sign in signs if sign.first <= number < sign.end]
        shown = {sign: shown.get(sign) or _Shown(sign, size, fps) for sign in current}
        written = frame
        for sign in current:
            written = shown[sign].over(written, number)
        yield written


def draw_words(text: str, size: Size, *, is_title: bool = False) -> Words | None:
    """The text, set for a frame of that size; None where there is nothing to draw."""
    unit = min((size.width * size.height) ** 0.5 / 960, size.width / 620)
    type_size = max(10, round((64 if is_title else 36) * unit))
    most = _TITLE_LINES if is_title else _CAPTION_LINES
    room = size.width * _SAFE_WIDTH
    setters = [Typesetter(line, shared_book()) for line in text.splitlines() if line.strip()]
    lines = [line for setter in setters for line in setter.lines(room, type_size, most)][:most]
    if not lines:
        return None
    high = round(len(lines) * type_size * _LEADING)
    bottom = round(size.height * (1 - _SAFE_FOOT))
    top = (size.height - high) // 2 if is_title else max(0, bottom - high)
    canvas = Canvas(size)
    for place, line in enumerate(lines):
        base = top + round((place * _LEADING + 1) * type_size)
        draw_line(line, canvas, ((size.width - line.width) / 2, base), type_size, _WHITE)
    return _edged(canvas, max(1.0, type_size / 14))


def fonts_of(texts: Iterable[str]) -> list[str]:
    """Which fonts draw these texts on this machine; each once, in order of the alphabet."""
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    found = [face for line in lines for face in Typesetter(line, shared_book()).faces]
    return sorted({face.identity for face in found})


def _edged(canvas: Canvas, reach: float) -> Words | None:
    """The words with a dark edge that reaches so far, cut to the box they fill, even sides."""
    inked = canvas.cover.getbbox()
    if inked is None:
        return None
    box = _even_box(inked, round(4 * reach) + 1, Size(*canvas.cover.size))
    cover, colour = canvas.cover.crop(box), canvas.colour.crop(box)
    edge = cover.filter(ImageFilter.MaxFilter(round(reach) * 2 + 1))
    edge = edge.filter(ImageFilter.GaussianBlur(reach))
    edge = edge.point([min(255, level * 2) * 4 // 5 for level in range(256)])
    under = Canvas(Size(*edge.size))
    under.lay(edge, Image.new("RGB", edge.size), at=(0, 0))
    under.lay(cover, colour, at=(0, 0))
    picture = under.colour.convert("RGBA")
    picture.putalpha(under.cover)
    return Words(picture, (box[0], box[1]))


def _even_box(box: tuple[int, int, int, int], margin: int, size: Size) -> tuple[int, int, int, int]:
    """The box with a margin around it, within the frame, where the colours of a video begin."""
    left, top = (max(0, side - margin) // 2 * 2 for side in box[:2])
    right = min(size.width, (box[2] + margin + 1) // 2 * 2)
    bottom = min(size.height, (box[3] + margin + 1) // 2 * 2)
    return left, top, right, bottom


class _Shown:
    """A sign while it is seen."""

    def __init__(self, sign: Sign, size: Size, fps: Fraction) -> None:
        self._sign = sign
        self._unit = 1 / fps
        self._filters: Filters | None = None
        words = draw_words(sign.text, size, is_title=sign.is_title)
        if words is None:
            return
        self._image = _frame(words.image)
        box = Size(self._image.width, self._image.height)
        inputs = [buffer_of(size, fps), buffer_of(box, fps, pixels="yuva420p")]
        fades = [("fade", how) for how in _fades(sign)]
        overlay = ("overlay", f"x={words.at[0]}:y={words.at[1]}:format=yuv420")
        self._filters = Filters(inputs, [*fades, overlay], joined_at=len(fades))

    def over(self, frame: VideoFrame, number: int) -> VideoFrame:
        """The frame of that number with the sign on it."""
        if self._filters is None:
            return frame
        return self._filters(number - self._sign.first, self._unit, frame, self._image)


def _fades(sign: Sign) -> Iterator[str]:
    if sign.fade_in:
        yield f"t=in:start_frame=0:nb_frames={sign.fade_in}:alpha=1"
    if sign.fade_out:
        start = sign.end - sign.first - sign.fade_out
        yield f"t=out:start_frame={start}:nb_frames={sign.fade_out}:alpha=1"


def _frame(image: Image.Image) -> VideoFrame:
    frame = VideoFrame.from_bytes(image.tobytes(), image.width, image.height, format="rgba")
    return frame.reformat(format="yuva420p", dst_colorspace="ITU709", dst_color_range="MPEG")
