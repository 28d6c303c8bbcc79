"""Brings a reference picture to exactly a clip's size, because servers refuse any other.

The same picture and the same order make the same bytes: PNG with fixed settings and nothing in it
but pixels. Colours become sRGB, the way the camera was held is undone, transparency is laid on
white and an animation stands still on its first frame.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from PIL import Image, ImageCms, ImageFilter

from sora_batch.media.operation import OperationFailed, text_of, whole_of
from sora_batch.media.pictures import PictureProblem, load_picture
from sora_batch.outputs import write_atomically
from sora_batch.shots import Json

Size = tuple[int, int]
Point = tuple[float, float]

_BLACK = (0, 0, 0)
_WHITE = (255, 255, 255)
_DEEP = {"I", "F", "I;16", "I;16L", "I;16B", "I;16N"}
_SRGB = ImageCms.createProfile("sRGB")
# 95 cannot be told from the original by eye; below 80 it can.
_QUALITIES = (95, 92, 88, 84, 80)
_BLUR_SHRINK = 8
_BLUR_DARKEN = 0.7


def fit(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """Writes the picture `image` to `target` as a PNG of exactly `width` x `height`.

    Where that has more than `limit_bytes`, a JPEG of high quality takes its place, beside it with
    the suffix `.jpg`. `fit` is cover, contain, blur, stretch or exact; `focus` the point that stays
    in view, as fractions of width and height. Answers sha256, bytes and format (png, jpeg).

    Raises OperationFailed with the code of a PictureProblem, `wrong-size` where `exact` was asked
    and it is not, `changed` where the picture has not the bytes of `sha256`.
    """
    path = Path(text_of(spec, "image"))
    _require_bytes(path, spec.get("sha256"))
    size = (whole_of(spec, "width"), whole_of(spec, "height"))
    try:
        image = load_picture(path)
    except PictureProblem as problem:
        text = f"{problem.message}; {problem.fix}"
        raise OperationFailed(text, code=problem.code) from problem
    fitted = _fitted(image, size, text_of(spec, "fit"), _focus_of(spec), path.name)
    data, kind = _written(fitted, spec.get("limit_bytes"))
    target = Path(text_of(spec, "target"))
    write_atomically(target if kind == "png" else target.with_suffix(".jpg"), data)
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "format": kind}


def _written(fitted: Image.Image, limit_bytes: Json) -> tuple[bytes, str]:
    """The picture's bytes and their format: PNG, or the best JPEG that is within the limit."""
    data = _saved(fitted, "PNG", compress_level=2)
    if not isinstance(limit_bytes, int) or len(data) <= limit_bytes:
        return data, "png"
    for quality in _QUALITIES:
        data = _saved(fitted, "JPEG", quality=quality, subsampling=0, optimize=True)
        if len(data) <= limit_bytes:
            return data, "jpeg"
    raise OperationFailed(
        f"the picture at {fitted.width}x{fitted.height} does not fit into "
        f"{limit_bytes:,} bytes; use a smaller size",
        code="too-big",
    )


def _saved(fitted: Image.Image, kind: str, **how: Any) -> bytes:
    written = io.BytesIO()
    fitted.save(written, kind, **how)
    return written.getvalue()


def _require_bytes(path: Path, sha256: Json) -> None:
    """What is sent is what was planned: the fingerprint stands for these bytes."""
    if sha256 is None or not path.is_file():
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        text = f"{path.name} has changed since it was planned; run again"
        raise OperationFailed(text, code="changed")


def _focus_of(spec: Mapping[str, Json]) -> Point:
    match spec.get("focus", [0.5, 0.5]):
        case [int() | float() as x, int() | float() as y]:
            return (min(max(float(x), 0.0), 1.0), min(max(float(y), 0.0), 1.0))
        case other:
            raise TypeError(f"`focus` must be two numbers, not {other!r}")


def _fitted(image: Image.Image, size: Size, way: str, focus: Point, name: str) -> Image.Image:
    """The picture in plain RGB at that size."""
    see_through = image.has_transparency_data
    plain = _plain(image)
    match way:
        case "cover":
            return _covered(plain, size, focus)
        case "contain":
            return _laid_on(Image.new("RGB", size, _WHITE if see_through else _BLACK), plain)
        case "blur":
            return _laid_on(_blurred(plain, size, focus), plain)
        case "stretch":
            return plain.resize(size, Image.Resampling.LANCZOS)
        case "exact" if plain.size == size:
            return plain
        case "exact":
            raise OperationFailed(
                f"{name} is {plain.width}x{plain.height}, and `fit: exact` wants "
                f"{size[0]}x{size[1]}",
                code="wrong-size",
            )
    raise ValueError(f"no such way to fit: {way}")


def _covered(image: Image.Image, size: Size, focus: Point) -> Image.Image:
    """The largest part of the picture that has the size's shape, as near the focus as it goes."""
    scale = min(image.width / size[0], image.height / size[1])
    width, height = min(size[0] * scale, image.width), min(size[1] * scale, image.height)
    left = min(max(focus[0] * image.width - width / 2, 0.0), image.width - width)
    top = min(max(focus[1] * image.height - height / 2, 0.0), image.height - height)
    box = (left, top, left + width, top + height)
    return image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def _laid_on(ground: Image.Image, image: Image.Image) -> Image.Image:
    """The whole picture, as large as it goes, in the middle of the ground."""
    scale = min(ground.width / image.width, ground.height / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    ground.paste(small, ((ground.width - size[0]) // 2, (ground.height - size[1]) // 2))
    return ground


def _blurred(image: Image.Image, size: Size, focus: Point) -> Image.Image:
    """The picture covering the size, out of focus and darker, so that it does not compete."""
    small = (max(1, size[0] // _BLUR_SHRINK), max(1, size[1] // _BLUR_SHRINK))
    soft = _covered(image, small, focus).filter(ImageFilter.GaussianBlur(4))
    return soft.resize(size, Image.Resampling.BICUBIC).point(lambda tone: tone * _BLUR_DARKEN)


def _plain(image: Image.Image) -> Image.Image:
    """The picture in 8-bit sRGB, opaque, with nothing attached."""
    profile = image.info.get("icc_profile")
    if image.mode in _DEEP:
        image = _eight_bit(image)
    if image.has_transparency_data:
        image = _opaque(image)
    elif image.mode not in {"RGB", "L", "CMYK"}:
        image = image.convert("RGB")
    plain = (_managed(image, profile) if profile else image).convert("RGB")
    plain.info = {}
    return plain


def _eight_bit(image: Image.Image) -> Image.Image:
    """Grey tones of more than 8 bits, scaled down; Pillow's own conversion would clip them."""
    tones = image.convert("F")
    _, high = cast("tuple[float, float]", tones.getextrema())
    tops = (65535.0,) if image.mode.startswith("I;16") else (1.0, 255.0, 65535.0)
    top = next((limit for limit in tops if high <= limit), high)
    return tones.point(lambda tone: tone * (255 / top) + 0.0).convert("L")


def _opaque(image: Image.Image) -> Image.Image:
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, (*_WHITE, 255)), layer).convert(
        "RGB"
    )


def _managed(image: Image.Image, profile: bytes) -> Image.Image:
    """The colours its profile means, in sRGB; as they are where the profile is of no use."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        managed = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image
    return managed or image
