"""Decides what is done with each shot, from what is known of the past; one sentence why.

Shots are taken in an order in which every shot follows what it needs, because what becomes of a
shot depends on what becomes of those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sora_batch.planning.capabilities import Capabilities, Listing
from sora_batch.planning.changes import change_words
from sora_batch.planning.graph import Graph
from sora_batch.planning.plan import Action
from sora_batch.planning.retry import counts_as_try, decide
from sora_batch.records import Attempt, AttemptState, Clip, History
from sora_batch.shots import (
    Fingerprint,
    FrameReference,
    ImageReference,
    Json,
    Shot,
    ShotId,
    Target,
    fingerprint_of,
    inputs_of,
)

# Of several open attempts at the same clip, the one that is nearest to it.
_NEAREST = (
    AttemptState.RENDERED,
    AttemptState.SUBMITTED,
    AttemptState.SUBMITTING,
    AttemptState.HELD,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is done with a shot. `twin` is the number of the shot with the same inputs that comes
    first, where this one waits for that one's clip."""

    action: Action
    reason: str
    attempt: Attempt | None = None
    clip: Clip | None = None
    number: int = 1
    twin: int | None = None


_FIRST_CLIP = Verdict(Action.MAKE, "no clip yet")


class Judge:
    """Goes through the shots of a manifest once and keeps what it found by their numbers."""

    def __init__(
        self,
        shots: Sequence[Shot],
        graph: Graph,
        history: History,
        *,
        capabilities: Capabilities,
        pictures: Mapping[str, str],
        attempts_limit: int,
    ) -> None:
        self.shots = shots
        self.graph = graph
        self.history = history
        self.capabilities = capabilities
        self.pictures = pictures
        self.attempts_limit = attempts_limit
        self.inputs: list[dict[str, Json]] = [{} for _ in shots]
        self.fingerprints: list[Fingerprint] = [Fingerprint("")] * len(shots)
        self.verdicts: list[Verdict] = [_FIRST_CLIP] * len(shots)
        self.awaits: list[ShotId | None] = [None] * len(shots)
        self._first: dict[Fingerprint, int] = {}
        self._index = {shot.id: number for number, shot in enumerate(shots)}
        self._open = _nearest_by_fingerprint(history.open)

    def judge(self, targets: Sequence[Target]) -> None:
        """Fills in inputs, fingerprints and verdicts; `targets` by the shots' numbers."""
        for number in self.graph.order:
            shot = self.shots[number]
            inputs = self._inputs(shot, targets[number])
            self.awaits[number] = self._awaited(shot)
            fingerprint = fingerprint_of(inputs)
            self.inputs[number] = inputs
            self.fingerprints[number] = fingerprint
            self.verdicts[number] = self._verdict(number, shot, inputs, fingerprint)

    def salvage(self) -> tuple[Attempt, ...]:
        """The open attempts that no shot of the manifest stands for."""
        stood_for = {v.attempt.id for v in self.verdicts if v.attempt is not None}
        return tuple(a for a in self.history.open if a.id not in stood_for)

    def frame_clip(self, shot: Shot) -> Clip | None:
        """The clip that the shot's first frame is taken from, where it is there already."""
        if not isinstance(shot.reference, FrameReference):
            return None
        parent = self._index.get(shot.reference.shot)
        return None if parent is None else self.verdicts[parent].clip

    def _awaited(self, shot: Shot) -> ShotId | None:
        """A shot whose clip has to be there before this one's fingerprint is known."""
        if isinstance(shot.reference, FrameReference) and self.frame_clip(shot) is None:
            return shot.reference.shot
        source = shot.source.shot if shot.source is not None else None
        return self.awaits[self._index[source]] if source in self._index else None

    def _inputs(self, shot: Shot, target: Target) -> dict[str, Json]:
        picture = None
        parents = None
        frames = None
        if isinstance(shot.reference, ImageReference):
            picture = self.pictures.get(shot.reference.image)
        if isinstance(shot.reference, FrameReference):
            clip = self.frame_clip(shot)
            frames = {shot.reference.shot: clip.sha256} if clip is not None else None
        if shot.source is not None or isinstance(shot.reference, FrameReference):
            parents = {
                needed: self.fingerprints[self._index[needed]]
                for needed in shot.needed
                if needed in self._index
            }
        return inputs_of(shot, target, picture_sha256=picture, parents=parents, frames=frames)

    def _verdict(
        self, number: int, shot: Shot, inputs: Mapping[str, Json], fingerprint: Fingerprint
    ) -> Verdict:
        clip = self.history.clips.get(fingerprint)
        if clip is not None:
            return Verdict(Action.REUSE, self._reuse_reason(clip, shot.id), clip=clip)
        first = self._first.get(fingerprint)
        if first is not None:
            return self._twin(first)
        verdict = self._own(number, shot, inputs, fingerprint)
        if verdict.action is not Action.BLOCKED:
            # One that is blocked may be so by its own needs, which are not among the inputs.
            self._first[fingerprint] = number
        return verdict

    def _own(
        self, number: int, shot: Shot, inputs: Mapping[str, Json], fingerprint: Fingerprint
    ) -> Verdict:
        attempt = self._open.get(fingerprint)
        if attempt is not None:
            return self._continued(attempt, shot.id)
        return (
            self._blocked_by_need(number)
            or self._after_failures(fingerprint)
            or self._make(shot.id, inputs, fingerprint)
        )

    def _reuse_reason(self, clip: Clip, shot_id: ShotId) -> str:
        latest = self.history.latest.get(shot_id)
        has_it = latest is not None and latest.fingerprint == clip.fingerprint
        if clip.shot_id != shot_id and not has_it:
            return f"`{clip.shot_id}` has a clip with the same inputs"
        kept = {"accepted": "accepted as it is", "adopted": "adopted from the server"}
        return kept.get(clip.origin, "nothing changed")

    def _twin(self, first: int) -> Verdict:
        name = self.shots[first].id
        if self.verdicts[first].action is Action.HOLD:
            return Verdict(Action.BLOCKED, f"same inputs as `{name}`, which is on hold")
        return Verdict(Action.REUSE, f"same inputs as `{name}`: one render for both", twin=first)

    def _continued(self, attempt: Attempt, shot_id: ShotId) -> Verdict:
        whose = f" (begun as `{attempt.shot_id}`)" if attempt.shot_id != shot_id else ""
        if attempt.state is AttemptState.RENDERED:
            reason = f"rendered and not downloaded yet{whose}"
            return Verdict(Action.RESUME, reason, attempt=attempt, number=attempt.number)
        if attempt.state is AttemptState.SUBMITTED:
            since = attempt.submitted_at or attempt.created_at
            reason = f"rendering since {since:%Y-%m-%d %H:%M} UTC{whose}"
            return Verdict(Action.RESUME, reason, attempt=attempt, number=attempt.number)
        if attempt.job_id is None and self.capabilities.listing is Listing.PROMPTS:
            reason = f"the order's answer was lost; a run looks for its job first{whose}"
            return Verdict(Action.RESUME, reason, attempt=attempt, number=attempt.number)
        if attempt.job_id is not None:
            why = attempt.note or "it was not finished in time"
            reason = f"{why}; a run asks about it once more{whose}"
            return Verdict(Action.RESUME, reason, attempt=attempt, number=attempt.number)
        reason = self._hold_reason(attempt) + whose
        return Verdict(Action.HOLD, reason, attempt=attempt, number=attempt.number)

    def _hold_reason(self, attempt: Attempt) -> str:
        what = attempt.note or "it may have been paid for"
        if attempt.state is AttemptState.SUBMITTING:
            what = "it may have been ordered: the answer was lost"
        return f"{what}; `sora-batch resolve` shows what to do"

    def _blocked_by_need(self, number: int) -> Verdict | None:
        for needed in self.graph.needs.get(number, ()):
            action = self.verdicts[needed].action
            if action in {Action.HOLD, Action.BLOCKED}:
                reason = f"needs `{self.shots[needed].id}`, {_STATE_WORDS[action]}"
                return Verdict(Action.BLOCKED, reason)
        source = self.shots[number].source
        if source is None or source.shot is None or source.shot not in self._index:
            return None
        clip = self.verdicts[self._index[source.shot]].clip
        if clip is None or clip.job_id is not None:
            return None
        return Verdict(
            Action.BLOCKED, f"the clip of `{source.shot}` has no job on a server to {source.kind}"
        )

    def _after_failures(self, fingerprint: Fingerprint) -> Verdict | None:
        failed = [a for a in self.history.failed.get(fingerprint, ()) if counts_as_try(a)]
        failure = failed[-1].failure if failed else None
        if failure is None:
            return None
        tries = len(failed)
        decision = decide(
            failure.kind,
            number=tries,
            limit=self.attempts_limit,
            stage=failure.stage,
            accepted=failed[-1].job_id is not None,
            self_hosted=self.capabilities.self_hosted,
        )
        if decision.again:
            reason = f"try {tries + 1}, after: {failure.message}"
            return Verdict(Action.MAKE, reason, number=tries + 1)
        return Verdict(
            Action.BLOCKED,
            f"failed before: {failure.message}; change the shot or `sora-batch retry`",
            attempt=failed[-1],
        )

    def _make(
        self, shot_id: ShotId, inputs: Mapping[str, Json], fingerprint: Fingerprint
    ) -> Verdict:
        latest = self.history.latest.get(shot_id)
        if latest is None:
            return _FIRST_CLIP
        if latest.fingerprint == fingerprint:
            return Verdict(Action.MAKE, "its clip is missing or is not the file that was kept")
        words = change_words(inputs, latest.inputs)
        if not words:
            return Verdict(Action.MAKE, "the clip there was made by another version's recipe")
        return Verdict(Action.MAKE, f"{words} changed since the last clip")


_STATE_WORDS = {Action.HOLD: "which is on hold", Action.BLOCKED: "which cannot be made"}


def _nearest_by_fingerprint(attempts: Sequence[Attempt]) -> dict[Fingerprint, Attempt]:
    ranked = sorted(attempts, key=lambda a: _NEAREST.index(a.state), reverse=True)
    return {attempt.fingerprint: attempt for attempt in ranked}
