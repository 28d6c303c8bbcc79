"""What a YAML parser reports, and a collection whose end has not come yet."""

from __future__ import annotations

from typing import Protocol

from sora_batch.manifest.document import Node
from sora_batch.shots import Json


class Mark(Protocol):
    """A place as the parser counts: from 0."""

    line: int
    column: int


class Event(Protocol):
    """What is read of the parser's events, whichever of its two implementations made them."""

    start_mark: Mark
    end_mark: Mark
    anchor: str | None
    tag: str | None
    value: str
    style: str | None
    flow_style: bool | None


class Open:
    """A mapping or list whose end has not come yet."""

    __slots__ = (  # noqa: RUF023 - in the order of __init__
        "line", "column", "flow", "anchor", "children", "data", "keys", "key", "skip", "merged",
        "size",
    )  # fmt: skip

    def __init__(self, event: Event, *, mapping: bool) -> None:
        mark = event.start_mark
        self.line: int = mark.line + 1
        self.column: int = mark.column + 1
        self.flow: bool = bool(event.flow_style)
        self.anchor: str | None = event.anchor
        self.children: dict[str, Node] | list[Node] = {} if mapping else []
        self.data: dict[str, Json] | list[Json] = {} if mapping else []
        self.keys: dict[str, Node] | None = {} if mapping else None
        self.key: Node | None = None
        self.skip = False
        self.merged: set[str] = set()
        self.size = 1
