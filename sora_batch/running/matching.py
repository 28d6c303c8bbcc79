"""Which jobs of a server's list are the answers that were lost. Pure.

An order and a job are compared by what a list can show: prompt, model, size, length, source, and
when it began. Whether a server shows a field as it was ordered is learned from the jobs we know to
be ours, before anything is concluded from a field that differs.

The trap: orders that differ only in what no list shows (a seed, a picture) look alike. Jobs are
shared out only among orders whose inputs are the same, which are interchangeable.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum

from sora_batch.providers.provider import JobReport
from sora_batch.records import Attempt, AttemptId
from sora_batch.shots import JobId

_DERIVED = ("remix", "edit", "extend")
_LENGTH_TOLERANCE_S = Decimal("0.25")

Shown = Mapping[str, bool]
"""By field, whether the list shows it as it was ordered; without an entry, nobody knows yet."""


class Fit(Enum):
    """EQUAL: all that is shown is as ordered. NEAR: the prompt is, or may be, and something else
    is not; the server may show it otherwise. OTHER: somebody else's, or another order's."""

    EQUAL = "equal"
    NEAR = "near"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An order nobody knows the answer to: its attempt, the moment of the server's clock from
    which on its job can have been created, and the jobs its source may be."""

    attempt: Attempt
    since: datetime
    sources: frozenset[JobId] = frozenset()


@dataclass(frozen=True, slots=True)
class Findings:
    """What a list says of lost orders. `adopted` have a job of their own; `candidates` may have
    one of several, oldest first; `absent` have none in this list; `unclear` look like an order
    that is on its way right now."""

    adopted: dict[AttemptId, JobReport] = field(default_factory=dict)
    candidates: dict[AttemptId, tuple[JobReport, ...]] = field(default_factory=dict)
    absent: set[AttemptId] = field(default_factory=set)
    unclear: set[AttemptId] = field(default_factory=set)


def shown_fields(
    known: Iterable[tuple[Attempt, JobReport]], *, lists_models: bool = True
) -> dict[str, bool]:
    """What the list shows faithfully, learned from the jobs we know to be ours."""
    shown = {} if lists_models else {"model": False}
    for attempt, job in known:
        if _kind(attempt) is not None:
            continue
        for name, same in _compared(attempt, job).items():
            if same is not None:
                shown[name] = shown.get(name, True) and same
    return shown


def fit(lost: Lost, job: JobReport, shown: Shown) -> Fit:
    """How the job fits the order."""
    if job.created_at is not None and job.created_at < lost.since:
        return Fit.OTHER
    compared = _compared(lost.attempt, job)
    if compared["prompt"] is False:
        return Fit.OTHER
    source = _source_fits(lost, job)
    if source is Fit.OTHER:
        return source
    if _kind(lost.attempt) is not None:
        # What it is made from decides its model and size, and an extension's length is the whole.
        compared = {"prompt": compared["prompt"]}
    is_sure = compared["prompt"] is True and job.created_at is not None and source is Fit.EQUAL
    for name, same in compared.items():
        if same is False and shown.get(name) is True:
            return Fit.OTHER
        is_sure = is_sure and not (same is False and name not in shown)
    return Fit.EQUAL if is_sure else Fit.NEAR


def match(
    lost: Sequence[Lost],
    jobs: Sequence[JobReport],
    *,
    on_their_way: Sequence[Lost] = (),
    shown: Shown,
) -> Findings:
    """Shares the jobs, which nobody has claimed, out among the lost orders."""
    findings = Findings()
    fits = {
        one.attempt.id: {job.id: fit(one, job, shown) for job in jobs}
        for one in (*lost, *on_their_way)
    }
    by_id = {job.id: job for job in sorted(jobs, key=_age)}
    moving = {one.attempt.id for one in on_their_way}
    for orders, found in _alike((*lost, *on_their_way), fits, by_id):
        ids = [one.attempt.id for one in orders]
        if found and moving.intersection(ids):
            findings.unclear.update(set(ids) - moving)
        elif len({_inputs(one.attempt) for one in orders}) > 1 or len(found) > len(orders):
            findings.candidates.update(dict.fromkeys(ids, tuple(by_id[job] for job in found)))
        else:
            _share_out(orders, [by_id[job] for job in found], findings)
    findings.absent.difference_update(moving)
    _add_near(lost, jobs, fits, findings)
    return findings


def _alike(
    orders: Sequence[Lost],
    fits: Mapping[AttemptId, Mapping[JobId, Fit]],
    jobs: Collection[JobId],
) -> Iterable[tuple[list[Lost], list[JobId]]]:
    """The orders in groups that could answer to the same jobs, each with those jobs by age."""
    groups: list[tuple[list[Lost], set[JobId]]] = []
    for order in sorted(orders, key=lambda one: one.since):
        own = {job for job, how in fits[order.attempt.id].items() if how is Fit.EQUAL}
        touching = [group for group in groups if group[1] & own]
        members = [one for group in touching for one in group[0]]
        groups = [group for group in groups if group not in touching]
        groups.append(([*members, order], own.union(*(group[1] for group in touching))))
    for members, found in groups:
        yield sorted(members, key=lambda one: one.since), [job for job in jobs if job in found]


def _share_out(orders: Sequence[Lost], jobs: Sequence[JobReport], findings: Findings) -> None:
    """One job each, the oldest to the order that began first."""
    waiting = list(orders)
    for job in jobs:
        began = [one for one in waiting if job.created_at is None or one.since <= job.created_at]
        if began:
            findings.adopted[began[0].attempt.id] = job
            waiting.remove(began[0])
    findings.absent.update(one.attempt.id for one in waiting)


def _add_near(
    lost: Sequence[Lost],
    jobs: Sequence[JobReport],
    fits: Mapping[AttemptId, Mapping[JobId, Fit]],
    findings: Findings,
) -> None:
    """An order is not called absent while a job that nobody has claimed might be its."""
    taken = {job.id for job in findings.adopted.values()}
    for one in lost:
        name = one.attempt.id
        near = [job for job in jobs if job.id not in taken and fits[name][job.id] is not Fit.OTHER]
        if name in findings.absent and near:
            findings.absent.discard(name)
            findings.candidates[name] = tuple(sorted(near, key=_age))


def _compared(attempt: Attempt, job: JobReport) -> dict[str, bool | None]:
    """Field by field, whether the job shows what was ordered; None where it shows nothing."""
    inputs = attempt.inputs
    size, seconds = inputs.get("size"), inputs.get("seconds")
    return {
        "prompt": _same(job.prompt, inputs.get("prompt"), plain_prompt),
        "model": _same(job.model, attempt.model, str),
        "size": _same(job.size, size, lambda text: text.lower().replace("*", "x")),
        "seconds": _same_length(job.seconds, seconds),
    }


def _same(shown: str | None, ordered: object, plain: Callable[[str], str]) -> bool | None:
    if shown is None or ordered is None:
        return None
    return plain(shown) == plain(str(ordered))


def _same_length(shown: str | None, ordered: object) -> bool | None:
    if shown is None or ordered is None:
        return None
    try:
        return abs(Decimal(shown) - Decimal(str(ordered))) <= _LENGTH_TOLERANCE_S
    except InvalidOperation:
        return None


def plain_prompt(text: str) -> str:
    """A prompt without what a server may do to it on the way."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _source_fits(lost: Lost, job: JobReport) -> Fit:
    kind = _kind(lost.attempt)
    if kind is None:
        return Fit.EQUAL if job.source_job is None else Fit.OTHER
    if job.source_job is not None:
        return Fit.EQUAL if job.source_job in lost.sources else Fit.OTHER
    # Only remixes name their source in the protocol's video object.
    return Fit.NEAR if kind == "remix" else Fit.EQUAL


def _kind(attempt: Attempt) -> str | None:
    return next((kind for kind in _DERIVED if f"{kind}_of" in attempt.inputs), None)


def origin_of(attempt: Attempt) -> str | None:
    """What it is made from, as its inputs have it: a fingerprint, or a job made elsewhere."""
    kind = _kind(attempt)
    return None if kind is None else str(attempt.inputs[f"{kind}_of"])


def _inputs(attempt: Attempt) -> str:
    """All that is sent; takes of one shot differ in nothing that is."""
    sent = {name: value for name, value in attempt.inputs.items() if name != "take"}
    return json.dumps(sent, sort_keys=True)


def _age(job: JobReport) -> tuple[float, str]:
    return (job.created_at.timestamp() if job.created_at is not None else 0.0, job.id)
