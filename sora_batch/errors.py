"""The exceptions that stop a command.

    SoraBatchError
    ├── UsageError            the command line or the call is the problem          exit 2
    ├── ProblemsFound         the manifest is the problem; all of it is listed     exit 2
    ├── BudgetExceeded        the money is the problem; nothing was spent          exit 2
    ├── ConsentNeeded         somebody has to say yes to the price first           exit 2
    ├── RunStopped            nothing else could succeed: key, credit, a model     exit 1
    ├── StoreBusy             another run has this store                           exit 2
    ├── StoreBroken           the store cannot be read, or is from a newer version exit 3
    ├── ChangeRefused         a change that could lose money or a clip: a bug      exit 3
    └── OutputUnusable        the output folder cannot be written                  exit 2

What is wrong in a text a person wrote is a `Problem`, a value; `ProblemsFound` carries them all.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import ClassVar, Self

from sora_batch.problems import Problem, in_order, render


class SoraBatchError(Exception):
    """Anything this program says stop about; its text is for the person at the keyboard."""

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}\n  fix: {self.fix}" if self.fix else self.message


class UsageError(SoraBatchError):
    """What was asked for cannot be: an unknown shot, an option that does not fit."""

    exit_code = 2


class ProblemsFound(SoraBatchError):
    """The manifest has problems; `problems` holds all of them, sorted by place."""

    exit_code = 2

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = in_order(problems)
        super().__init__("\n\n".join(render(problem) for problem in self.problems))


class BudgetExceeded(SoraBatchError):
    """The plan costs more than the budget leaves."""

    exit_code = 2


class ConsentNeeded(SoraBatchError):
    """The price is not zero and nobody has said yes."""

    exit_code = 2


class RunStopped(SoraBatchError):
    """The run cannot go on: no further submission could succeed."""

    exit_code = 1


class StoreBusy(SoraBatchError):
    """Another process is running this manifest."""

    exit_code = 2


class StoreBroken(SoraBatchError):
    """The store cannot be read: overwritten bytes, or made by a newer version."""

    exit_code = 3


class ChangeRefused(SoraBatchError):
    """The store refused a change of an attempt that could pay twice or lose what was paid for.

    Nothing was written. That it was asked for is a bug, or another process was first.
    """

    exit_code = 3


class OutputUnusable(SoraBatchError):
    """The output folder is a file, read-only or full."""

    exit_code = 2

    @classmethod
    def because(cls, error: OSError, path: Path) -> Self:
        """What the system said of the path, in words a person can act on."""
        said, fix = _DISK_WORDS.get(error.errno or 0, (error.strerror or str(error), ""))
        return cls(f"{path} cannot be written: {said}", fix=fix)


_FREE_SPACE = "free some space, then run again: what is finished is kept"
_LET_WRITE = "allow yourself to write there, or choose another `output`"
_DISK_WORDS = {
    errno.ENOSPC: ("the disk is full", _FREE_SPACE),
    errno.EDQUOT: ("the disk quota is used up", _FREE_SPACE),
    errno.EFBIG: ("the file may not grow any further", "raise the limit (ulimit -f)"),
    errno.EROFS: ("the file system is read-only", "choose another `output` folder"),
    errno.EACCES: ("permission denied", _LET_WRITE),
    errno.EPERM: ("permission denied", _LET_WRITE),
    errno.ENOTDIR: ("a file stands where a folder is needed", "move it away, or change `output`"),
    errno.EEXIST: ("a file stands where a folder is needed", "move it away, or change `output`"),
    errno.EISDIR: ("a folder stands where a file is needed", "move it away"),
    errno.ENAMETOOLONG: ("the name is too long for this disk", "choose a shorter shot id"),
}
