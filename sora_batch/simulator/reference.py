"""The picture that comes with an order: a file or a data URL, checked before anything is accepted.

The size is read from the file's header; a picture that would not fit is never unpacked, so a small
file that unfolds into a huge picture is harmless.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from sora_batch.durable import write_atomically
from sora_batch.shots import Json, Size
from sora_batch.simulator.fields import Fields, parse_json
from sora_batch.simulator.refusals import Refused, invalid

_PICTURES = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture that came with an order; `suffix` is what its file is called after."""

    data: bytes
    suffix: str


def read_reference(fields: Fields, size: Size) -> Reference | None:
    """The picture, of exactly that size. Raises Refused."""
    data = fields.files.get("input_reference")
    if data is None:
        value = fields.values.get("input_reference")
        if value is None or value == "":
            return None
        data = _from_data_url(value)
    return _checked_picture(data, size)


def keep_reference(reference: Reference, folder: Path) -> str:
    """Puts the picture beside the jobs, once for all that show it; its name there."""
    digest = hashlib.sha256(reference.data).hexdigest()
    path = folder / "references" / f"{digest}.{reference.suffix}"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, reference.data)
    return path.name


def _from_data_url(value: Json) -> bytes:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = parse_json(value.encode(), "input_reference")
    url = value.get("image_url") if isinstance(value, dict) else value
    if not isinstance(url, str):
        raise invalid(
            'Invalid \'input_reference\': send a file, or {"image_url": "data:image/..."}. '
            "There is no store of uploaded files here, so 'file_id' is not known.",
            param="input_reference",
        )
    match = re.match(r"data:[\w.+-]+/[\w.+-]+(;[\w=.+-]+)*;base64,", url, re.ASCII)
    if match is None:
        raise invalid(
            "Invalid 'input_reference.image_url': only base64 data URLs are taken; "
            "nothing is fetched from the network.",
            param="input_reference",
        )
    try:
        return base64.b64decode(url[match.end() :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid(
            "Invalid 'input_reference.image_url': the base64 is damaged.", param="input_reference"
        ) from error


def _checked_picture(data: bytes, size: Size) -> Reference:
    try:
        with Image.open(io.BytesIO(data), formats=tuple(_PICTURES)) as picture:
            # The size stands in the header: a picture that would not fit is never unpacked.
            found = Size(*picture.size)
            if found == size:
                picture.load()
            suffix = _PICTURES[str(picture.format)]
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise _no_picture("it is not a JPEG, PNG or WebP picture") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise _no_picture(f"it is damaged ({error})") from error
    if found != size:
        raise invalid("Inpaint image must match the requested width and height")
    return Reference(data, suffix)


def _no_picture(reason: str) -> Refused:
    return invalid(f"Invalid 'input_reference': {reason}.", param="input_reference")
