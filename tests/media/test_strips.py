from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from sora_batch.media.operation import OperationFailed
from sora_batch.media.strips import strip
from tests.media.making import make_clip


def test_a_strip_has_its_frames_side_by_side(tmp_path: Path) -> None:
    clip, target = make_clip(tmp_path / "a.mp4", size=(128, 72)), tmp_path / "a.webp"
    answer = strip({"path": str(clip), "target": str(target), "frames": 5, "width": 32})
    assert answer == {"frames": 5, "width": 32, "height": 18}
    with Image.open(target) as image:
        assert (image.format, image.size) == ("WEBP", (160, 18))


def test_frames_stand_evenly_in_time(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=4, black_frames=24)
    strip({"path": str(clip), "target": str(tmp_path / "a.webp"), "frames": 4, "width": 32})
    with Image.open(tmp_path / "a.webp") as image:
        middles = [image.convert("L").getpixel((32 * place + 16, 9)) for place in range(4)]
    assert [int(str(tone)) > 40 for tone in middles] == [False, False, True, True]


@pytest.mark.parametrize("flags", ["faststart", "frag_keyframe+empty_moov"])
def test_every_kind_of_mp4_has_a_strip(flags: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", audio=True, flags=flags)
    answer = strip({"path": str(clip), "target": str(tmp_path / "a.webp")})
    assert answer == {"frames": 12, "width": 64, "height": 36}


def test_a_clip_shorter_than_the_strip_repeats_frames(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=1)
    strip({"path": str(clip), "target": str(tmp_path / "a.webp"), "frames": 40, "width": 8})
    with Image.open(tmp_path / "a.webp") as image:
        last = [image.convert("L").getpixel((8 * place + 4, 2)) for place in (38, 39)]
        assert image.size[0] == 320
    assert all(int(str(tone)) > 0 for tone in last)


def test_what_is_no_clip_leaves_no_strip_behind(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"<html>")
    with pytest.raises(OperationFailed) as caught:
        strip({"path": str(tmp_path / "a.mp4"), "target": str(tmp_path / "a.webp")})
    assert caught.value.code == "not-a-clip"
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
