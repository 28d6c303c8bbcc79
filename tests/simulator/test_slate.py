"""Where the lettering stands, on frames of any shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from sora_batch.media.lettering.fonts import FontBook
from sora_batch.shots import Size
from sora_batch.simulator.measures import measures_of, picture_size, slate_height
from sora_batch.simulator.planes import Planes
from sora_batch.simulator.scene import Scene
from sora_batch.simulator.slate import Slate, timecode

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
        assert rows.max() < m.bar_bottom < m.slate
        assert (planes[1][m.slate // 2 :] == 128).all()


@pytest.mark.parametrize("size", SIZES)
def test_the_slate_takes_the_same_share_of_every_frame(size: Size) -> None:
    high = slate_height(size)
    assert high % 2 == 0
    assert picture_size(size) == (size.width, size.height - high)
    assert abs(high - 0.3 * size.height) <= 1


def test_a_short_prompt_is_set_larger_than_a_long_one() -> None:
    size = Size(1280, 720)
    tall = []
    for prompt in ("Xx.", "Xx. " * 120):
        planes, bare = black(size), black(size)
        Slate(replace(scene(size), prompt=prompt), FontBook(search=False)).over(planes, 9)
        Slate(replace(scene(size), prompt=" "), FontBook(search=False)).over(bare, 9)
        rows = np.nonzero((planes[0] != bare[0]).any(axis=1))[0]
        gaps = np.nonzero(np.diff(rows) > 1)[0]
        tall.append(int(gaps[0]) + 1 if len(gaps) else len(rows))
    assert tall[0] > tall[1] > 9


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
        frames.append(int(planes[1][:14].astype(int).sum()))
    assert frames[0] != frames[1]
    assert frames[2] != frames[3]
    assert frames[0] == frames[2]


@pytest.mark.parametrize("colour", ["white", "yellow", "black", "#4080ff"])
def test_the_plate_is_dark_whatever_the_picture(colour: str) -> None:
    size = Size(640, 360)
    slate = Slate(scene(size), FontBook(search=False))
    glass = slate.glass(Image.new("RGB", picture_size(size), colour))
    assert glass.size == (640, slate_height(size))
    assert np.asarray(glass.convert("L")).max() <= 60


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "00:00:00:00"), (23, "00:00:00:23"), (24, "00:00:01:00"), (24 * 3661, "01:01:01:00")],
)
def test_the_timecode_counts_frames(number: int, text: str) -> None:
    assert timecode(number) == text
