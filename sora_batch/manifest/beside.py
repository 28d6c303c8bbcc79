"""Finds and reads the files a manifest names beside itself: rows and template fragments.

Beside means in the manifest's folder or below it, links followed; nothing leads out of it, since a
manifest may come from somebody else.
"""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

from sora_batch.problems import did_you_mean

MAX_BYTES = 256 * 1024 * 1024


class Unreadable(Exception):
    """The file cannot be used: what is wrong, what to do, and the line where one is known."""

    def __init__(
        self, message: str, *, fix: str = "", line: int = 0, missing: bool = False
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.line = line
        self.missing = missing


def find_beside(folder: Path, name: str) -> Path:
    """The file of that name, as `folder / name`. Raises Unreadable."""
    if not name.strip() or "\0" in name:
        raise Unreadable("no file is named here", fix="write a path beside the manifest")
    path = folder / name
    try:
        real = path.resolve()
        # A drive or a leading backslash leads out on Windows only; refused there and here alike.
        foreign = bool(PureWindowsPath(name).anchor)
        if foreign or not real.is_relative_to(folder.resolve()):
            raise Unreadable(
                f"`{name}` is outside the manifest's folder",
                fix="copy the file into the manifest's folder, or below it",
            )
        if not real.exists():
            close = did_you_mean(path.name, _siblings(path))
            fix = close or "write its path from the manifest's folder"
            message = f"there is no file `{name}` beside the manifest"
            raise Unreadable(message, fix=fix, missing=True)
        if not real.is_file():
            raise Unreadable(f"`{name}` is not a file", fix="name a file")
    except (OSError, RuntimeError) as error:
        raise Unreadable(f"`{name}` cannot be looked up: {error}") from error
    return path


def read_text(path: Path) -> tuple[str, bytes]:
    """The file's text without a byte order mark, and its bytes. Raises Unreadable."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Unreadable(
                f"`{path.name}` is larger than {MAX_BYTES // 1024 // 1024} MB",
                fix="split it, with one shot spec for each part",
            )
        raw = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"`{path.name}` cannot be read: {error.strerror or error}") from error
    return _decoded(raw), raw


def _decoded(raw: bytes) -> str:
    fix = "save it as UTF-8 (in Excel: `CSV UTF-8`)"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw[:4]:
        raise Unreadable("this file is UTF-16, not UTF-8", fix=fix, line=1)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        byte = raw[error.start]
        raise Unreadable(
            f"this file is not UTF-8: byte {byte:#04x} stands for no character", fix=fix, line=line
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise Unreadable(
            "there is a NUL byte in this file",
            fix="it is damaged, or no text: save it again",
            line=line,
        )
    return text


def _siblings(path: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in path.parent.iterdir())[:1000]
    except OSError:
        return []
