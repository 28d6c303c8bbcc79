"""What every media operation shares: how it fails, and how it is called by name.

An operation takes JSON and answers JSON, so that it may run in a thread, another process or on
another machine. It is free and may be interrupted and run again. The table names functions
rather than holding them: the video library alone takes a fifth of a second to import, and most
commands never need it.
"""

from __future__ import annotations

import errno
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from sora_batch.shots import Json

Operation: TypeAlias = Callable[[Mapping[str, Json]], Mapping[str, Json]]

_FULL = {errno.ENOSPC, errno.EDQUOT}


class OperationFailed(Exception):
    """The operation itself failed; its text is the reason, for a person.

    `code` is a word for programs, such as `not-a-clip` or `disk-full`.
    """

    def __init__(self, message: str, *, code: str = "failed") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class OperationTable(Mapping[str, Operation]):
    """Operations by name; a module is imported when one of its operations is first asked for."""

    def __init__(self, places: Mapping[str, str]) -> None:
        """`places` has `module:function` for every name."""
        self._places = dict(places)

    def __getitem__(self, name: str) -> Operation:
        """The function of that name. Raises KeyError."""
        operation: Operation = pkgutil.resolve_name(self._places[name])
        return operation

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._places)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._places)


def perform(
    table: Mapping[str, Operation], name: str, spec: Mapping[str, Json]
) -> Mapping[str, Json]:
    """The answer of the operation of that name; OperationFailed is the only way it can fail.

    What an operation did not foresee fails this piece of work, with code `bug`, and not the run:
    hundreds of other clips may be on their way.
    """
    try:
        return table[name](spec)
    except OperationFailed:
        raise
    except OSError as error:
        raise OperationFailed(_disk_words(name, error), code=_disk_code(error)) from error
    except Exception as error:
        text = f"{name} stumbled over {type(error).__name__}: {error}; this is a bug in sora-batch"
        raise OperationFailed(text, code="bug") from error


def text_of(spec: Mapping[str, Json], name: str) -> str:
    """The string of that name. Raises TypeError, KeyError: the caller's bug."""
    value = spec[name]
    if not isinstance(value, str):
        raise TypeError(f"`{name}` must be a string, not {value!r}")
    return value


def whole_of(spec: Mapping[str, Json], name: str) -> int:
    """The whole number of that name, at least 1. Raises TypeError, KeyError: the caller's bug."""
    value = spec[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise TypeError(f"`{name}` must be a whole number of at least 1, not {value!r}")
    return value


def _disk_code(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "missing"
    return "disk-full" if error.errno in _FULL else "disk"


def _disk_words(name: str, error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    return f"{name}: {reason}: {error.filename}" if error.filename else f"{name}: {reason}"
