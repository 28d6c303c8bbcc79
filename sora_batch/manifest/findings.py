"""Collects what goes wrong while shots are expanded, so that one cause is one problem.

A template that fails for a hundred thousand rows is one mistake in one place. Problems with the
same code at the same place are told once, with the first shots they befall and a count.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sora_batch.problems import Problem, Where

_NAMED = 3


@dataclass(slots=True)
class _Finding:
    message: str
    fix: str
    also: list[Where] = field(default_factory=list)
    shots: list[str] = field(default_factory=list)
    count: int = 0


class Findings:
    """The problems of one expansion."""

    def __init__(self) -> None:
        self._single: list[Problem] = []
        self._shared: dict[tuple[str, Where], _Finding] = {}

    def add(
        self, message: str, where: Where, code: str, fix: str = "", also: tuple[Where, ...] = ()
    ) -> None:
        """A problem that is there once."""
        self._single.append(Problem(message, where, code, fix, also))

    def extend(self, problems: list[Problem]) -> None:
        """Problems that others have found."""
        self._single.extend(problems)

    def befall(
        self,
        shot: str,
        message: str,
        where: Where,
        code: str,
        fix: str = "",
        *,
        also: tuple[Where | None, ...] = (),
    ) -> None:
        """A problem that this shot (or row) has, and others may have as well.

        `also` are places that belong to this shot alone, such as its row.
        """
        found = self._shared.get((code, where))
        if found is None:
            found = self._shared[code, where] = _Finding(message, fix)
        found.count += 1
        if len(found.shots) < _NAMED and shot not in found.shots:
            found.shots.append(shot)
            found.also += [place for place in also if place is not None]

    def problems(self) -> list[Problem]:
        """All of them, each once, in the order they were found."""
        shared = [
            Problem(item.message + _suffered(item), where, code, item.fix, tuple(item.also))
            for (code, where), item in self._shared.items()
        ]
        return list(dict.fromkeys((*self._single, *shared)))


def _suffered(item: _Finding) -> str:
    """Whom it befalls, where that is not plain from the place."""
    shots = [f"`{shot}`" for shot in item.shots if shot]
    if not shots:
        return ""
    rest = item.count - len(shots)
    if rest > 0:
        return f" (in {', '.join(shots)} and {rest:,} more)"
    listed = shots[0] if len(shots) == 1 else f"{', '.join(shots[:-1])} and {shots[-1]}"
    return f" (in {listed})"
