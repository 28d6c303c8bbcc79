"""Colour, where somebody looks at it: on a terminal that has not said NO_COLOR."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Paint:
    """Marks up words by what they mean; hands them back as they are where `on` is false."""

    on: bool = False

    def strong(self, text: str) -> str:
        """What a line is about."""
        return self._as("1", text)

    def good(self, text: str) -> str:
        """What is finished, and what helps."""
        return self._as("32", text)

    def bad(self, text: str) -> str:
        """What is wrong."""
        return self._as("31", text)

    def wary(self, text: str) -> str:
        """What needs a look: on hold, blocked."""
        return self._as("33", text)

    def busy(self, text: str) -> str:
        """What is going on."""
        return self._as("36", text)

    def faint(self, text: str) -> str:
        """What may be read over."""
        return self._as("2", text)

    def _as(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.on and text else text


PLAIN = Paint()


def paint_for(stream: TextIO | None, environment: Mapping[str, str]) -> Paint:
    """Colour for a terminal, none for anything else, for `TERM=dumb` or where NO_COLOR is set."""
    refused = environment.get("NO_COLOR") or environment.get("TERM") == "dumb"
    return Paint(on=not refused and is_terminal(stream))


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sees what is written there; a stream that is closed or missing is none."""
    return stream is not None and not stream.closed and stream.isatty()
