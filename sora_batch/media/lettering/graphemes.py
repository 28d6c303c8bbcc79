"""Cuts text into what people call characters, and says where lines may break and which way runs go.

The parts of Unicode's rules that a caption needs: clusters (accents, emoji sequences, flags),
line breaks (spaces and hyphens; between Chinese, Japanese and Thai characters) and the
direction of runs in mixed lines. Shaping inside a run is the font engine's business.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_JOINER = "\u200d"
_NEVER_FIRST = frozenset(
    "、。，．・：；？！）］｝」』】〕〉》”’…ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ%)]}!?,.:;"
)
_NEVER_LAST = frozenset("（［｛「『【〔〈《“‘([{")
_THAI_LEADING = frozenset("เแโใไ")


def clusters(text: str) -> list[str]:
    """The text, cut where a caret may stand."""
    found: list[str] = []
    for character in text:
        if found and _continues(found[-1], character):
            found[-1] += character
        else:
            found.append(character)
    return found


def is_ignorable(character: str) -> bool:
    """Whether a character steers and is not seen: joiners, selectors, directional marks."""
    code = ord(character)
    return unicodedata.category(character) == "Cf" or 0xFE00 <= code <= 0xFE0F


def breaks_between(before: str, after: str) -> bool:
    """Whether a line may end after the one cluster and go on with the other."""
    if before.isspace() or after.isspace():
        return before.isspace()
    if before[-1] == "\u200b":
        return True
    if before in {"-", "–", "—", "/"}:
        return not after[0].isdigit()
    if after[0] in _NEVER_FIRST or before[-1] in _NEVER_LAST or before[0] in _THAI_LEADING:
        return False
    return _breaks_anywhere(before) or _breaks_anywhere(after)


def is_right_to_left(text: str) -> bool:
    """Whether the first letter that has a direction goes to the left."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in {"L", "R", "AL"}:
            return direction != "L"
    return False


def levels(parts: Sequence[str], *, right_to_left: bool) -> list[int]:
    """The embedding level of each cluster of a line: odd ones go to the left."""
    kinds = _kinds(parts)
    base = int(right_to_left)
    found: list[int] = []
    for place, kind in enumerate(kinds):
        if kind == "neutral":
            before = _direction(kinds[:place][::-1], base)
            after = _direction(kinds[place + 1 :], base)
            kind = before if before == after else ("right" if base else "left")  # noqa: PLW2901
        found.append({"left": 2 * base, "right": 1, "number": 2}[kind])
    return found


def visual_order(line_levels: Sequence[int]) -> list[int]:
    """The places of a line's runs from left to right, by their levels."""
    order = list(range(len(line_levels)))
    for level in range(max(line_levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and line_levels[order[end]] >= level:
                end += 1
            order[start:end] = order[start:end][::-1]
            start = max(end, start + 1)
    return order


def _continues(cluster: str, character: str) -> bool:
    if character == _JOINER or cluster[-1] == _JOINER:
        return True
    if unicodedata.category(character) in {"Mn", "Me", "Mc"} or is_ignorable(character):
        return True
    code = ord(character)
    if 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F or character in "ำໍ":
        return True
    both_flags = 0x1F1E6 <= code <= 0x1F1FF and 0x1F1E6 <= ord(cluster[-1]) <= 0x1F1FF
    return both_flags and len(cluster) == 1


def _breaks_anywhere(cluster: str) -> bool:
    code = ord(cluster[0])
    return (
        0x2E80 <= code <= 0xA4CF
        or 0xAC00 <= code <= 0xD7AF
        or 0xF900 <= code <= 0xFAFF
        or 0xFF00 <= code <= 0xFFEF
        or 0x1F000 <= code <= 0x1FAFF
        or 0x20000 <= code <= 0x3FFFF
        or 0x0E00 <= code <= 0x0EFF
        or 0x1780 <= code <= 0x17FF
    )


def _kinds(parts: Sequence[str]) -> list[str]:
    found: list[str] = []
    last_letter = ""
    for part in parts:
        direction = unicodedata.bidirectional(part[0])
        if direction in {"R", "AL"}:
            kind = last_letter = "right"
        elif direction == "L":
            kind = last_letter = "left"
        elif direction in {"EN", "AN"}:
            kind = "left" if last_letter == "left" else "number"
        else:
            kind = "neutral"
        found.append(kind)
    for place in range(1, len(found) - 1):
        # 3.5 and 10:30 stay whole.
        separated = found[place - 1] == found[place + 1] == "number"
        if separated and unicodedata.bidirectional(parts[place][0]) in {"CS", "ES", "ET"}:
            found[place] = "number"
    return found


def _direction(kinds: Sequence[str], base: int) -> str:
    """Of the first that has one; numbers count as going right to left, as Unicode has it."""
    for kind in kinds:
        if kind != "neutral":
            return "left" if kind == "left" else "right"
    return "right" if base else "left"
