"""What servers said of jobs and of themselves, as text and as JSON: `resolve`, `cancel`, `jobs`,
`doctor`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sora_batch.records import Attempt, Ledger
from sora_batch.running.orphans import ORPHANS_MAY_BE
from sora_batch.shots import JobId, Json, ShotId
from sora_batch.views.facts import as_json
from sora_batch.views.paint import PLAIN, Paint
from sora_batch.views.text import cells, dollars, money_text, printable, table, wrapped


class Job(Protocol):
    """One job as a server shows it."""

    @property
    def id(self) -> JobId:
        """The server's name for it."""
        ...

    @property
    def raw_status(self) -> str:
        """The server's own word."""
        ...

    @property
    def created_at(self) -> datetime | None:
        """When it was accepted, by the server's clock."""
        ...

    @property
    def model(self) -> str | None:
        """As the server shows it."""
        ...

    @property
    def size(self) -> str | None:
        """As the server shows it."""
        ...

    @property
    def seconds(self) -> str | None:
        """As the server shows it."""
        ...

    @property
    def prompt(self) -> str | None:
        """As the server shows it."""
        ...


class Fate(Protocol):
    """What became of one attempt that somebody asked about."""

    @property
    def shot_id(self) -> ShotId:
        """Whose it is."""
        ...

    @property
    def attempt(self) -> Attempt:
        """As the store has it by now."""
        ...

    @property
    def became(self) -> str:
        """In a word."""
        ...

    @property
    def words(self) -> str:
        """In a sentence."""
        ...


class Listed(Protocol):
    """One job of a list, and whose it is."""

    @property
    def job(self) -> Job:
        """What the server shows."""
        ...

    @property
    def whose(self) -> str:
        """`shot`, `orphan` or `other`."""
        ...

    @property
    def shots(self) -> tuple[ShotId, ...]:
        """The shot that has it, or those it may be for."""
        ...


class Looked(Protocol):
    """One thing that was looked at."""

    @property
    def name(self) -> str:
        """What it is."""
        ...

    @property
    def ok(self) -> bool | None:
        """Whether it is well; None where that is not the question."""
        ...

    @property
    def words(self) -> str:
        """What was found."""
        ...

    @property
    def fix(self) -> str:
        """What to do about it, "" where nothing is to be done."""
        ...


def fates_text(fates: Iterable[Fate], ledger: Ledger, *, width: int, paint: Paint = PLAIN) -> str:
    """A line for each attempt, then what stays committed."""
    lines: list[str] = []
    for fate in fates:
        price = f", {dollars(fate.attempt.price_usd)} {fate.attempt.money}"
        words = printable(fate.words, 600) + (price if fate.attempt.price_usd else "")
        first, *rest = wrapped(f"{fate.shot_id}: {fate.became}, {words}", max(20, width - 2))
        lines.append(first.replace(f": {fate.became},", f": {_marked(fate.became, paint)},", 1))
        lines += [f"  {line}" for line in rest]
    if ledger.committed:
        columns = [
            (name, dollars(getattr(ledger, name)))
            for name in ("spent", "reserved", "held", "uncertain", "released")
        ]
        lines += ["", *table(list(zip(*columns, strict=True)), right=frozenset(range(5)))]
    return "\n".join(lines)


def candidates_text(
    shots: Sequence[ShotId], jobs: Sequence[Job], manifest: Path, *, width: int
) -> str:
    """The jobs that the order of these shots may have become, and what to type about it."""
    file, shot = shlex.quote(str(manifest)), shlex.quote(shots[0]) if len(shots) == 1 else "SHOT"
    if jobs:
        rows = table([("  job", "created", "status", "model", "size", "s"), *map(_row, jobs)])
        lines = [f"{shots[0]} may be one of these:", *(row[: max(width, 20)] for row in rows)]
    else:
        where = "look for the job where you see the account, or in the server's log:"
        lines = wrapped(f"{', '.join(shots)}: {where}", width)
    for command, purpose in (
        (f"jobs adopt {file} JOB --as {shot}", "it is there: the next run fetches its clip"),
        (
            f"resolve {file} --pay-again {shot}",
            "it is not, or you take the risk: the next run orders it anew",
        ),
    ):
        lines += [f"  sora-batch {command}", *wrapped(purpose, width, indent="    ")]
    return "\n".join(lines)


def fate_json(fate: Fate, candidates: Iterable[Job] = ()) -> dict[str, Json]:
    """`shot`, `became`, `words`, `job`, `state`, `money`, `price_usd`, `candidates`."""
    attempt = fate.attempt
    return {
        "shot": fate.shot_id,
        "became": fate.became.replace(" ", "_"),
        "words": fate.words,
        "attempt": attempt.number,
        "job": attempt.job_id,
        "state": attempt.state.value,
        "money": attempt.money.value,
        "price_usd": money_text(attempt.price_usd),
        "candidates": [job_json(job) for job in candidates],
    }


def jobs_text(listed: Sequence[Listed], *, width: int | None) -> str:
    """A table: job, when, status, whose, what; two lines a job where `width` is too narrow. Then
    what an orphan may be, where there is one."""
    if not listed:
        return "no jobs on the server"
    rows = [("job", "created", "status", "whose", "model", "size", "s", "prompt")]
    for one in listed:
        job, created, status, model, size, seconds = _row(one.job)
        whose = one.shots[0] if one.whose == "shot" else _whose(one)
        prompt = printable(one.job.prompt or "", 60)
        rows.append((job.strip(), created, status, whose, model, size, seconds, prompt))
    said = ["", *wrapped(ORPHANS_MAY_BE, width or 80)]
    return "\n".join(_listed(rows, width) + said * any(one.whose == "orphan" for one in listed))


def _listed(rows: Sequence[tuple[str, ...]], width: int | None) -> list[str]:
    wide = table(rows)
    if width is None or max(map(cells, wide)) <= width:
        return wide
    upper = table([row[:3] for row in rows], width=width)
    lower = table([(row[3], row[7], *row[4:7]) for row in rows], width=width, indent="  ")
    return [line for both in zip(upper, lower, strict=True) for line in both]


def listed_json(one: Listed) -> dict[str, Json]:
    """A job with `whose` and `shots`."""
    return {**job_json(one.job), "whose": one.whose, "shots": list(one.shots)}


def job_json(job: Job) -> dict[str, Json]:
    """`job`, `status`, `created_at`, `model`, `size`, `seconds`, `prompt`."""
    return {
        "job": job.id,
        "status": job.raw_status,
        "created_at": as_json(job.created_at),
        "model": job.model,
        "size": job.size,
        "seconds": job.seconds,
        "prompt": job.prompt,
    }


def checks_text(checks: Sequence[Looked], *, width: int, paint: Paint = PLAIN) -> str:
    """A line for each thing looked at, and what to do where something is wrong."""
    longest = max((len(check.name) for check in checks), default=0)
    lines: list[str] = []
    for check in checks:
        mark = {True: "ok ", False: "no ", None: "   "}[check.ok]
        indent = f"{mark} {check.name:<{longest}}  "
        first, *rest = wrapped(printable(check.words, 600), width, indent=indent)
        shown = paint.good(mark) if check.ok else paint.bad(mark) if check.ok is False else mark
        lines += [shown + first[len(mark) :], *rest]
        if check.fix:
            lines += wrapped(check.fix, width, indent=" " * (longest + 6) + "fix: ")
    return "\n".join(lines)


def check_json(check: Looked) -> dict[str, Json]:
    """`name`, `ok`, `words`, `fix`."""
    return {"name": check.name, "ok": check.ok, "words": check.words, "fix": check.fix}


def _row(job: Job) -> tuple[str, str, str, str, str, str]:
    created = f"{job.created_at:%Y-%m-%d %H:%M:%S}" if job.created_at is not None else "?"
    return (
        f"  {printable(job.id, 200)}",
        created,
        printable(job.raw_status, 20),
        printable(job.model or "?", 40),
        printable(job.size or "?", 12),
        printable(job.seconds or "?", 8),
    )


def _whose(one: Listed) -> str:
    if one.whose != "orphan":
        return "-"
    return f"orphan, like {one.shots[0]}" if one.shots else "orphan"


def _marked(became: str, paint: Paint) -> str:
    if became in {"found", "rendered", "cancelled"}:
        return paint.good(became)
    if became in {"on hold", "goes on", "unknown"}:
        return paint.wary(became)
    return became
