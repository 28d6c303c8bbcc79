"""Looks at a music file that a person named, and says plainly what is wrong with it.

At its first bytes only, without the video library, so that every plan can afford it.
"""

from __future__ import annotations

import codecs
import stat
from pathlib import Path

_EXPORT = "export it as MP3, M4A, WAV, FLAC or Ogg"


class SoundProblem(Exception):
    """The sound file cannot be used: what is wrong with it, and what to do."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


def inspect_sound(path: Path) -> str:
    """The format of the file by its first bytes: `mp3`, `wav`, ... Raises SoundProblem."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise SoundProblem(f"{path} is not a file", "name a sound file")
        with path.open("rb") as file:
            opening = file.read(512)
    except OSError as error:
        message = f"{path.name} cannot be read: {(error.strerror or str(error)).lower()}"
        raise SoundProblem(message, "check the path") from error
    if not opening:
        raise SoundProblem(f"{path.name} is empty", _EXPORT)
    kind = _kind(opening)
    if kind is None:
        raise SoundProblem(f"{path.name} is {_what_it_is(opening)}, not a sound file", _EXPORT)
    return kind


def _kind(opening: bytes) -> str | None:
    for start, kind in ((b"fLaC", "flac"), (b"OggS", "ogg"), (b"\x1aE\xdf\xa3", "matroska")):
        if opening.startswith(start):
            return kind
    if opening[:4] in {b"RIFF", b"RF64"} and opening[8:12] == b"WAVE":
        return "wav"
    if opening[:4] == b"FORM" and opening[8:12] in {b"AIFF", b"AIFC"}:
        return "aiff"
    if opening[4:8] == b"ftyp":
        return "mp4"
    if opening[:3] == b"ID3" or (opening[0] == 0xFF and opening[1:2] and opening[1] & 0xE0 == 0xE0):
        return "mp3"
    return None


def _what_it_is(opening: bytes) -> str:
    if opening.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer"
    if opening.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8")):
        return "a picture"
    if opening.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page"
    try:
        # The last character may have been read in half.
        text = codecs.getincrementaldecoder("utf-8")().decode(opening)
    except UnicodeDecodeError:
        return "something else"
    readable = all(character.isprintable() or character.isspace() for character in text)
    return "a text" if readable else "something else"
