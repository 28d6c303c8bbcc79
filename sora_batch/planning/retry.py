"""What to do after a failure: try again or not, how long to wait, what became of the money.

A pure table, used while a run goes on and, for the failures of earlier runs, by planning. There is
no randomness in it: spreading requests out is the business of the limits.
"""

from __future__ import annotations

from dataclasses import dataclass

from sora_batch.records import Attempt, FailureKind, Money

_FIRST_WAIT_S = 2.0
_LONGEST_WAIT_S = 60.0

# An answer that proves that nothing was accepted costs nothing to repeat, and a server that
# restarts is away for a minute or two: three quick tries would fail a whole campaign.
_PATIENCE = 8


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from a failure.

    `again` is whether another attempt may be made by itself, `wait_s` after how long, `reason`
    says why in one clause. `money` is what becomes of the attempt's reserved price. `stops_run`
    says that no other shot can succeed either.
    """

    again: bool
    wait_s: float
    reason: str
    money: Money
    stops_run: bool = False


def decide(
    kind: FailureKind,
    *,
    number: int,
    limit: int,
    stage: str = "",
    accepted: bool = True,
    self_hosted: bool = False,
) -> Decision:
    """What to do after the `number`-th try failed, of `limit` that are allowed.

    `stage` is Failure.stage. `accepted` is whether a job ever existed: where none did, the money
    is released whatever the kind. `self_hosted` servers forget their jobs when they restart, and
    what they forget is free to render again.
    """
    money = _money(kind, accepted=accepted, self_hosted=self_hosted)
    if kind in _STOPPING:
        return Decision(False, 0.0, _STOPPING[kind], money, stops_run=True)
    final = _why_final(kind, stage=stage, accepted=accepted, self_hosted=self_hosted)
    if final:
        return Decision(False, 0.0, final, money)
    allowed = limit if accepted and kind is not FailureKind.THROTTLED else max(limit, _PATIENCE)
    if number >= allowed:
        return Decision(False, 0.0, f"{_tries(number)}, which is the limit", money)
    return Decision(
        True, _wait_s(kind, number), f"try {number + 1} of {allowed}: {_AGAIN[kind]}", money
    )


def counts_as_try(attempt: Attempt) -> bool:
    """Whether a failure of an earlier run counts against the shot.

    What the server never accepted, for a reason that lies outside the shot, does not: it cost
    nothing, and whoever starts another run has had the time to mend the key, the model's name or
    the network.
    """
    failure = attempt.failure
    if failure is None or attempt.job_id is not None:
        return True
    return failure.kind not in _OUTSIDE and failure.stage != "target"


_STOPPING = {
    FailureKind.UNAUTHORISED: "the server refuses the key",
    FailureKind.OUT_OF_CREDIT: "the account has no credit left",
}
_OUTSIDE = {*_STOPPING, FailureKind.THROTTLED, FailureKind.TRANSIENT}

_AGAIN = {
    FailureKind.REFUSED: "what was rendered was refused, another render may pass",
    FailureKind.THROTTLED: "the server asked us to slow down",
    FailureKind.TRANSIENT: "it may well work the next time",
    FailureKind.BROKEN_CLIP: "the server is your own and may render it again",
    FailureKind.EXPIRED: "the server is your own and may render it again",
    FailureKind.GONE: "the server has forgotten the job, so the render is lost and free",
}

_FINAL = {
    FailureKind.INVALID: "the server will not take this request however often it is sent",
    FailureKind.TIMED_OUT: "it may still be rendering and may have to be paid for",
    FailureKind.BROKEN_CLIP: "the render is paid for; another would be paid for again",
    FailureKind.EXPIRED: "the render is paid for; another would be paid for again",
    FailureKind.GONE: "the server no longer has a job it accepted, which may be billed",
    FailureKind.CANCELLED: "it was cancelled",
}


def _why_final(kind: FailureKind, *, stage: str, accepted: bool, self_hosted: bool) -> str:
    """Why no further try makes sense whatever the count, "" where it may."""
    if kind is FailureKind.REFUSED:
        return "" if stage == "output" else "the prompt is refused, and would be again unchanged"
    if self_hosted and kind in _AGAIN:
        return ""
    if not accepted and kind is FailureKind.GONE:
        return _FINAL[FailureKind.INVALID]
    return _FINAL.get(kind, "")


def _money(kind: FailureKind, *, accepted: bool, self_hosted: bool) -> Money:
    if not accepted:
        return Money.RELEASED
    if kind is FailureKind.TIMED_OUT:
        return Money.HELD
    if kind is FailureKind.BROKEN_CLIP:
        return Money.SPENT
    if kind is FailureKind.EXPIRED:
        return Money.RELEASED if self_hosted else Money.SPENT
    if kind is FailureKind.GONE and self_hosted:
        return Money.RELEASED
    return Money.UNCERTAIN


def _wait_s(kind: FailureKind, number: int) -> float:
    """2, 4, 8 ... 60 seconds; none for a refused output, which is no sign of a server in need."""
    if kind is FailureKind.REFUSED:
        return 0.0
    return min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(number - 1, 10))


def _tries(number: int) -> str:
    return "it was tried once" if number == 1 else f"it was tried {number} times"
