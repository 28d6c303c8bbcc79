"""Where the lettering stands, on frames of any shape."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from sora_batch.media.lettering.fonts import FontBook
from sora_batch.shots import Size
from sora_batch.simulator.planes import Planes
from sora_batch.simulator.scene import Scene
from sora_batch.simulator.slate import Slate, measures_of, timecode

SIZES = (
    Size(16, 16),
    Size(64, 640),
    Size(640, 64),
    Size(128, 128),
    Size(256, 256),
    Size(180, 320),
    Size(1280, 720),
    Size(720, 1280),
)


def scene(size: Size) -> Scene:
    """With everything on it that a slate can have."""
    return Scene(
        size=size,
        frames=48,
        title="opener.calm.lens=24mm.seconds=8.take2",
        prompt="A red fishing boat leaves the harbour at dawn. " * 40,
        facts=("sora-2", str(size), "2 s", "seed 7"),
        mark="extension of opener.calm",
        seam=24,
    )


def black(size: Size) -> Planes:
    """A frame with nothing on it."""
    half = (size.height // 2, size.width // 2)
    return (
        np.full((size.height, size.width), 16, np.uint8),
        np.full(half, 128, np.uint8),
        np.full(half, 128, np.uint8),
    )


@pytest.mark.parametrize("size", SIZES)
def test_nothing_stands_outside_the_margins(size: Size) -> None:
    slate = Slate(scene(size), FontBook(search=False))
    m = measures_of(size)
    for number in (0, 24, 47):
        planes = black(size)
        slate.over(planes, number)
        rows, columns = np.nonzero(planes[0] > 24)
        assert columns.min() >= m.margin_x - 2
        assert columns.max() < size.width - m.margin_x + 2
        assert rows.min() >= m.margin_y - m.title
        assert rows.max() < size.height - m.margin_y


@pytest.mark.parametrize("size", SIZES[3:])
def test_frames_differ_in_the_timecode_and_the_bar_alone(size: Size) -> None:
    slate = Slate(scene(size), FontBook(search=False))
    first, second = black(size), black(size)
    slate.over(first, 10)
    slate.over(second, 20)
    rows, _ = np.nonzero(first[0] != second[0])
    assert 0 < len(rows) < size.width * size.height // 20


def test_the_first_frame_shows_that_it_beeps() -> None:
    slate = Slate(scene(Size(256, 256)), FontBook(search=False))
    frames = []
    for number in (0, 5, 24, 30):
        planes = black(Size(256, 256))
        slate.over(planes, number)
        frames.append(int(planes[1][:40].astype(int).sum()))
    assert frames[0] != frames[1]
    assert frames[2] != frames[3]
    assert frames[0] == frames[2]


def test_a_white_picture_is_dark_where_letters_stand() -> None:
    size = Size(640, 360)
    slate = Slate(scene(size), FontBook(search=False))
    under = np.asarray(slate.under(Image.new("RGB", size, "white"))).mean(axis=(1, 2))
    m = measures_of(size)
    assert under[m.margin_y + m.title // 2] < 140
    assert under[-m.margin_y - m.small] < 70
    assert under[120:130].min() > 200


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "00:00:00:00"), (23, "00:00:00:23"), (24, "00:00:01:00"), (24 * 3661, "01:01:01:00")],
)
def test_the_timecode_counts_frames(number: int, text: str) -> None:
    assert timecode(number) == text
