from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import pytest
from PIL import Image, features

from sora_batch.media.pictures import PictureProblem, inspect, load_picture
from tests.media.making import make_picture, make_quarters

ORIENTATION = 0x0112
NEEDS_AVIF = pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")


def exif(orientation: int) -> Image.Exif:
    data = Image.Exif()
    data[ORIENTATION] = orientation
    return data


def refusal(path: Path) -> PictureProblem:
    with pytest.raises(PictureProblem) as caught:
        inspect(path)
    assert caught.value.message
    assert caught.value.fix
    return caught.value


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.png", "png"),
        ("a.jpg", "jpeg"),
        ("a.webp", "webp"),
        ("a.gif", "gif"),
        ("a.tif", "tiff"),
        pytest.param("a.avif", "avif", marks=NEEDS_AVIF),
    ],
)
def test_a_picture_is_known_by_its_bytes(name: str, kind: str, tmp_path: Path) -> None:
    path = make_picture(tmp_path / name, (40, 30))
    picture = inspect(path)
    assert (picture.width, picture.height, picture.format) == (40, 30, kind)
    assert picture.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_the_size_is_the_one_that_is_seen(name: str, tmp_path: Path) -> None:
    path = make_quarters(tmp_path / name, (40, 30), exif=exif(6))
    assert (inspect(path).width, inspect(path).height) == (30, 40)
    assert load_picture(path).size == (30, 40)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_a_picture_cut_short_is_seen_from_its_end(name: str, tmp_path: Path) -> None:
    whole = make_quarters(tmp_path / name, (200, 200)).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) * 3 // 4])
    error = refusal(tmp_path / name)
    assert (error.code, error.message) == ("truncated", f"{name} is damaged or cut short")


def test_the_thumbnail_of_a_camera_does_not_pass_for_the_end_of_the_picture(tmp_path: Path) -> None:
    small = make_quarters(tmp_path / "small.jpg", (160, 120)).read_bytes()
    data = exif(1)
    data[0x010E] = small.decode("latin-1")
    whole = make_quarters(tmp_path / "a.jpg", (640, 480), exif=data).read_bytes()
    (tmp_path / "a.jpg").write_bytes(whole[: len(whole) - 1000])
    assert refusal(tmp_path / "a.jpg").code == "truncated"


def test_what_a_phone_appends_to_a_jpeg_does_no_harm(tmp_path: Path) -> None:
    path = make_picture(tmp_path / "a.jpg", (40, 30))
    path.write_bytes(path.read_bytes() + bytes(5000))
    assert inspect(path).format == "jpeg"


def test_damage_in_the_middle_is_found_when_it_is_decoded(tmp_path: Path) -> None:
    path = make_quarters(tmp_path / "a.png", (64, 64))
    data = bytearray(path.read_bytes())
    at = data.index(b"IDAT")
    data[at + 4 : at + 40] = bytes(36)
    path.write_bytes(data)
    with pytest.raises(PictureProblem) as caught:
        load_picture(path)
    assert caught.value.code == "truncated"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"dawn over the harbour\n", "a.png is a text, not a picture"),
        (b"<!DOCTYPE html><html>", "a.png is a web page, not a picture"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a.png is a drawing (SVG)"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "a.png is HEIC, which cannot be read here"),
        (b"\0\0\0\x18ftypisom" + bytes(100), "a.png is a clip, not a picture"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer"),
        (b"\0\1\2\3" * 30, "a.png is not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "a.png is a text, not a picture"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(data)
    error = refusal(tmp_path / "a.png")
    assert error.code == "not-a-picture"
    assert words in error.message


def test_a_missing_picture_a_folder_and_an_empty_file_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    assert "there is no picture" in refusal(tmp_path / "none.png").message
    assert refusal(tmp_path / "emtpy.png").fix == "did you mean `empty.png`?"
    assert refusal(tmp_path / "x").fix == "write its path from the manifest's folder"
    assert "is not a file" in refusal(tmp_path).message
    assert refusal(tmp_path / "empty.png").code == "truncated"


@pytest.mark.parametrize("name", ["a" * 300, "a\0b.png"])
def test_a_name_that_cannot_be_is_a_missing_picture(name: str, tmp_path: Path) -> None:
    assert refusal(tmp_path / name).code == "missing"


@pytest.mark.parametrize("size", [(30_000, 10), (10, 30_000), (9_000, 9_000), (14_000, 13_000)])
def test_a_huge_picture_is_refused_before_it_is_unpacked(
    size: tuple[int, int], tmp_path: Path
) -> None:
    path = make_picture(tmp_path / "a.png", size, mode="1")
    error = refusal(path)
    assert error.code == "too-big"
    assert "too big for a reference" in error.message


def test_a_header_that_lies_about_billions_of_pixels_is_refused(tmp_path: Path) -> None:
    path = make_picture(tmp_path / "a.bmp", (4, 4))
    data = bytearray(path.read_bytes())
    data[18:26] = (60_000).to_bytes(4, "little") * 2
    path.write_bytes(data)
    assert refusal(path).code == "too-big"


@NEEDS_AVIF
def test_an_avif_cut_short_is_damaged_and_not_unknown(tmp_path: Path) -> None:
    whole = make_quarters(tmp_path / "a.avif", (200, 200)).read_bytes()
    (tmp_path / "a.avif").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PictureProblem) as caught:
        load_picture(tmp_path / "a.avif")
    assert caught.value.code == "truncated"


def test_heic_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    fix = refusal(tmp_path / "a.heic").fix
    installed = importlib.util.find_spec("pillow_heif") is not None
    assert ("again" if installed else "sora-batch[heic]") in fix
