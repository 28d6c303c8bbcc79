"""What a run came to, in the lines that close it, and what to type next."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Sequence

from sora_batch.events import RunFinished
from sora_batch.planning.plan import Action, Plan, Step
from sora_batch.problems import joined
from sora_batch.records import ZERO, Failure, FailureKind
from sora_batch.shots import ShotId
from sora_batch.views.paint import PLAIN, Paint
from sora_batch.views.status import ledger_lines
from sora_batch.views.text import counted, dollars, printable, shown_path, span, wrapped
from sora_batch.views.tracking import Tally, why

_MOST_SHOTS = 12
_MOST_NAMES = 4
_ONCE_MENDED = ", once that is mended"


def summary_text(
    plan: Plan, tally: Tally, finished: RunFinished, *, width: int, paint: Paint = PLAIN
) -> str:
    """What was made, reused and not made and why; where the clips are; the ledger; what next."""
    lines = [_headline(plan, finished, paint)]
    if finished.stopped:
        lines += wrapped(printable(finished.stopped, 600), width, indent="stopped  ")
    lines += _shots("failed", _failed(tally), width, paint.bad)
    lines += _shots("on hold", _held(tally), width, paint.wary)
    lines += _shots("blocked", _blocked(tally), width, paint.wary)
    lines += _shots("in flight", _in_flight(tally), width, paint.busy)
    lines += _shots("not as ordered", _differing(tally), width, paint.wary)
    if finished.done or finished.reused:
        lines += ["", f"clips  {shown_path(plan.manifest.output)}/ ({_whence(finished)})"]
    if any((finished.ledger.committed, finished.ledger.released, plan.manifest.budget)):
        lines += ["", *ledger_lines(finished.ledger, plan.manifest.budget)]
    lines += _next_lines(plan, tally, finished, width)
    return "\n".join(lines)


def plan_line(plan: Plan) -> str:
    """What a run is about to do, and for how much, in one line."""
    counts = Counter(step.action for step in plan.steps)
    names = (
        (Action.MAKE, "to make"),
        (Action.RESUME, "to pick up"),
        (Action.REUSE, "to reuse"),
        (Action.HOLD, "on hold"),
        (Action.BLOCKED, "blocked"),
    )
    words = [f"{counts[action]:,} {word}" for action, word in names if counts[action]]
    where = f"{plan.manifest.name} on {plan.manifest.provider.name}"
    expected_s = plan.expected_s or 0.0
    takes = f", in about {span(expected_s)}" if expected_s >= 5 else ""
    return f"{where}: {', '.join(words) or 'no shots'}{price_words(plan)}{takes}"


def price_words(plan: Plan) -> str:
    """`, about $36.80`, and what of it is not known; empty where nothing is made."""
    if not any(step.action is Action.MAKE for step in plan.steps):
        return ""
    if plan.unpriced:
        shots = counted(len(plan.unpriced), "shot")
        if not plan.estimate_usd:
            return f", a price that is not known ({shots})"
        return f", about {dollars(plan.estimate_usd)} and {shots} whose price is not known"
    return f", about {dollars(plan.estimate_usd)}" if plan.estimate_usd else ", free"


def _headline(plan: Plan, finished: RunFinished, paint: Paint) -> str:
    groups = (
        (finished.done, "made"),
        (finished.reused, "reused"),
        (finished.failed, "failed"),
        (finished.held, "on hold"),
        (finished.blocked, "blocked"),
        (finished.in_flight, "in flight"),
    )
    words = ", ".join(f"{number:,} {word}" for number, word in groups if number)
    ended = "; interrupted after" if finished.interrupted else " in"
    name = paint.strong(plan.manifest.name)
    nothing = "nothing made" if finished.interrupted or finished.stopped else "nothing to do"
    return f"{name}: {words or nothing}{ended} {span(finished.wall_s)}"


def _whence(finished: RunFinished) -> str:
    """How many clips there are, and which of them are this run's."""
    clips = counted(finished.done + finished.reused, "clip")
    if not finished.done:
        return f"{clips}, there already"
    return f"{clips}, {finished.done:,} of this run" if finished.reused else f"{clips} of this run"


def _shots(
    heading: str, shots: Sequence[tuple[ShotId, str]], width: int, mark: Callable[[str], str]
) -> list[str]:
    if not shots:
        return []
    lines, alike = ["", mark(heading)], _alike(shots)
    for shot_ids, words in alike[:_MOST_SHOTS]:
        names = _names(shot_ids)
        lines += wrapped(f"{names}: {words}" if words else names, width, indent="  ")
    more = sum(len(shot_ids) for shot_ids, _ in alike[_MOST_SHOTS:])
    return [*lines, f"  and {more:,} more"] if more > 0 else lines


def _alike(shots: Sequence[tuple[ShotId, str]]) -> list[tuple[list[ShotId], str]]:
    """The shots by what is said of them: a server that refuses all says so once."""
    said: dict[str, list[ShotId]] = {}
    for shot_id, words in shots:
        said.setdefault(words or shot_id, []).append(shot_id)
    return [(ids, "" if words == ids[0] else words) for words, ids in said.items()]


def _names(ids: Sequence[ShotId]) -> str:
    if len(ids) <= _MOST_NAMES:
        return joined(ids, "and")
    return f"{', '.join(ids[: _MOST_NAMES - 1])} and {len(ids) - _MOST_NAMES + 1:,} more"


def _failed(tally: Tally) -> list[tuple[ShotId, str]]:
    return [(shot, why(event.failure)) for shot, event in tally.failed.items()]


def _held(tally: Tally) -> list[tuple[ShotId, str]]:
    return [(shot, printable(event.note)) for shot, event in tally.held.items()]


def _blocked(tally: Tally) -> list[tuple[ShotId, str]]:
    return [(shot, printable(event.reason)) for shot, event in tally.blocked.items()]


def _in_flight(tally: Tally) -> list[tuple[ShotId, str]]:
    return [(shot, f"job {printable(one.job_id, 80)}") for shot, one in tally.rendering.items()]


def _differing(tally: Tally) -> list[tuple[ShotId, str]]:
    clips = tally.made.items()
    return [(shot, printable(clip.differs)) for shot, clip in clips if clip.differs]


def _next_lines(plan: Plan, tally: Tally, finished: RunFinished, width: int) -> list[str]:
    """What to type, each command on a line of its own, and under it what it is good for."""
    file = shlex.quote(shown_path(plan.manifest.file))
    lines: list[str] = []
    for command, purpose in _next(plan, tally, finished):
        lines.append(f"{'       ' if lines else 'next   '}sora-batch {command} {file}")
        lines += wrapped(purpose, width, indent="         ")
    return ["", *lines] if lines else []


def _next(plan: Plan, tally: Tally, finished: RunFinished) -> list[tuple[str, str]]:
    mend, mended = _mend(plan, tally, finished.stopped_by)
    steps = [("doctor", mend)] if mend else []
    if finished.in_flight:
        many = finished.in_flight > 1
        them, are = ("them", "shots are") if many else ("it", "shot is")
        rendering = f"{counted(finished.in_flight, are, are)} still on the server"
        steps.append(("run", f"{rendering}; it picks {them} up and pays nothing again"))
    elif finished.interrupted or finished.stopped:
        steps.append(("run", f"goes on where this run stopped{mended}"))
    if finished.failed or any(map(_failed_before, plan.steps)):
        steps.append(("retry", "tries again what has failed"))
    if finished.held:
        steps.append(("resolve", "asks the server what became of the shots on hold"))
    if not steps and plan.selection:
        steps.append(("run", "makes the shots that were not selected, too"))
    return steps


def _mend(plan: Plan, tally: Tally, failure: Failure | None) -> tuple[str, str]:
    """What `doctor` is good for now, "" if nothing; and on what condition a run goes on."""
    if failure is None:
        return ("says whether the server can be reached" if _unreachable(tally) else ""), ""
    if failure.stage == "target":
        name = printable(plan.manifest.provider.name, 80)
        mend = f"mend `models` or `base_url` of `{name}` in the manifest"
        return f"says what the server has; {mend}", _ONCE_MENDED
    if failure.kind is FailureKind.UNAUTHORISED:
        return "says whether the key is good; mend it first", _ONCE_MENDED
    return "", ", once the account has credit"


def _unreachable(tally: Tally) -> bool:
    """Whether all came to nothing because no order reached the server."""
    failed = [(one.failure.kind, one.spent_usd) for one in tally.failed.values()]
    return bool(failed) and not tally.made and set(failed) == {(FailureKind.TRANSIENT, ZERO)}


def _failed_before(step: Step) -> bool:
    """Whether a failure of an earlier run, and nothing else, keeps the shot from being made."""
    return step.action is Action.BLOCKED and step.attempt is not None
