"""A disk that fails, and a process that dies, at an operation of the file system that is chosen.

It hears of the operations through Python's own audit events, so nothing of ours is replaced: what
fails is the real call. A process that is dead does nothing more: every later operation raises too,
the cleaning up included.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_CHANGES = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.utime", "os.chmod"}

Judge = Callable[[str, Path], None]
_judge: Judge | None = None
_listening = False


class Killed(BaseException):
    """The process is gone."""


def _heard(event: str, arguments: tuple[object, ...]) -> None:
    if _judge is None:
        return
    changes = event in _CHANGES
    if event == "open" and isinstance(arguments[2], int):
        changes = bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    if changes and isinstance(arguments[0], str | bytes):
        _judge(event, Path(os.fsdecode(arguments[0])))


@contextmanager
def judged_by(judge: Judge) -> Iterator[None]:
    """The judge is told of every change of a file before it is made, and may raise."""
    global _judge, _listening  # noqa: PLW0603 - audit hooks cannot be taken away again
    if not _listening:
        sys.addaudithook(_heard)
        _listening = True
    _judge = judge
    try:
        yield
    finally:
        _judge = None


@contextmanager
def killed_before(change: int, *, links: bool = True) -> Iterator[None]:
    """The process dies before it makes its n-th change, counted from 0, and the block ends there.

    Without `links` the disk knows no hard links, as exFAT does not.
    """
    seen = 0

    def judge(event: str, _path: Path) -> None:
        nonlocal seen
        seen += 1
        if seen > change:
            raise Killed
        if event == "os.link" and not links:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    with suppress(Killed), judged_by(judge):
        yield


@contextmanager
def failing(event: str, error: int, *, name: str = "") -> Iterator[None]:
    """The disk answers this event with an error, for paths that have the name in them."""

    def judge(happening: str, path: Path) -> None:
        if happening == event and name in str(path):
            raise OSError(error, os.strerror(error))

    with judged_by(judge):
        yield
