"""Makes the order for a shot: the request to the server, and the attempt that stands for it."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import asdict
from pathlib import Path

from sora_batch.planning.plan import Step
from sora_batch.providers.provider import RenderRequest
from sora_batch.records import Attempt, AttemptId, AttemptState, Money
from sora_batch.running.tools import Tools
from sora_batch.shots import JobId


def new_attempt(tools: Tools, step: Step, number: int) -> Attempt:
    """An attempt about to be made: its price reserved, its intent not yet written.

    What is resumed has no price of its own in the plan: it costs again what it cost before.
    """
    before = step.attempt.price_usd if step.attempt is not None else None
    return Attempt(
        id=AttemptId(uuid.uuid4().hex),
        run_id=tools.run_id,
        shot_id=step.shot.id,
        fingerprint=step.fingerprint,
        number=number,
        state=AttemptState.SUBMITTING,
        provider=step.target.provider,
        model=step.target.model,
        money=Money.RESERVED,
        price_usd=step.price_usd if step.price_usd is not None else before,
        inputs=step.inputs,
        created_at=tools.clock.now(),
    )


def order_for(
    step: Step, attempt: Attempt, *, reference: Path | None, source_job: JobId | None
) -> RenderRequest:
    """The order, in the server's own names."""
    shot = step.shot
    return RenderRequest(
        key=attempt.id,
        prompt=shot.prompt.strip(),
        model=step.target.model,
        size=shot.size,
        seconds=shot.seconds,
        seed=shot.seed,
        options=shot.options,
        reference=reference,
        source_kind=shot.source.kind if shot.source is not None else None,
        source_job=source_job,
        label=shot.id,
    )


def digest_of(request: RenderRequest) -> str:
    """A hash over what is sent, so that a lost order can be told from another."""
    fields = {**asdict(request), "key": "", "label": "", "reference": None}
    return hashlib.sha256(json.dumps(fields, sort_keys=True, default=str).encode()).hexdigest()
