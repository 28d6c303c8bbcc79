"""Turns words into parts of shot ids: readable, stable, and safe as file names on every system.

Letters, marks and digits of any script are kept, lower-cased and in NFC, with `_`; a dot stays
between two digits (`1.4`), a minus sign before a number (`-1`). Everything else is a hyphen, runs
of hyphens are one, and none stands at an end. A word of more than 60 bytes is cut and ends in
eight hex digits of the whole, so that long axis values keep apart and file names stay short.
Making a slug of a slug changes nothing.

What two words lose they may have differed in: whoever joins slugs has to compare them, by `folded`,
which also holds on disks that ignore case.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

from sora_batch.shots import Json

MAX_WORD_BYTES = 60
MAX_ID_BYTES = 200
"""Leaves room for `earlier/<id>.<digest>.webp` under the 255 bytes most disks allow a name."""

_SAFE = re.compile(r"[a-z0-9_]+(?:-[a-z0-9_]+)*")
_UNSAFE_ASCII = re.compile(r"[^a-z0-9_.]+")
_LONE_DOT = re.compile(r"(?<![0-9])\.|\.(?![0-9])")
_NEGATIVE = re.compile(r"\s*[-−]\s*\d")
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5") | {
    chr(code) for code in (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"}
)


@lru_cache(maxsize=4096)
def slug(text: str) -> str:
    """The text as one word of a shot id; "" where nothing of it can stand in one."""
    if len(text) <= MAX_WORD_BYTES and _SAFE.fullmatch(text):
        return text
    word = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
    word = _UNSAFE_ASCII.sub("-", word) if word.isascii() else _letters_kept(word)
    word = _LONE_DOT.sub("-", word)
    word = re.sub("-{2,}", "-", word).strip("-")
    return word if len(word.encode()) <= MAX_WORD_BYTES else _shortened(word)


def value_slug(value: Json) -> str:
    """A value of an axis as it stands behind `axis=` in a shot id: numbers keep their sign."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return slug("-".join(f"{key}-{value_slug(item)}" for key, item in value.items()))
    if isinstance(value, list):
        return slug("-".join(value_slug(item) for item in value))
    text = str(value)
    word = slug(text)
    return f"-{word}" if word[:1].isdigit() and _NEGATIVE.match(text) else word


def folded(text: str) -> str:
    """A form that is equal wherever a disk may take two names for the same one."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())


def is_reserved(name: str) -> bool:
    """Whether Windows keeps the name for a device, whatever ending a file of that name has."""
    return name.partition(".")[0].rstrip(" ").lower() in _RESERVED


def _letters_kept(text: str) -> str:
    """Hyphens for whatever is no letter, mark or digit of some script."""
    out: list[str] = []
    for char in text:
        kind = unicodedata.category(char)[0]
        if kind == "M":
            # A mark with nothing to stand on would hang on the hyphen before it.
            if char not in _INVISIBLE and out and out[-1] not in "-.":
                out.append(char)
        else:
            kept = char in "_." or (kind in "LN" and char not in _INVISIBLE)
            out.append(char if kept else "-")
    return unicodedata.normalize("NFC", "".join(out))


def _shortened(word: str) -> str:
    digest = hashlib.sha256(word.encode()).hexdigest()[:8]
    kept = word.encode()[: MAX_WORD_BYTES - 9].decode(errors="ignore").rstrip("-.")
    return f"{kept}-{digest}"
