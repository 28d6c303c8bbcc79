"""What became of the cuts, as a person reads it and as a program does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from sora_batch.problems import Problem, render
from sora_batch.shots import Json
from sora_batch.views.paint import PLAIN, Paint
from sora_batch.views.problems import problem_json
from sora_batch.views.text import counted, printable, span, wrapped

_LISTED = 5


class CutReport(Protocol):
    """What is shown of a cut; the api's report is one."""

    @property
    def name(self) -> str:
        """The cut's name."""
        ...

    @property
    def state(self) -> str:
        """`assembled`, `unchanged` or `refused`."""
        ...

    @property
    def path(self) -> Path:
        """Where the film is, or would be."""
        ...

    @property
    def captions(self) -> Path | None:
        """The captions beside it."""
        ...

    @property
    def clips(self) -> int:
        """How many clips it has."""
        ...

    @property
    def facts(self) -> Mapping[str, Json]:
        """What is known of the film."""
        ...

    @property
    def left_out(self) -> Mapping[str, str]:
        """Shots without a clip, and why."""
        ...

    @property
    def problem(self) -> Problem | None:
        """Why it was refused."""
        ...


def cuts_text(reports: Sequence[CutReport], *, width: int, paint: Paint = PLAIN) -> str:
    """A paragraph for each cut."""
    return "\n".join(line for report in reports for line in _lines(report, width, paint))


def cuts_json(reports: Sequence[CutReport]) -> dict[str, Json]:
    """`{"cuts": [{cut, state, file, captions, clips, seconds, ...}]}`."""
    return {"cuts": [_json(report) for report in reports]}


def _lines(report: CutReport, width: int, paint: Paint) -> list[str]:
    if report.problem is not None:
        first, *rest = render(report.problem).splitlines()
        return [paint.bad(first), *rest]
    facts = report.facts
    size = f"{facts.get('width')}x{facts.get('height')} at {_rate(facts)} fps"
    said = [counted(report.clips, "clip"), span(_number(facts.get("seconds"))), size]
    if report.state == "unchanged":
        said.append("nothing has changed since it was made")
    elif facts.get("copied"):
        said.append("pictures not encoded again")
    lines = wrapped(f"{report.name}: {', '.join(said)}", width)
    lines.append(f"  {paint.good(_here(report.path))}")
    if report.captions is not None:
        lines.append(f"  {paint.good(_here(report.captions))}")
    for shot, why in list(report.left_out.items())[:_LISTED]:
        lines += wrapped(paint.wary(f"left out: {shot}, {printable(why)}"), width, indent="  ")
    if len(report.left_out) > _LISTED:
        lines.append(f"  and {len(report.left_out) - _LISTED:,} more left out")
    notes = facts.get("notes")
    for note in notes if isinstance(notes, list) else ():
        lines += wrapped(printable(str(note)), width, indent="  note: ")
    return lines


def _json(report: CutReport) -> Json:
    names = ("seconds", "frames", "width", "height", "fps", "has_audio", "lufs", "copied", "notes")
    return {
        "cut": report.name,
        "state": report.state,
        "file": None if report.problem is not None else str(report.path),
        "captions": None if report.captions is None else str(report.captions),
        "clips": report.clips,
        **{name: report.facts.get(name) for name in names},
        "left_out": [{"shot": shot, "reason": why} for shot, why in report.left_out.items()],
        "problem": None if report.problem is None else problem_json(report.problem),
    }


def _rate(facts: Mapping[str, Json]) -> str:
    return f"{_number(facts.get('fps')):g}"


def _number(value: Json) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _here(path: Path) -> str:
    """As seen from here, where it is below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
