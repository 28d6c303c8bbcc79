"""Bounds for templates: how much text, how many steps, and what would become too large.

Everything is looked at before it is made; afterwards the memory would be gone already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from jinja2 import TemplateRuntimeError

MAX_UNITS = 200_000
MAX_TEXT = 100_000
MAX_RANGE = 10_000
MAX_ARGUMENT = 1_000
MAX_BITS = 10_000
TOO_MUCH = "this template does too much"
WIDE_PERCENT = re.compile(r"%[^%a-zA-Z]*(?:\*|\d{4,})")
WIDE_BRACES = re.compile(r"\{[^{}:]*:[^{}]*(?:\{|\d{4,})")

_GROWING = frozenset(
    {"batch", "center", "indent", "round", "slice", "tojson", "truncate", "wordwrap"}
)
_FREE_TEXT = frozenset({"d", "default", "format", "join", "replace", "sum"})


class Overspent(TemplateRuntimeError):
    """The template does more than a prompt can need."""


def bounded_range(*args: int) -> range:
    """`range`, of which nobody needs much. Raises Overspent."""
    span = range(*args)
    if len(span) > MAX_RANGE:
        raise Overspent(f"a range of more than {MAX_RANGE:,} numbers")
    return span


def is_large(argument: Any) -> bool:
    """Whether it is a number that would make a width or a count too large."""
    return isinstance(argument, int) and abs(argument) > MAX_ARGUMENT


def check_arguments(name: str, given: Iterable[Any]) -> None:
    """Raises Overspent where a filter's arguments would blow its value up."""
    for argument in given:
        long = isinstance(argument, str) and len(argument) > MAX_ARGUMENT
        if (long and name not in _FREE_TEXT) or (name in _GROWING and is_large(argument)):
            raise Overspent(TOO_MUCH)
        if name == "sum" and isinstance(argument, (list, tuple)):
            raise Overspent(TOO_MUCH)


def check_format(text: str, sign: str, wide: re.Pattern[str], values: Iterable[Any]) -> None:
    """Raises Overspent where formatting would make too long a text."""
    longest = max((len(v) if isinstance(v, str) else 32 for v in _flat(values)), default=0)
    if wide.search(text) or text.count(sign) * (longest + MAX_ARGUMENT // 10) > MAX_TEXT * 10:
        raise Overspent(TOO_MUCH)


def check_join(items: Sequence[Any], between: object) -> None:
    """Raises Overspent where joining would make too long a text."""
    total = sum(len(item) if isinstance(item, str) else 8 for item in items)
    if total + len(str(between)) * len(items) > MAX_TEXT:
        raise Overspent(TOO_MUCH)


def check_replace(text: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Raises Overspent where replacing would make too long a text."""
    words = [str(arg) for arg in (*args, kwargs.get("old", ""), kwargs.get("new", ""))]
    longest = max(map(len, words))
    if longest > 1 and (len(text) + 1) * longest > MAX_TEXT:
        found = str(text).count(words[0]) if words[0] else len(text) + 1
        if len(text) + found * longest > MAX_TEXT:
            raise Overspent(TOO_MUCH)


def grown_size(sign: str, left: Any, right: Any) -> int:
    """How large an operator's result would be: characters, items or, for numbers, ten times the
    bits. Raises Overspent where a format is too wide."""
    if isinstance(left, int) and isinstance(right, int):
        if sign == "**":
            return left.bit_length() * abs(right) * (MAX_TEXT // MAX_BITS)
        return (left.bit_length() + right.bit_length()) * (MAX_TEXT // MAX_BITS)
    if sign == "%" and isinstance(left, str):
        check_format(left, "%", WIDE_PERCENT, right if isinstance(right, tuple) else (right,))
    elif sign == "*":
        for many, times in ((left, right), (right, left)):
            if isinstance(many, (str, list, tuple)) and isinstance(times, int):
                return len(many) * max(times, 0)
    elif sign == "+" and hasattr(left, "__len__") and hasattr(right, "__len__"):
        return len(left) + len(right)
    return 0


def deep_size(value: Any, limit: int) -> int:
    """How many values are in a value, counted where they are shared as often as they are shown.

    Raises Overspent above the limit.
    """
    waiting, size = [value], 0
    while waiting:
        item = waiting.pop()
        size += 1 + (len(item) // 64 if isinstance(item, str) else 0)
        if size > limit:
            raise Overspent(TOO_MUCH)
        if isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, (list, tuple)):
            waiting.extend(item)
    return size


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        yield from value.values() if isinstance(value, Mapping) else (value,)
