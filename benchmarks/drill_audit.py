"""Holds the campaigns of a drill against what their server really did.

duplicates   jobs that no attempt knows and nothing is on hold for; attempts at a shot whose earlier
             one was billed, where neither the policy nor a person allowed another
lost         clips that were paid for and not kept, files that are not what was kept, shots that are
             neither done, failed, blocked nor on hold
forgotten    jobs that a self-hosted server no longer knew when it was killed, before they were kept
free         what it had rendered of those, or denied as expired: nobody is billed for it, and it is
             made again
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal

from benchmarks.drill_truth import Campaign, Job, Truth
from sora_batch.durable import sha256_of
from sora_batch.outputs import Outputs
from sora_batch.records import ZERO, Attempt, AttemptState, Clip, FailureKind, Ledger, Money
from sora_batch.store import read_store

_DOUBTFUL = {Money.HELD, Money.UNCERTAIN, Money.RESERVED}


@dataclass(slots=True)
class Tally:
    """What happened, in numbers; `words` say what should not have."""

    shots: int = 0
    done: int = 0
    failed: int = 0
    blocked: int = 0
    unaffordable: int = 0
    held: int = 0
    endless: int = 0
    doubtful_holds: int = 0
    given_up: int = 0
    accepted: int = 0
    forgotten: int = 0
    expired: int = 0
    clips: int = 0
    duplicates: int = 0
    lost: int = 0
    temporary: int = 0
    most_at_once: int = 0
    bill: Decimal = ZERO
    free: Decimal = ZERO
    spent: Decimal = ZERO
    doubtful: Decimal = ZERO
    billed_in_doubt: Decimal = ZERO
    faults: Counter[str] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Adds another campaign's."""
        most = max(self.most_at_once, other.most_at_once)
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))
        self.most_at_once = most

    def text(self) -> str:
        """All of it, in a few lines."""
        return (
            f"  {self.shots} shots: {self.done} done, {self.failed} failed, {self.blocked} blocked,"
            f" {self.unaffordable} over the budget, {self.held} on hold ({self.endless} without"
            f" end); {self.given_up} given up by a person\n"
            f"  {self.accepted} jobs accepted, at most {self.most_at_once} at once in a campaign;"
            f" {self.forgotten} forgotten, {self.expired} expired\n"
            f"  duplicates {self.duplicates}, lost {self.lost}, in doubt at the end"
            f" {self.doubtful_holds}; {self.clips} clips read and whole,"
            f" {self.temporary} files left half-written\n"
            f"  bill ${self.bill} = spent ${self.spent} + free ${self.free} + in doubt"
            f" ${self.billed_in_doubt} (of ${self.doubtful} held or uncertain)"
        )


def audit(campaign: Campaign, truth: Truth) -> Tally:
    """What became of a campaign's shots, held against what the server says it did."""
    tally = Tally(shots=campaign.shots, words=[f"{campaign.name}: {w}" for w in campaign.words])
    reader = read_store(campaign.folder)
    if reader is None:
        tally.lost += campaign.shots
        tally.words.append(f"{campaign.name} has no store")
        return tally
    try:
        attempts, clips, ledger = reader.attempts(), reader.clips(), reader.ledger()
    finally:
        reader.close()
    one = _Audit(campaign, truth, tally, attempts)
    one.stand()
    one.read_clips(clips)
    one.hold_jobs_against()
    one.add_up(ledger)
    one.count_at_once()
    one.look_for_leftovers()
    return tally


@dataclass(slots=True)
class _Audit:
    campaign: Campaign
    truth: Truth
    tally: Tally
    attempts: Sequence[Attempt]

    @property
    def jobs(self) -> list[Job]:
        return [job for job in self.truth.jobs if job.prompt.startswith(f"{self.campaign.name} ")]

    def say(self, words: str) -> None:
        self.tally.words.append(f"{self.campaign.name}: {words}")

    def lose(self, words: str) -> None:
        self.tally.lost += 1
        self.say(words)

    def stand(self) -> None:
        """Every shot stands somewhere, and whatever is in doubt is named."""
        states = Counter(one["state"] for one in self.campaign.standing)
        self.tally.done, self.tally.failed = states.pop("done", 0), states.pop("failed", 0)
        self.tally.blocked, self.tally.held = states.pop("blocked", 0), states.pop("on_hold", 0)
        if self.campaign.is_tight:
            self.tally.unaffordable = states.pop("unaffordable", 0)
        if states.total() or len(self.campaign.standing) != self.campaign.shots:
            self.tally.lost += max(1, states.total())
            self.say(f"shots that are nowhere: {dict(states)}")
        named = {
            one["shot"]
            for one in self.campaign.standing
            if one["state"] == "on_hold" and one["reason"]
        }
        for attempt in self.attempts:
            if is_in_doubt(attempt) and attempt.shot_id not in named:
                self.lose(f"{attempt.shot_id} is in doubt and is not named")
            elif not attempt.state.final and not is_in_doubt(attempt):
                self.lose(f"{attempt.shot_id} is {attempt.state} for ever")

    def read_clips(self, clips: Sequence[Clip]) -> None:
        """Every clip's bytes are those that were kept."""
        outputs = Outputs(self.campaign.folder)
        for clip in clips:
            path = outputs.locate(clip)
            if path is None or sha256_of(path) != clip.sha256:
                self.lose(f"{clip.shot_id}: its file is not the clip that was kept")
            self.tally.clips += 1
        have = {clip.attempt_id for clip in clips}
        for attempt in self.attempts:
            if attempt.state is AttemptState.DONE and attempt.id not in have:
                self.lose(f"{attempt.shot_id}: done, and there is no clip")

    def hold_jobs_against(self) -> None:
        """Every job is an attempt's, or is what one on hold may have come to."""
        known_id = self.truth.server.dialect.known_id
        owners = {known_id(a.job_id): a for a in self.attempts if a.job_id is not None}
        doubts = Counter(
            str(a.inputs["prompt"])
            for a in self.attempts
            if a.job_id is None and (is_in_doubt(a) or is_given_up(a))
        )
        self.tally.given_up = sum(is_given_up(attempt) for attempt in self.attempts)
        self.tally.doubtful_holds = sum(
            is_in_doubt(attempt) and attempt.job_id is None for attempt in self.attempts
        )
        for job in self.jobs:
            self.tally.accepted += 1
            self.tally.bill += job.paid
            owner = owners.get(job.id)
            is_kept = owner is not None and owner.state is AttemptState.DONE
            self.tally.forgotten += job.is_forgotten and not is_kept
            if owner is not None:
                self._hold_one_against(owner, job)
            elif job.is_forgotten:
                self.tally.free += job.paid
            elif doubts[job.prompt] > 0:
                doubts[job.prompt] -= 1
                self.tally.billed_in_doubt += job.paid
            else:
                self.tally.duplicates += 1
                self.say(f"nobody knows job {job.id}, {job.prompt}")
        self._look_for_second_orders({job.id: job for job in self.jobs})

    def _hold_one_against(self, owner: Attempt, job: Job) -> None:
        who = f"{owner.shot_id}, job {job.id}"
        kind = owner.failure.kind if owner.failure is not None else None
        self.tally.expired += kind is FailureKind.EXPIRED
        if owner.state is AttemptState.HELD:
            is_endless = job.ended_at is None
            self.tally.endless += is_endless
            self.tally.doubtful_holds += not is_endless
        if owner.money is Money.SPENT and _amount(owner) != job.paid:
            self.say(f"{who}: spent {_amount(owner)}, billed {job.paid}")
        if owner.money in _DOUBTFUL:
            self.tally.billed_in_doubt += job.paid
        is_free = self._is_free(owner, job)
        if owner.money is Money.RELEASED:
            self.tally.free += job.paid if is_free else ZERO
            if job.paid and not is_free:
                self.say(f"{who}: billed {job.paid} and released")
        is_excused = (
            is_free
            or is_given_up(owner)
            or (kind is FailureKind.EXPIRED and (job.is_denied or self._is_late(owner, job)))
        )
        if job.is_rendered and owner.state is AttemptState.FAILED and not is_excused:
            self.lose(f"{who}: rendered and not kept: {owner.failure}")

    def _is_free(self, owner: Attempt, job: Job) -> bool:
        kind = owner.failure.kind if owner.failure is not None else None
        is_lost = kind is FailureKind.GONE and job.is_forgotten
        is_denied = kind is FailureKind.EXPIRED and job.is_denied
        return self.truth.self_hosted and (is_lost or is_denied)

    def _is_late(self, owner: Attempt, job: Job) -> bool:
        """Whether the family's own time for fetching was over."""
        kept_s = self.truth.server.dialect.expires_s
        over = owner.ended_at.timestamp() if owner.ended_at is not None else 0.0
        return kept_s is not None and job.ended_at is not None and over > job.ended_at + kept_s

    def _look_for_second_orders(self, jobs: Mapping[str, Job]) -> None:
        """What was billed is not ordered again, but where nobody has to pay it or one said so."""
        known_id = self.truth.server.dialect.known_id
        closed: dict[str, str] = {}
        for attempt in self.attempts:
            job = None if attempt.job_id is None else jobs.get(known_id(attempt.job_id))
            if job is not None and attempt.fingerprint in closed:
                self.tally.duplicates += 1
                before = closed[attempt.fingerprint]
                self.say(f"{attempt.shot_id}: job {job.id} was ordered after {before} was billed")
            if job is not None and job.paid and not self._may_be_ordered_again(attempt, job):
                closed[attempt.fingerprint] = job.id

    def _may_be_ordered_again(self, attempt: Attempt, job: Job) -> bool:
        failure = attempt.failure
        if is_given_up(attempt) or self._is_free(attempt, job):
            return True
        if failure is None:
            return False
        is_rolled_again = failure.kind is FailureKind.REFUSED and failure.stage == "output"
        return is_rolled_again or (
            failure.kind is FailureKind.BROKEN_CLIP and self.truth.self_hosted
        )

    def add_up(self, ledger: Ledger) -> None:
        """The ledger is the bill, to the cent, and within the budget."""
        self.tally.spent = ledger.spent
        self.tally.doubtful = ledger.held + ledger.uncertain + ledger.reserved
        explained = ledger.spent + self.tally.free + self.tally.billed_in_doubt
        if explained != self.tally.bill or self.tally.billed_in_doubt > self.tally.doubtful:
            self.say(f"the bill is {self.tally.bill}, the ledger {ledger}")
        sums = dict.fromkeys(Money, ZERO)
        for attempt in self.attempts:
            sums[attempt.money] += _amount(attempt)
        if any(sums[money] != getattr(ledger, money.value) for money in Money):
            self.say(f"the ledger {ledger} is not the sum of its attempts")
        if max(ledger.committed, self.tally.bill - self.tally.free) > self.campaign.budget:
            self.say(f"more than the budget of {self.campaign.budget}: {ledger}")

    def count_at_once(self) -> None:
        """As the server saw it; a job without end counts as long as a run waits for one."""
        moves = []
        for job in self.jobs:
            latest = job.created_at + self.campaign.timeout_s
            end = latest if job.ended_at is None else min(job.ended_at, latest)
            moves += [(job.created_at, 1), (max(job.created_at, end), -1)]
        now = 0
        # Moments are whole seconds: what ends in one makes room for what begins in it.
        for _, move in sorted(moves):
            now += move
            self.tally.most_at_once = max(self.tally.most_at_once, now)
        if self.tally.most_at_once > self.campaign.concurrency:
            self.say(f"{self.tally.most_at_once} jobs at once")

    def look_for_leftovers(self) -> None:
        """Nothing half-written is left."""
        parts = (self.campaign.folder / ".parts").iterdir()
        for path in (*parts, *self.campaign.folder.rglob(".*.tmp")):
            self.tally.temporary += 1
            self.say(f"left behind: {path}")


def is_in_doubt(attempt: Attempt) -> bool:
    """Whether it is on hold: a run was killed before the answer came, or put it there."""
    unanswered = attempt.state is AttemptState.SUBMITTING and attempt.job_id is None
    return unanswered or attempt.state is AttemptState.HELD


def is_given_up(attempt: Attempt) -> bool:
    """Whether a person has said to pay again: `resolve --pay-again`."""
    kind = attempt.failure.kind if attempt.failure is not None else None
    return kind is FailureKind.TIMED_OUT and attempt.forgiven


def _amount(attempt: Attempt) -> Decimal:
    return attempt.spent_usd if attempt.spent_usd is not None else attempt.price_usd or ZERO
