"""Problems and errors, as a person reads them and as a program does.

The keys of the JSON are promised: a change to them is a change to the product.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

from sora_batch.errors import ProblemsFound, SoraBatchError
from sora_batch.problems import Problem, Where, joined, render
from sora_batch.shots import Json
from sora_batch.views.paint import PLAIN, Paint
from sora_batch.views.text import counted

_FIX = "  fix:"
_CARETS = re.compile(r" *\| *\^+")


def problems_text(
    problems: Sequence[Problem],
    *,
    outcome: str = "",
    paint: Paint = PLAIN,
    width: int | None = None,
) -> str:
    """Every problem with its excerpt and fix, then their count; `outcome` ends the last line.

    Sentences are wrapped where there is a `width`.
    """
    shown = [_painted(_fitted(render(problem), width), problem, paint) for problem in problems]
    return "\n\n".join([*shown, _fitted(closing_line(problems, outcome), width)])


def closing_line(problems: Sequence[Problem], outcome: str = "") -> str:
    """`2 problems in manifests/harbour.yaml; nothing was run and nothing was spent`.

    What stands at an option, such as `--profile`, is on the command line.
    """
    places = list(dict.fromkeys(problem.where.file for problem in problems if problem.where.file))
    files = [place for place in places if not place.startswith("--")]
    found = [f"in {_listed(files)}"] if files else []
    if len(files) < len(places):
        found.append("on the command line")
    where = " ".join([counted(len(problems), "problem"), " and ".join(found)]).rstrip()
    return "; ".join(filter(None, [where, outcome]))


def error_text(error: SoraBatchError, *, paint: Paint = PLAIN, width: int | None = None) -> str:
    """What stops a command, in words; for problems in a manifest all of them and their count."""
    if isinstance(error, ProblemsFound):
        outcome = "nothing was run and nothing was spent"
        return problems_text(error.problems, outcome=outcome, paint=paint, width=width)
    lines = [paint.bad(_fitted(error.message, width))]
    if error.fix:
        fix = _fitted(f"{_FIX} {error.fix}", width).removeprefix(_FIX)
        lines.append(f"  {paint.good('fix:')}{fix}")
    return "\n".join(lines)


def error_json(error: SoraBatchError) -> dict[str, Json]:
    """`{"error": {kind, message, fix, problems}, "exit_code"}`; problems is empty for others."""
    found = error.problems if isinstance(error, ProblemsFound) else ()
    message = closing_line(found) if found else error.message
    return failure_json(
        kind=_dashed(type(error).__name__),
        message=message,
        fix=error.fix,
        exit_code=error.exit_code,
        problems=found,
    )


def failure_json(
    *, kind: str, message: str, exit_code: int, fix: str = "", problems: Iterable[Problem] = ()
) -> dict[str, Json]:
    """The one shape in which a command that could not do its work says so with --json."""
    body: dict[str, Json] = {
        "kind": kind,
        "message": message,
        "fix": fix,
        "problems": [problem_json(problem) for problem in problems],
    }
    return {"error": body, "exit_code": exit_code}


def problem_json(problem: Problem) -> Json:
    """One problem: where it is, what it is, what to do; `also` are the other places it is about."""
    return {
        **_place_json(problem.where),
        "code": problem.code,
        "message": problem.message,
        "fix": problem.fix,
        "also": [_place_json(place) for place in problem.also],
    }


def _place_json(where: Where) -> dict[str, Json]:
    return {"file": where.file, "line": where.line or None, "column": where.column or None}


def _fitted(text: str, width: int | None) -> str:
    """The text with its sentences in lines of so many columns; excerpts fit as they are."""
    if width is None:
        return text
    lines: list[str] = []
    for number, line in enumerate(text.split("\n")):
        if number and not line.startswith(_FIX):
            lines.append(line)
            continue
        hanging = " " * (len(_FIX) + 1 if line.startswith(_FIX) else 2)
        lines += textwrap.wrap(
            line,
            width,
            subsequent_indent=hanging,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def _painted(text: str, problem: Problem, paint: Paint) -> str:
    if not paint.on:
        return text
    place = str(problem.where)
    lines = []
    for line in text.split("\n"):
        if _CARETS.fullmatch(line):
            head, carets = line.split("|", 1)
            lines.append(f"{head}|{paint.bad(carets)}")
        elif line.startswith(_FIX):
            lines.append(f"  {paint.good('fix:')}{line.removeprefix(_FIX)}")
        else:
            lines.append(line)
    if lines[0].startswith(place):
        lines[0] = paint.strong(place) + lines[0].removeprefix(place)
    return "\n".join(lines)


def _listed(files: Sequence[str]) -> str:
    return joined(files, "and") if len(files) < 3 else f"{len(files)} files"


def _dashed(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
