"""Why one shot would, or would not, be made again: every input, old and new, with its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sora_batch.errors import ProblemsFound
from sora_batch.planning.absent import no_shot
from sora_batch.planning.changes import FIELDS, WORDS, changed_inputs
from sora_batch.planning.plan import Plan, Step
from sora_batch.problems import Where
from sora_batch.records import Attempt, Clip, History
from sora_batch.shots import FrameReference, Json, Shot, ShotId


@dataclass(frozen=True, slots=True)
class InputChange:
    """One input of the fingerprint: its name and what people call it, now and then.

    `before` is None where it was not there or where there is nothing to compare with. `where` is
    the place in the manifest. `parent` is the shot whose clip goes into it, if one does.
    """

    name: str
    words: str
    now: Json
    before: Json
    changed: bool
    where: Where
    parent: ShotId | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is done with a shot and why.

    `compared` says what `before` is taken from: its latest `clip`, else its latest `attempt`, else
    nothing (""). `clip` is that clip, `attempts` what is known of its unfinished and failed tries.
    """

    step: Step
    compared: Literal["clip", "attempt", ""]
    since: datetime | None
    inputs: tuple[InputChange, ...]
    clip: Clip | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def changed(self) -> tuple[InputChange, ...]:
        """The inputs that differ from what it is compared with."""
        return tuple(one for one in self.inputs if one.changed)


def explain_shot(plan: Plan, history: History, shot_id: str) -> Explanation:
    """The explanation of one shot of a plan.

    Raises UsageError for a shot the plan has not, ProblemsFound where it has no steps for problems.
    """
    if plan.problems and not plan.steps:
        raise ProblemsFound(plan.problems)
    step = next((step for step in plan.steps if step.shot.id == shot_id), None)
    if step is None:
        ids = [step.shot.id for step in plan.steps]
        raise no_shot(shot_id, ids, plan.manifest.disabled)
    clip = step.clip or history.latest.get(step.shot.id)
    attempts = _attempts(step, history)
    if clip is not None:
        return Explanation(
            step, "clip", clip.made_at, _inputs(step, clip), clip=clip, attempts=attempts
        )
    last = max(attempts, key=lambda attempt: attempt.created_at, default=None)
    if last is None:
        return Explanation(step, "", None, _inputs(step, None))
    return Explanation(step, "attempt", last.created_at, _inputs(step, last), attempts=attempts)


def _attempts(step: Step, history: History) -> tuple[Attempt, ...]:
    """The open and the failed tries at this shot or at a clip of the same inputs."""
    failed = (attempt for tries in history.failed.values() for attempt in tries)
    mine = [
        attempt
        for attempt in (*history.open, *failed)
        if attempt.shot_id == step.shot.id or attempt.fingerprint == step.fingerprint
    ]
    return tuple(sorted(mine, key=lambda attempt: attempt.created_at))


def _inputs(step: Step, earlier: Clip | Attempt | None) -> tuple[InputChange, ...]:
    before = earlier.inputs if earlier is not None else {}
    changed = set(changed_inputs(step.inputs, before)) if earlier is not None else set()
    names = dict.fromkeys([*step.inputs, *before])
    return tuple(
        InputChange(
            name=name,
            words=WORDS.get(name, name),
            now=step.inputs.get(name),
            before=before.get(name),
            changed=name in changed,
            where=step.shot.place(FIELDS.get(name, name)),
            parent=_parent(step.shot, name),
        )
        for name in names
    )


def _parent(shot: Shot, name: str) -> ShotId | None:
    if name == "reference" and isinstance(shot.reference, FrameReference):
        return shot.reference.shot
    if shot.source is not None and name == f"{shot.source.kind}_of":
        return shot.source.shot
    return None
