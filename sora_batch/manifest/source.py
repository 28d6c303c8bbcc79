"""Reads a YAML file into data with positions, and says in our words why it cannot.

YAML 1.2-minded: only `true` and `false` are booleans, `16:9` and dates are text. Nothing in a file
can run code, recurse, or grow without bound.
"""

from __future__ import annotations

from pathlib import Path

from sora_batch.manifest.document import Document, Node, Source
from sora_batch.problems import Problem

__all__ = ["Document", "Node", "Source", "read_document"]


def read_document(path: Path) -> tuple[Document | None, list[Problem]]:
    """The file at the path, shown to people as given. Never raises for what is in the file."""
    raise NotImplementedError
