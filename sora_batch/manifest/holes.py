"""Takes a template text apart into literal text and the `{{ expressions }}` in it.

Pure text work, and only where Jinja would read it the same: a text with statements, comments,
white space control or braces inside an expression is left to Jinja as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
# An expression without braces, its quotes closed, no white space control at its ends: nothing in
# it can end the hole earlier or later for Jinja than it does here.
_HOLE = re.compile(r"""\{\{(?![-+])((?:[^{}'"\\]|'[^'{}\\]*'|"[^"{}\\]*")*?)(?<![-+])\}\}""")
_JINJA_WORDS = frozenset(
    {"and", "caller", "context", "else", "environment", "false", "if", "in", "is", "loop", "none"}
    | {"not", "or", "self", "super", "true", "False", "None", "True"}
)
_MOST = 64


class Hole(NamedTuple):
    """The text before an expression, and the expression: `code` as a whole, and the name and
    attributes it is made of where it is nothing else (`root` is "" where it is more)."""

    before: str
    code: str
    root: str
    steps: tuple[str, ...]


def has_template(value: object) -> bool:
    """Whether there is anything to render in a value, however deep."""
    if isinstance(value, str):
        return "{" in value and ("{{" in value or "{%" in value or "{#" in value)
    if isinstance(value, Mapping):
        return any(has_template(item) for item in value.values())
    return isinstance(value, (list, tuple)) and any(has_template(item) for item in value)


def holes_of(text: str) -> tuple[tuple[Hole, ...], str | None]:
    """The holes of a text and what follows the last; None for that where only Jinja can tell."""
    if not has_template(text):
        return (), text
    parts = _HOLE.split(text)
    literals, codes = parts[::2], [code.strip() for code in parts[1::2]]
    # `{{{ x }}` opens a mapping for Jinja, so a brace before a hole is not ours to read.
    odd = any(has_template(part) for part in literals) or any(
        part.endswith("{") for part in literals[:-1]
    )
    if odd or len(codes) > _MOST or not all(codes):
        return (), None
    holes = [_hole(literal, code) for literal, code in zip(literals, codes, strict=False)]
    return tuple(holes), literals[-1]


def _hole(before: str, code: str) -> Hole:
    root, *steps = code.split(".")
    if _PATH.fullmatch(code) and root not in _JINJA_WORDS:
        return Hole(before, code, root, tuple(steps))
    return Hole(before, code, "", ())
