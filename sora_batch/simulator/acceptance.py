"""Turns orders into jobs: what a new one is called, and what it has from the one it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from sora_batch.shots import JobId, Json, SourceKind
from sora_batch.simulator.job import Derivation, Job, Picture, Status
from sora_batch.simulator.orders import Order, plain
from sora_batch.simulator.refusals import invalid

_VERBS: Mapping[SourceKind, str] = {"remix": "remixed", "edit": "edited", "extend": "extended"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A clip to make from another's: remixed, edited, or extended by so many seconds."""

    kind: SourceKind
    source: JobId
    prompt: str
    more_seconds: Decimal = Decimal(0)
    extra: Mapping[str, Json] = field(default_factory=dict)


def ordered_job(order: Order, reference: str | None, *, id: JobId, label: str, key: str) -> Job:
    """The job of an order; `reference` is the name its picture is kept under."""
    return Job(
        id=id,
        prompt=order.prompt,
        model=order.model,
        size=order.size,
        seconds=order.seconds,
        seed=order.seed,
        extra=order.extra,
        picture=Picture(order.prompt, order.seed, reference),
        label=label,
        key=key,
    )


def derived_job(
    source: Job, change: Change, *, longest_seconds: Decimal, id: JobId, label: str, key: str
) -> Job:
    """The job of a change. It has the source's model, size and picture, and an extension's length
    is the whole, as OpenAI's was. Raises Refused where the source is not done, or it would be too
    long."""
    if source.status is not Status.COMPLETED:
        raise invalid(
            f"Video '{source.id}' is {source.status.value}; it can be {_VERBS[change.kind]} "
            "once it is completed.",
            param="video.id",
            code="video_not_ready",
        )
    seconds = plain(source.seconds + change.more_seconds)
    if seconds > longest_seconds:
        raise invalid(
            f"Invalid value for 'seconds': the extended clip would last {seconds} seconds; "
            f"{longest_seconds} is the most.",
            param="seconds",
            code="invalid_value",
        )
    return Job(
        id=id,
        prompt=change.prompt,
        model=source.model,
        size=source.size,
        seconds=seconds,
        extra=change.extra,
        picture=source.picture,
        source=Derivation(change.kind, source.id, source.label, source.seconds),
        label=label,
        key=key,
    )
