"""Writes files so that a kill or a power cut leaves the old one or the new one, never a half.

Knows nothing of what is in them. All of it blocks on the disk.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

TEMPORARY = r"\..+\.[0-9a-f]{16}\.tmp"
"""What the names look like that a kill may leave behind."""


def write_atomically(path: Path, data: bytes, *, sync_name: bool = True) -> None:
    """The file whole or not at all, and on the disk when this returns. Raises OSError.

    Without `sync_name` its name is there once the caller has called `sync_folder`, for several.
    """
    temporary = beside(path)
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if sync_name:
        sync_folder(path.parent)


def link_over(source: Path, target: Path) -> None:
    """The same file under another name too, in one step; a copy where there are no hard links.

    What stood under that name is replaced. Raises OSError. `sync_folder` makes it last.
    """
    if target.exists() and target.samefile(source):
        return
    temporary = beside(target)
    try:
        try:
            temporary.hardlink_to(source)
        except OSError:
            shutil.copy2(source, temporary)
            sync_file(temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def sync_file(path: Path) -> None:
    """Puts a file's content on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Puts the names in a folder on the disk: a rename is not there before."""
    with suppress(PermissionError):  # Windows opens no folders, and needs none of this
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sha256_of(path: Path) -> str:
    """The digest of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def beside(path: Path) -> Path:
    """A fresh name as `TEMPORARY` has them, for what is to be renamed or thrown away."""
    return path.with_name(f".{path.name[:60]}.{secrets.token_hex(8)}.tmp")
