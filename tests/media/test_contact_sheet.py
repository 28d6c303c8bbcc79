"""The sheet of pictures: one or a thousand tiles, words, placeholders, always the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from sora_batch.media.contact_sheet import MOST_TILES, contact_sheet
from sora_batch.shots import Json
from tests.media.making import make_picture

RED = (220, 30, 30)


def tile(name: str, picture: Path | None = None, size: tuple[int, int] = (64, 36)) -> Json:
    return {
        "picture": None if picture is None else str(picture),
        "words": "last frame of hero, once there is a clip of it",
        "name": name,
        "details": f"{size[0]}x{size[1]}, cover",
        "width": size[0],
        "height": size[1],
    }


def drawn(target: Path, tiles: list[Json], title: str = "m") -> Image.Image:
    told = contact_sheet({"target": str(target), "title": title, "tiles": tiles})
    with Image.open(target) as sheet:
        sheet.load()
        assert sheet.size == (told["width"], told["height"])
        return sheet.convert("RGB")


def reds(sheet: Image.Image) -> int:
    """How many pixels are the picture's."""
    colours = sheet.getcolors(sheet.width * sheet.height) or []
    near = [n for n, c in colours if isinstance(c, tuple) and c[0] > 200 and max(c[1:]) < 60]
    return sum(near)


@pytest.mark.parametrize("count", [1, 2, 12, 60])
def test_every_picture_is_on_the_sheet(count: int, tmp_path: Path) -> None:
    picture = make_picture(tmp_path / "a.png", colour=RED)
    sheet = drawn(tmp_path / "s.png", [tile(f"shot-{n}", picture) for n in range(count)])
    each = {1: 1120, 2: 640, 12: 440, 60: 240}[count]
    assert reds(sheet) == pytest.approx(count * each * round(each * 36 / 64), rel=0.05)


def test_a_thousand_tiles_fit_into_a_webp(tmp_path: Path) -> None:
    sheet = drawn(tmp_path / "s.webp", [tile(str(n)) for n in range(MOST_TILES)])
    assert max(sheet.size) < 16_383


def test_a_frame_that_is_not_there_yet_is_a_plate_with_words(tmp_path: Path) -> None:
    sheet = drawn(tmp_path / "s.png", [tile("descent")])
    plate = sheet.crop((80, 100, 1180, 700)).convert("L")
    dark = sum(level < 80 for level in plate.tobytes())
    assert dark > 500
    assert reds(sheet) == 0


def test_upright_pictures_and_long_names_stay_in_their_rooms(tmp_path: Path) -> None:
    picture = make_picture(tmp_path / "a.png", (36, 64), colour=RED)
    name = "opener.calm.lens=24mm.seconds=4.take2 " * 4
    tiles = [tile(name, picture, (36, 64)), tile("übung 東京", picture, (36, 64))]
    sheet = drawn(tmp_path / "s.png", tiles, title="a very long title " * 20)
    assert reds(sheet) == pytest.approx(2 * 640 * 360, rel=0.05)


def test_the_same_tiles_are_the_same_bytes(tmp_path: Path) -> None:
    picture = make_picture(tmp_path / "a.png", colour=RED)
    for name in ("one.png", "two.png"):
        drawn(tmp_path / name, [tile("hero", picture), tile("descent")])
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


@pytest.mark.parametrize("tiles", [None, [], "all", [tile("a")] * (MOST_TILES + 1)])
def test_a_sheet_of_nothing_is_the_callers_bug(tiles: Json, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="tiles"):
        contact_sheet({"target": str(tmp_path / "s.png"), "title": "m", "tiles": tiles})
    assert not (tmp_path / "s.png").exists()
