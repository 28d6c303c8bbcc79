"""Clips that are turned, mirrored, or have pixels that are not square."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from sora_batch.media import OPERATIONS
from sora_batch.media.boxes import boxes_of
from sora_batch.shots import Json
from tests.media.cutting.films import assemble, piece
from tests.media.making import make_quarters, turn

COLOURS = {"red": (254, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 254), "white": (255,) * 3}
STANCES = {
    "as it is": ((1, 0, 0, 1), "red green blue white"),
    "clockwise": ((0, 1, -1, 0), "blue red white green"),
    "on its head": ((-1, 0, 0, -1), "white blue green red"),
    "counterclockwise": ((0, -1, 1, 0), "green white red blue"),
    "mirrored top to bottom": ((1, 0, 0, -1), "blue white red green"),
    "mirrored left to right": ((-1, 0, 0, 1), "green red white blue"),
    "mirrored across": ((0, 1, 1, 0), "red blue green white"),
    "mirrored across the other way": ((0, -1, -1, 0), "white green blue red"),
}


def clip_of_quarters(path: Path, *, aspect: Fraction | None = None) -> Path:
    """Half a second of 96x64: red and green above, blue and white below."""
    with Image.open(make_quarters(path.with_suffix(".png"), (96, 64))) as image:
        picture = av.VideoFrame.from_image(image)
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=12, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv444p"
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        for number in range(6):
            picture.pts, picture.time_base = number, Fraction(1, 12)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def quarters(path: Path) -> tuple[tuple[int, int], str]:
    """The picture's size, and the colours of its quarters as they are read."""
    with Image.open(path) as opened:
        small = opened.convert("RGB").resize((2, 2), Image.Resampling.BOX)
        names = [nearest(small.getpixel((x, y))) for y in (0, 1) for x in (0, 1)]
        return opened.size, " ".join(names)


def nearest(pixel: object) -> str:
    assert isinstance(pixel, tuple)
    return min(
        COLOURS,
        key=lambda name: sum((a - b) ** 2 for a, b in zip(pixel, COLOURS[name], strict=True)),
    )


def asked(operation: str, clip: Path, **more: Json) -> Path:
    target = clip.with_name(f"{operation}.png")
    OPERATIONS[operation]({"path": str(clip), "target": str(target), **more})
    return target


@pytest.mark.parametrize("name", STANCES)
def test_a_clip_is_seen_as_its_header_says(name: str, tmp_path: Path) -> None:
    matrix, colours = STANCES[name]
    clip = turn(clip_of_quarters(tmp_path / "a.mp4"), matrix)
    size = (96, 64) if matrix[0] else (64, 96)
    facts = OPERATIONS["verify"]({"path": str(clip)})
    assert (facts["width"], facts["height"]) == size
    assert quarters(asked("frame", clip, at="last")) == (size, colours)
    assert quarters(asked("thumbnail", clip)) == (size, colours)
    assert quarters(asked("strip", clip, frames=1)) == (size, colours)
    target = tmp_path / "cut.mp4"
    answer = assemble(target, [piece(clip)])
    assert (answer["width"], answer["height"]) == size
    assert answer["copied"] is False or name == "as it is"
    assert quarters(asked("frame", target, at="first")) == (size, colours)


@pytest.mark.parametrize("name", [name for name in STANCES if "mirrored" not in name])
def test_the_decoder_reads_the_same_turn(name: str, tmp_path: Path) -> None:
    matrix, colours = STANCES[name]
    clip = turn(clip_of_quarters(tmp_path / "a.mp4"), matrix)
    with av.open(str(clip)) as container:
        frame = next(container.decode(video=0))
        frame.to_image().rotate(frame.rotation, expand=True).save(tmp_path / "b.png")
    assert quarters(tmp_path / "b.png")[1] == colours


@pytest.mark.parametrize(
    ("matrix", "size"), [((1, 0, 0, 1), (192, 64)), ((0, 1, -1, 0), (64, 192))]
)
def test_pixels_that_are_not_square_are_made_so(
    matrix: tuple[int, int, int, int], size: tuple[int, int], tmp_path: Path
) -> None:
    clip = turn(clip_of_quarters(tmp_path / "a.mp4", aspect=Fraction(2)), matrix)
    facts = OPERATIONS["verify"]({"path": str(clip)})
    assert (facts["width"], facts["height"]) == size
    for picture in (asked("frame", clip, at="0"), asked("thumbnail", clip)):
        assert quarters(picture)[0] == size
    answer = assemble(tmp_path / "cut.mp4", [piece(clip)])
    assert (answer["width"], answer["height"]) == size


def test_a_header_that_cannot_be_made_out_turns_nothing(tmp_path: Path) -> None:
    clip = turn(clip_of_quarters(tmp_path / "a.mp4"), (0, 0, 0, 0))
    assert quarters(asked("frame", clip, at="first")) == ((96, 64), "red green blue white")


def test_boxes_are_found_in_boxes(tmp_path: Path) -> None:
    clip = clip_of_quarters(tmp_path / "a.mp4")
    with clip.open("rb") as file:
        kinds = [len(boxes_of(file, *names)) for names in ((b"moov",), (b"trak",))]
        (header,) = boxes_of(file, b"moov", b"trak", b"tkhd")
    assert kinds == [1, 0]
    assert clip.read_bytes()[header.start + 4 : header.start + 8] == b"tkhd"
