"""Words on a frame: inside what every screen shows, in any script, not at all for nothing."""

from __future__ import annotations

import numpy as np
import pytest

from sora_batch.media.cutting.captions import draw_words, fonts_of
from sora_batch.media.lettering.fonts import builtin_face
from sora_batch.shots import Size

SIZES = [Size(1280, 720), Size(720, 1280), Size(320, 180), Size(1080, 1080)]
TEXTS = {
    "latin": "A runner crosses the old bridge at dawn, mist over the water, nobody else awake.",
    "cjk": "跑鞋在黎明的山脊上奔跑，薄雾缭绕，远处的港口还没有醒来，只有海鸥。",
    "arabic": "عداء يعبر الجسر القديم عند الفجر والضباب فوق الماء ولا أحد مستيقظ غيره",
    "long": "word " * 300,
}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("is_title", [False, True])
def test_stays_in_the_safe_area(size: Size, text: str, is_title: bool) -> None:
    words = draw_words(text, size, is_title=is_title)
    assert words is not None
    (left, top), (width, height) = words.at, words.image.size
    assert left >= size.width * 0.05
    assert left + width <= size.width * 0.95
    assert top >= size.height * 0.05
    assert top + height <= size.height * 0.96
    assert not any(number % 2 for number in (left, top, width, height))


def test_is_white_with_a_dark_edge() -> None:
    words = draw_words("Dawn", Size(640, 360))
    assert words is not None
    pixels = np.asarray(words.image)
    solid = pixels[pixels[..., 3] > 250]
    assert (solid[:, :3] > 250).all(axis=1).any()
    edge = pixels[(pixels[..., 3] > 120) & (pixels[..., 0] < 20)]
    assert len(edge) > 100


def test_lines_are_kept() -> None:
    one, two = (draw_words(text, Size(640, 360)) for text in ("Dawn", "Dawn\nridge"))
    assert one is not None
    assert two is not None
    assert two.image.height > 1.6 * one.image.height


@pytest.mark.parametrize("text", ["", " \n ", "\u200b"])
def test_nothing_is_drawn_for_nothing(text: str) -> None:
    assert draw_words(text, Size(640, 360)) is None


def test_every_font_that_is_used_is_told_once() -> None:
    assert fonts_of(["Dawn\n\nover the ridge", "Noon"]) == [builtin_face().identity]
    assert fonts_of(["", " \n "]) == []
