from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageStat

from sora_batch.media.operation import OperationFailed
from sora_batch.media.thumbnails import thumbnail
from tests.media.making import make_clip


def brightness(path: Path) -> float:
    with Image.open(path) as image:
        return float(ImageStat.Stat(image.convert("L")).mean[0])


def test_a_thumbnail_is_a_webp_of_the_width_asked_for(tmp_path: Path) -> None:
    clip, target = make_clip(tmp_path / "a.mp4", size=(128, 72)), tmp_path / "a.webp"
    answer = thumbnail({"path": str(clip), "target": str(target), "width": 48})
    assert answer == {"width": 48, "height": 27}
    with Image.open(target) as image:
        assert (image.format, image.size) == ("WEBP", (48, 27))


def test_a_small_clip_is_not_enlarged(tmp_path: Path) -> None:
    clip, target = make_clip(tmp_path / "a.mp4", size=(64, 36)), tmp_path / "a.webp"
    assert thumbnail({"path": str(clip), "target": str(target)}) == {"width": 64, "height": 36}


def test_black_frames_at_the_start_are_passed_over(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=3, black_frames=15)
    thumbnail({"path": str(clip), "target": str(tmp_path / "a.webp")})
    assert brightness(tmp_path / "a.webp") > 40


def test_a_clip_that_is_black_throughout_still_has_a_thumbnail(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=1, black_frames=99)
    thumbnail({"path": str(clip), "target": str(tmp_path / "a.webp")})
    assert brightness(tmp_path / "a.webp") < 10


@pytest.mark.parametrize("flags", ["faststart", "frag_keyframe+empty_moov"])
def test_every_kind_of_mp4_has_a_thumbnail(flags: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", audio=True, flags=flags)
    thumbnail({"path": str(clip), "target": str(tmp_path / "a.webp")})
    assert brightness(tmp_path / "a.webp") > 40


def test_what_is_no_clip_leaves_no_file_behind(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"<html>")
    with pytest.raises(OperationFailed) as caught:
        thumbnail({"path": str(tmp_path / "a.mp4"), "target": str(tmp_path / "a.webp")})
    assert caught.value.code == "not-a-clip"
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
