"""One frame of a clip: which one it is, and that it is always the same picture."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from sora_batch.media import OPERATIONS
from sora_batch.media.frames import frame
from sora_batch.media.operation import OperationFailed, perform
from sora_batch.shots import Json

SIZE = (64, 48)
STEP = 8
RATE = 24


def counted(
    path: Path,
    times: Sequence[int],
    *,
    b_frames: int = 0,
    key_every: int = 250,
    unit: Fraction = Fraction(1, RATE),
    turned: int | None = None,
    **options: str,
) -> Path:
    """A clip whose n-th frame is as bright as `16 + n * STEP`; shown at these times."""
    with av.open(str(path), "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.time_base = unit
        stream.codec_context.time_base = unit
        stream.options = {
            "crf": "4",
            "bf": str(b_frames),
            "g": str(key_every),
            "x264-params": f"b-adapt=0:scenecut=0:bframes={b_frames}:b-pyramid=none",
        }
        for number, time in enumerate(times):
            grey = Image.new("L", SIZE, 16 + number * STEP)
            picture = VideoFrame.from_image(grey.convert("RGB")).reformat(format="yuv420p")
            picture.pts, picture.time_base = time, unit
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def taken(clip: Path, at: str, target: Path | None = None) -> tuple[int, float]:
    """The number of the frame that was taken, and its time."""
    goal = target or clip.with_suffix(".png")
    spec: dict[str, Json] = {"path": str(clip), "target": str(goal), "at": at}
    told = frame(spec)
    with Image.open(goal) as picture:
        grey = picture.convert("L").resize((1, 1), Image.Resampling.BOX).tobytes()[0]
    return round((grey - 16) / STEP), float(str(told["seconds"]))


@pytest.mark.parametrize("b_frames", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("count", [1, 2, 3, 7, 13, 24])
def test_first_and_last_are_what_is_shown_first_and_last(
    tmp_path: Path, b_frames: int, count: int
) -> None:
    clip = counted(tmp_path / "c.mp4", range(count), b_frames=b_frames, key_every=8)
    assert taken(clip, "first") == (0, 0.0)
    number, seconds = taken(clip, "last")
    assert number == count - 1
    assert seconds == pytest.approx((count - 1) / RATE, abs=1e-5)


@pytest.mark.parametrize("b_frames", [0, 3])
def test_a_time_means_the_frame_on_the_screen_then(tmp_path: Path, b_frames: int) -> None:
    clip = counted(tmp_path / "c.mp4", range(24), b_frames=b_frames, key_every=6)
    for number in range(24):
        middle = (number + 0.5) / RATE
        assert taken(clip, f"{middle:.6f}")[0] == number
    assert taken(clip, "0")[0] == 0
    assert taken(clip, "0.5")[0] == 12
    assert taken(clip, "100")[0] == 23


def test_a_frame_stays_until_the_next_where_the_rate_varies(tmp_path: Path) -> None:
    times = [0, 40, 80, 2_000, 2_040, 5_000]
    clip = counted(tmp_path / "c.mp4", times, unit=Fraction(1, 1_000), key_every=2)
    assert taken(clip, "1.999") == (2, 0.08)
    assert taken(clip, "2") == (3, 2.0)
    assert taken(clip, "4.9") == (4, 2.04)
    assert taken(clip, "last") == (5, 5.0)


def test_what_an_edit_list_cuts_away_is_not_taken(tmp_path: Path) -> None:
    clip = counted(tmp_path / "c.mp4", range(24), b_frames=2, key_every=8)
    _edit(clip, start_s=0.25, seconds=0.5)
    assert taken(clip, "first") == (6, 0.0)
    assert taken(clip, "last")[0] == 17
    assert taken(clip, "0.25")[0] == 12


def test_pictures_that_begin_late_count_from_their_first(tmp_path: Path) -> None:
    clip = counted(tmp_path / "c.mp4", [time + 12 for time in range(12)], b_frames=2)
    assert taken(clip, "first") == (0, 0.0)
    assert taken(clip, "0.25")[0] == 6
    assert taken(clip, "last")[0] == 11


def test_the_same_frame_is_the_same_bytes(tmp_path: Path) -> None:
    clip = counted(tmp_path / "c.mp4", range(6))
    digests = set()
    for name in ("a.png", "b.png"):
        taken(clip, "last", tmp_path / name)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"c.mp4", "a.png", "b.png"}


@pytest.mark.parametrize(("matrix", "expected"), [(1, (53, 167, 33)), (6, (53, 167, 33))])
def test_colours_are_those_of_the_clip(
    tmp_path: Path, matrix: int, expected: tuple[int, int, int]
) -> None:
    """Green of one matrix, written as such, comes back as the same green."""
    clip = tmp_path / "c.mp4"
    with av.open(str(clip), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.colorspace = matrix
        stream.codec_context.color_range = 1
        stream.options = {"crf": "1"}
        image = VideoFrame.from_image(Image.new("RGB", SIZE, expected))
        name = {1: "ITU709", 6: "ITU601"}[matrix]
        picture = image.reformat(
            format="yuv420p", dst_colorspace=name, dst_color_range="MPEG", src_color_range="JPEG"
        )
        picture.pts, picture.time_base = 0, Fraction(1, RATE)
        container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    target = tmp_path / "c.png"
    frame({"path": str(clip), "target": str(target), "at": "first"})
    with Image.open(target) as made:
        found = made.convert("RGB").getpixel((30, 20))
    assert isinstance(found, tuple)
    assert all(abs(a - b) <= 3 for a, b in zip(found, expected, strict=True)), found


def test_a_wrong_duration_in_the_header_changes_nothing(tmp_path: Path) -> None:
    clip = counted(tmp_path / "c.mp4", range(12), b_frames=2)
    data = bytearray(clip.read_bytes())
    for kind, offset in ((b"mvhd", 20), (b"mdhd", 20)):
        place = data.index(kind) + offset
        struct.pack_into(">I", data, place, 1_000_000)
    clip.write_bytes(data)
    assert taken(clip, "last")[0] == 11
    assert taken(clip, "0.25")[0] == 6


def test_what_is_no_clip_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    clip = tmp_path / "c.mp4"
    clip.write_bytes(b"<html>gone</html>")
    spec: dict[str, Json] = {"path": str(clip), "target": str(tmp_path / "f.png"), "at": "last"}
    with pytest.raises(OperationFailed) as caught:
        perform(OPERATIONS, "frame", spec)
    assert caught.value.code == "not-a-clip"
    assert not (tmp_path / "f.png").exists()


@pytest.mark.parametrize("at", ["middle", "-1", "nan", ""])
def test_a_time_that_is_none_is_the_callers_bug(tmp_path: Path, at: str) -> None:
    clip = counted(tmp_path / "c.mp4", range(2))
    with pytest.raises(ValueError, match="at"):
        taken(clip, at)


def _edit(clip: Path, *, start_s: float, seconds: float) -> None:
    """Rewrites the clip's edit list to show only this much of it."""
    data = bytearray(clip.read_bytes())
    place = data.index(b"elst") + 4
    version, count = data[place], struct.unpack_from(">I", data, place + 4)[0]
    assert (version, count) == (0, 1)
    movie = struct.unpack_from(">I", data, data.index(b"mvhd") + 16)[0]
    media = struct.unpack_from(">I", data, data.index(b"mdhd") + 16)[0]
    before: tuple[Any, ...] = struct.unpack_from(">Ii", data, place + 8)
    entry = (round(seconds * movie), before[1] + round(start_s * media))
    struct.pack_into(">Ii", data, place + 8, *entry)
    clip.write_bytes(data)
