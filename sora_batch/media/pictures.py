"""Opens a reference picture that a person named, and says plainly what is wrong with it.

Only formats that are read by Pillow itself, in one process, are let in. `inspect` reads the
header and hashes the file; decoding is left to `fit`. How large a picture may be is decided from
the header, before a byte of it is unpacked.
"""

from __future__ import annotations

import hashlib
import importlib.util
import mmap
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError, features
from PIL.ExifTags import Base

from sora_batch.problems import did_you_mean

LONGEST_SIDE = 16_384
MOST_PIXELS = 64_000_000
MOST_BYTES = 100_000_000

_HEIF_EXTRA = "pillow_heif"


def _formats() -> tuple[str, ...]:
    """What can be read here: AVIF where this Pillow was built with it, HEIC with an extra."""
    formats = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]
    if features.check("avif"):
        formats.append("AVIF")
    if importlib.util.find_spec(_HEIF_EXTRA) is not None:
        importlib.import_module(_HEIF_EXTRA).register_heif_opener()
        formats.append("HEIF")
    return tuple(formats)


_FORMATS = _formats()
_TURNED = {5, 6, 7, 8}
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF = {b"avif", b"avis"}
_EXPORT = "export it as PNG or JPEG"

# Pillow warns of pictures above 89 megapixels on standard error; here they are refused anyway.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class PictureProblem(Exception):
    """The picture cannot be used: what is wrong with it, and what to do.

    `code` is a word for programs: `missing`, `not-a-picture`, `truncated`, `too-big`.
    """

    def __init__(self, message: str, fix: str, *, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.code = code


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's digest, its size as it is seen (turned as its camera says), and its format."""

    sha256: str
    width: int
    height: int
    format: str


def inspect(path: Path) -> Picture:
    """What the picture is, from its header and its bytes. Raises PictureProblem."""
    with _plainly(path), _opened(path) as image, path.open("rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            whole = _is_whole(image, data)
            digest = hashlib.sha256(data).hexdigest()
        width, height = image.size
        if _orientation(image) in _TURNED:
            width, height = height, width
        kind = (image.format or "").lower()
    if not whole:
        raise _cut_short(path)
    return Picture(digest, width, height, kind)


def load_picture(path: Path) -> Image.Image:
    """The picture, decoded and turned the way its camera was held. Raises PictureProblem."""
    with _plainly(path), _opened(path) as image:
        image.load()
        return ImageOps.exif_transpose(image) if _orientation(image) > 1 else image


@contextmanager
def _plainly(path: Path) -> Iterator[None]:
    """Puts what Pillow raises while it reads the file into words."""
    try:
        yield
    except UnidentifiedImageError as error:
        raise _no_picture(path) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_big(path, f"more than {MOST_PIXELS // 1_000_000} megapixels") from error
    except PermissionError as error:
        raise PictureProblem(
            f"{path.name} may not be read", "give yourself the right to read it", code="missing"
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        # Its decoders say "image file is truncated", "broken data stream", and the like.
        raise _cut_short(path) from error


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The picture, its header read and its size judged."""
    _require_file(path)
    with Image.open(path, formats=_FORMATS) as image:
        _require_sane_size(path, image)
        yield image


def _cut_short(path: Path) -> PictureProblem:
    """The problem of a picture whose end is missing, or whose middle is damaged."""
    return PictureProblem(
        f"{path.name} is damaged or cut short", "copy or export it again", code="truncated"
    )


def _orientation(image: Image.Image) -> int:
    # Asking a PNG for data it does not have in its header decodes the whole picture; a TIFF is
    # turned by Pillow itself.
    if image.format == "TIFF" or (image.format == "PNG" and "exif" not in image.info):
        return 1
    value = image.getexif().get(Base.Orientation, 1)
    return value if isinstance(value, int) else 1


def _is_whole(image: Image.Image, data: mmap.mmap) -> bool:
    """False where the end of the file is certainly missing; cheap, so not every damage is seen."""
    if image.format == "PNG":
        return data.rfind(b"IEND") >= 0
    if image.format in {"JPEG", "MPO"}:
        # A thumbnail in the header has an end of its own, which must not pass for the picture's.
        return data.rfind(b"\xff\xd9") > len(image.info.get("exif", b"")) + 64
    if image.format == "WEBP":
        return int.from_bytes(data[4:8], "little") + 8 <= len(data)
    return True


def _beside(path: Path) -> list[str]:
    """The files that do stand in that folder."""
    try:
        return sorted(other.name for other in path.parent.iterdir())
    except (OSError, ValueError):
        return []


def _require_file(path: Path) -> None:
    try:
        facts = path.stat()
    except (OSError, ValueError) as error:
        fix = did_you_mean(path.name, _beside(path)) or "write its path from the manifest's folder"
        raise PictureProblem(f"there is no picture {path}", fix, code="missing") from error
    if not stat.S_ISREG(facts.st_mode):
        raise PictureProblem(f"{path} is not a file", "name a picture", code="missing")
    if not facts.st_size:
        raise PictureProblem(f"{path.name} is empty", _EXPORT, code="truncated")
    if facts.st_size > MOST_BYTES:
        raise _too_big(path, f"{facts.st_size / 1e6:,.0f} MB")


def _require_sane_size(path: Path, image: Image.Image) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise _cut_short(path)
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise _too_big(path, f"{width:,} x {height:,} pixels")


def _too_big(path: Path, words: str) -> PictureProblem:
    return PictureProblem(
        f"{path.name} is too big for a reference: {words}",
        "make it smaller; 4,096 pixels on its long side are more than any model uses",
        code="too-big",
    )


def _is_readable(opening: bytes) -> bool:
    """Whether it is of a kind whose reader is there, so that only damage can have stopped it."""
    if opening[4:8] != b"ftyp":
        return False
    brand = opening[8:12]
    return ("HEIF" in _FORMATS and brand in _HEIC) or ("AVIF" in _FORMATS and brand in _AVIF)


def _no_picture(path: Path) -> PictureProblem:
    """Words for a file that is no picture, or none of ours."""
    with path.open("rb") as file:
        opening = file.read(512)
    if _is_readable(opening):
        return _cut_short(path)
    if opening[4:8] == b"ftyp" and opening[8:12] in _HEIC:
        return PictureProblem(
            f"{path.name} is HEIC, which cannot be read here",
            f"install `sora-batch[heic]`, or {_EXPORT}",
            code="not-a-picture",
        )
    if opening[4:8] == b"ftyp" and opening[8:12] in _AVIF:
        message = f"{path.name} is AVIF, which the installed Pillow cannot read"
    elif opening[4:8] == b"ftyp":
        message = f"{path.name} is a clip, not a picture"
    elif opening.lstrip().startswith((b"<svg", b"<?xml")):
        message = f"{path.name} is a drawing (SVG), not a picture made of pixels"
    elif opening.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        message = f"{path.name} is a web page, not a picture"
    elif opening.startswith(b"version https://git-lfs"):
        return PictureProblem(
            f"{path.name} is a Git LFS pointer, not the picture itself",
            "run `git lfs pull`",
            code="not-a-picture",
        )
    elif b"\0" not in opening:
        message = f"{path.name} is a text, not a picture"
    else:
        message = f"{path.name} is not a picture"
    return PictureProblem(message, _EXPORT, code="not-a-picture")
