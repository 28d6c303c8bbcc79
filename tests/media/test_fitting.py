from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from sora_batch.media.fitting import fit
from sora_batch.media.operation import OperationFailed
from sora_batch.shots import Json
from tests.media.making import make_picture, make_quarters

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def fitted(
    path: Path, size: tuple[int, int], way: str = "cover", focus: tuple[float, float] = (0.5, 0.5)
) -> Image.Image:
    target = path.with_suffix(f".{way}.png")
    spec: dict[str, Json] = {
        "image": str(path),
        "target": str(target),
        "width": size[0],
        "height": size[1],
        "fit": way,
        "focus": list(focus),
    }
    answer = fit(spec)
    data = target.read_bytes()
    assert answer == {
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "format": "png",
    }
    with Image.open(target) as image:
        image.load()
        assert (image.mode, image.size, image.info) == ("RGB", size, {})
        return image


def near(image: Image.Image, x: float, y: float, colour: tuple[int, int, int]) -> bool:
    """Whether the pixel at these fractions is that colour, give or take what JPEG does to it."""
    pixel = image.getpixel((int(image.width * x), int(image.height * y)))
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 12 for a, b in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("way", ["cover", "contain", "blur", "stretch"])
@pytest.mark.parametrize("picture", [(64, 36), (36, 64), (1, 1), (500, 3), (161, 91)])
@pytest.mark.parametrize("size", [(64, 36), (36, 64), (90, 90)])
def test_the_size_is_exact_whatever_the_picture(
    way: str, picture: tuple[int, int], size: tuple[int, int], tmp_path: Path
) -> None:
    path = make_quarters(tmp_path / "a.png", picture)
    assert fitted(path, size, way).size == size


def test_the_same_order_makes_the_same_bytes(tmp_path: Path) -> None:
    path = make_quarters(tmp_path / "a.jpg", (100, 80))
    twice = []
    for _ in range(2):
        fitted(path, (64, 36), "blur")
        twice.append((tmp_path / "a.blur.png").read_bytes())
    assert twice[0] == twice[1]


def test_cover_keeps_the_focus_in_view(tmp_path: Path) -> None:
    path = make_quarters(tmp_path / "a.png", (400, 100))
    left, right = (fitted(path, (50, 50), focus=(x, 0.5)) for x in (0.0, 1.0))
    assert near(left, 0.9, 0.2, RED)
    assert near(right, 0.1, 0.2, GREEN)


def test_contain_shows_all_of_it_between_black_bars(tmp_path: Path) -> None:
    image = fitted(make_quarters(tmp_path / "a.png", (50, 50)), (150, 50), "contain")
    assert near(image, 0.1, 0.5, BLACK)
    assert near(image, 0.4, 0.2, RED)
    assert near(image, 0.6, 0.8, WHITE)


def test_blur_fills_what_contain_leaves_black(tmp_path: Path) -> None:
    image = fitted(make_picture(tmp_path / "a.png", (50, 50), colour=RED), (150, 50), "blur")
    assert near(image, 0.5, 0.5, RED)
    assert near(image, 0.1, 0.5, (178, 0, 0))


def test_exact_takes_only_the_exact_size(tmp_path: Path) -> None:
    path = make_quarters(tmp_path / "a.png", (64, 36))
    assert near(fitted(path, (64, 36), "exact"), 0.2, 0.2, RED)
    with pytest.raises(OperationFailed) as caught:
        fitted(path, (128, 72), "exact")
    assert caught.value.code == "wrong-size"
    assert caught.value.message == "a.png is 64x36, and `fit: exact` wants 128x72"


@pytest.mark.parametrize(
    ("orientation", "first"), [(1, RED), (2, GREEN), (3, WHITE), (6, BLUE), (8, GREEN)]
)
def test_a_picture_is_turned_the_way_its_camera_was_held(
    orientation: int, first: tuple[int, int, int], tmp_path: Path
) -> None:
    data = Image.Exif()
    data[0x0112] = orientation
    path = make_quarters(tmp_path / "a.png", (64, 64), exif=data)
    assert near(fitted(path, (32, 32)), 0.2, 0.2, first)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_see_through_is_laid_on_white(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGBA", (40, 40), (255, 0, 0, 0)).convert(mode).save(path)
    image = fitted(path, (80, 40), "contain")
    assert near(image, 0.5, 0.5, WHITE)
    assert near(image, 0.05, 0.5, WHITE)


def test_a_palette_with_a_clear_colour_is_laid_on_white(tmp_path: Path) -> None:
    image = Image.new("P", (40, 40), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.save(tmp_path / "a.gif", transparency=0)
    assert near(fitted(tmp_path / "a.gif", (20, 20)), 0.5, 0.5, WHITE)


def test_an_animation_stands_still_on_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert near(fitted(tmp_path / "a.gif", (20, 20)), 0.5, 0.5, RED)


@pytest.mark.parametrize(("tone", "seen"), [(0, 0), (32_768, 127), (65_535, 255), (200, 1)])
def test_sixteen_bits_a_tone_become_eight(tone: int, seen: int, tmp_path: Path) -> None:
    path = make_picture(tmp_path / "a.png", mode="I;16", colour=tone)
    assert near(fitted(path, (20, 20)), 0.5, 0.5, (seen, seen, seen))


def test_floating_point_tones_become_eight_bits(tmp_path: Path) -> None:
    path = make_picture(tmp_path / "a.tif", mode="F", colour=0.5)
    assert near(fitted(path, (20, 20)), 0.5, 0.5, (127, 127, 127))


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_few_colours_become_many(mode: str, tmp_path: Path) -> None:
    Image.new("RGB", (20, 20), "white").convert(mode).save(tmp_path / "a.png")
    assert near(fitted(tmp_path / "a.png", (10, 10)), 0.5, 0.5, WHITE)


def test_the_inks_of_print_become_light(tmp_path: Path) -> None:
    path = make_picture(tmp_path / "a.jpg", mode="CMYK", colour=(0, 255, 255, 0))
    assert near(fitted(path, (20, 20)), 0.5, 0.5, RED)


def test_the_colours_of_a_laboratory_become_light(tmp_path: Path) -> None:
    path = make_picture(tmp_path / "a.tif", mode="LAB", colour=(255, 128, 128))
    assert near(fitted(path, (20, 20)), 0.5, 0.5, WHITE)


def test_a_colour_profile_is_followed(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")
    path = make_picture(tmp_path / "a.png", colour=RED, icc_profile=swapped)
    assert near(fitted(path, (20, 20)), 0.5, 0.5, BLUE)


def test_a_profile_of_srgb_changes_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = make_picture(tmp_path / "a.png", colour=(200, 90, 40), icc_profile=profile)
    assert near(fitted(path, (20, 20)), 0.5, 0.5, (200, 90, 40))


@pytest.mark.parametrize("profile", [b"", b"not a profile", bytes(200)])
def test_a_profile_that_makes_no_sense_is_left_out(profile: bytes, tmp_path: Path) -> None:
    path = make_picture(tmp_path / "a.png", colour=(200, 90, 40), icc_profile=profile)
    assert near(fitted(path, (20, 20)), 0.5, 0.5, (200, 90, 40))


def test_a_picture_over_the_limit_becomes_a_jpeg_of_the_same_size(tmp_path: Path) -> None:
    noise = Image.effect_noise((320, 180), 90).convert("RGB")
    noise.save(tmp_path / "a.png")
    target = tmp_path / "fitted.png"
    spec: dict[str, Json] = {
        "image": str(tmp_path / "a.png"),
        "target": str(target),
        "width": 320,
        "height": 180,
        "fit": "cover",
        "limit_bytes": 60_000,
    }
    told = fit(spec)
    made = target.with_suffix(".jpg")
    assert (told["format"], told["bytes"]) == ("jpeg", made.stat().st_size)
    assert made.stat().st_size <= 60_000
    assert not target.exists()
    with Image.open(made) as picture:
        assert (picture.format, picture.size, picture.info.get("exif")) == (
            "JPEG",
            (320, 180),
            None,
        )
    first = made.read_bytes()
    fit(spec)
    assert made.read_bytes() == first
    with pytest.raises(OperationFailed) as caught:
        fit({**spec, "limit_bytes": 1_000})
    assert caught.value.code == "too-big"


def test_a_picture_that_has_changed_since_the_plan_is_not_sent(tmp_path: Path) -> None:
    path = make_picture(tmp_path / "a.png")
    planned = hashlib.sha256(path.read_bytes()).hexdigest()
    spec: dict[str, Json] = {
        "image": str(path),
        "target": str(tmp_path / "fitted.png"),
        "width": 64,
        "height": 36,
        "fit": "cover",
        "sha256": planned,
    }
    assert fit(spec)["format"] == "png"
    make_picture(path, colour=(1, 2, 3))
    with pytest.raises(OperationFailed) as caught:
        fit(spec)
    assert caught.value.code == "changed"


def test_a_damaged_picture_is_told_with_what_to_do(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.effect_noise((300, 300), 50).save(whole, "JPEG")
    (tmp_path / "a.jpg").write_bytes(whole.getvalue()[:4000])
    with pytest.raises(OperationFailed) as caught:
        fitted(tmp_path / "a.jpg", (64, 36))
    assert caught.value.code == "truncated"
    assert caught.value.message == "a.jpg is damaged or cut short; copy or export it again"
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


@pytest.mark.parametrize("wrong", [{"width": 0}, {"focus": [1]}, {"fit": "crop"}, {"image": None}])
def test_an_order_that_makes_no_sense_is_the_callers_bug(
    wrong: dict[str, Json], tmp_path: Path
) -> None:
    spec: dict[str, Json] = {
        "image": str(make_picture(tmp_path / "a.png")),
        "target": str(tmp_path / "b.png"),
        "width": 64,
        "height": 36,
        "fit": "cover",
        "focus": [0.5, 0.5],
    }
    with pytest.raises((TypeError, ValueError)):
        fit(spec | wrong)
