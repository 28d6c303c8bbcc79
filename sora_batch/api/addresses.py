"""Addresses of files as a page has them: relative to it, or with the file inside."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from urllib.parse import quote

_TYPES = {".webp": "image/webp", ".png": "image/png"}


def as_relative(path: Path, folder: Path) -> str:
    """The file as seen from the folder; whole where no relative way leads there."""
    absolute = path.resolve()
    try:
        relative = os.path.relpath(absolute, folder)
    except ValueError:
        # Another drive of Windows.
        return absolute.as_uri()
    # `./` so that a name with a colon in it is not taken for a protocol.
    return "./" + quote(relative.replace(os.sep, "/"))


def as_data(path: Path) -> str:
    """The picture itself, as an address."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"data:{_TYPES[path.suffix]};base64,{data}"
