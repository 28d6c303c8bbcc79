"""Brings a rendered clip home: download, verify, place, keep.

The clip is paid for from here on: whatever fails is tried again, and what cannot be fetched now is
left for the next run, never ordered anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from sora_batch.durable import link_over
from sora_batch.engines.engine import EngineLost, OperationFailed
from sora_batch.errors import OutputUnusable
from sora_batch.outputs import Outputs
from sora_batch.planning.plan import Step
from sora_batch.providers.provider import JobMissing, JobUnreachable
from sora_batch.records import Attempt, AttemptState, Clip, Failure, FailureKind, Money
from sora_batch.running.attempt import fail
from sora_batch.running.outcome import Ending, Outcome
from sora_batch.running.references import frame_seconds
from sora_batch.running.sidecar import made_by, sidecar_of
from sora_batch.running.tools import Tools
from sora_batch.shots import Json, Size

CLIP_LIMIT_BYTES = 4 * 1024**3
ADOPTED = "adopted"
"""In place of the digest of what was sent: a person has said that this job is the shot's."""

_DOWNLOADS = 6
# A paid clip is given up only when the server has said so this often; weather does not count.
_SAYS_SO = 3
# A service's storage may have a clip a while after its jobs say so: until then 404 is weather.
_FRESH_S = 300.0
_LONGEST_WAIT_S = 60.0
_LENGTH_TOLERANCE_S = Decimal("0.25")


async def collect(tools: Tools, attempt: Attempt, step: Step | None) -> Outcome:
    """Downloads, verifies and keeps the clip of a RENDERED attempt.

    Without a step, nobody asks for the clip any more: it is kept among the earlier ones.
    """
    if attempt.job_id is None:
        raise ValueError(f"attempt {attempt.id} is rendered and has no job")
    part = tools.outputs.part_path(attempt.id)
    why, broken, missing = "", 0, 0
    for tried in range(_DOWNLOADS):
        if tried and await tools.pause(min(_LONGEST_WAIT_S, 2.0**tried)):
            break
        try:
            await tools.provider.download(attempt.job_id, part, limit_bytes=CLIP_LIMIT_BYTES)
            facts = await _verify(tools, attempt, str(part))
        except (JobUnreachable, EngineLost) as error:
            why = str(error)
        except OperationFailed as error:
            # Not what was promised, or cut short: nothing of it can be gone on from.
            why = error.message
            part.unlink(missing_ok=True)
            broken += 1
            if broken >= _SAYS_SO:
                failure = Failure(FailureKind.BROKEN_CLIP, f"the clip is broken: {why}")
                return await fail(tools, attempt, failure)
        except JobMissing as error:
            missing += 1
            if error.expired or (missing >= _SAYS_SO and not _is_fresh(tools, attempt)):
                return await _gone(tools, attempt, step, error)
            why = error.message
        except OSError as error:
            words = f"cannot write {part}: {error.strerror or error}"
            return Outcome(ending=Ending.LEFT, attempt=attempt, note=words, stops_run=words)
        else:
            return await _keep(tools, attempt, step, facts)
    note = f"the clip waits on the server (job {attempt.job_id}); the download failed: {why}"
    return Outcome(ending=Ending.LEFT, attempt=attempt, note=note)


def _is_fresh(tools: Tools, attempt: Attempt) -> bool:
    """Whether a clip that is not there may only not be there yet; one's own server forgets."""
    rendered = attempt.rendered_at or attempt.created_at
    age_s = (tools.clock.now() - rendered).total_seconds()
    return age_s < _FRESH_S and not tools.provider.capabilities.self_hosted


async def _gone(tools: Tools, attempt: Attempt, step: Step | None, error: JobMissing) -> Outcome:
    """The server has the clip no more; a process that was killed may have fetched all of it."""
    part = tools.outputs.part_path(attempt.id)
    try:
        if await asyncio.to_thread(_fetched_before, tools.outputs, attempt):
            return await _keep(tools, attempt, step, await _verify(tools, attempt, str(part)))
    except OperationFailed:
        part.unlink(missing_ok=True)
    except (EngineLost, OSError) as lost:
        return Outcome(ending=Ending.LEFT, attempt=attempt, note=str(lost))
    kind = FailureKind.EXPIRED if error.expired else FailureKind.GONE
    return await fail(tools, attempt, Failure(kind, error.message))


def _fetched_before(outputs: Outputs, attempt: Attempt) -> bool:
    """Whether the attempt's part is here; a clip that was placed before the store knew of it gets
    the part's name again. Raises OSError."""
    part = outputs.part_path(attempt.id)
    if not part.exists() and made_by(outputs.sidecar_path(attempt.shot_id)) == attempt.id:
        link_over(outputs.clip_path(attempt.shot_id), part)
    return part.exists()


async def _verify(tools: Tools, attempt: Attempt, path: str) -> dict[str, Json]:
    spec: dict[str, Json] = {"path": path, "fsync": True}
    return dict(await tools.engine.run("verify", spec, key=attempt.shot_id))


async def _keep(
    tools: Tools, attempt: Attempt, step: Step | None, facts: dict[str, Json]
) -> Outcome:
    part = tools.outputs.part_path(attempt.id)
    attempt = replace(
        attempt,
        state=AttemptState.DONE,
        money=Money.SPENT,
        spent_usd=attempt.spent_usd if attempt.spent_usd is not None else attempt.price_usd,
        ended_at=tools.clock.now(),
    )
    clip = clip_of(attempt, facts, mtime_ns=part.stat().st_mtime_ns)
    frame_s = frame_seconds(tools.outputs, step) if step is not None else None
    data = sidecar_of(tools.manifest, step, attempt, clip, frame_s=frame_s)
    try:
        put = tools.outputs.place if step is not None else tools.outputs.place_earlier
        await asyncio.to_thread(put, part, clip, data)
    except OutputUnusable as error:
        return Outcome(
            ending=Ending.LEFT, attempt=attempt, note=error.message, stops_run=error.message
        )
    await tools.store.keep(attempt, clip)
    return Outcome(ending=Ending.DONE, attempt=attempt, clip=clip)


def clip_of(attempt: Attempt, facts: dict[str, Json], *, mtime_ns: int) -> Clip:
    """The record of a verified clip; `facts` are the answer of the `verify` operation."""
    size = Size(int(str(facts["width"])), int(str(facts["height"])))
    seconds = Decimal(str(facts["seconds"]))
    return Clip(
        fingerprint=attempt.fingerprint,
        shot_id=attempt.shot_id,
        attempt_id=attempt.id,
        job_id=attempt.job_id,
        provider=attempt.provider,
        sha256=str(facts["sha256"]),
        bytes=int(str(facts["bytes"])),
        mtime_ns=mtime_ns,
        size=size,
        seconds=seconds,
        fps=Decimal(str(facts["fps"])),
        has_audio=bool(facts["has_audio"]),
        origin="adopted" if attempt.request_sha256 == ADOPTED else "made",
        made_at=attempt.ended_at or attempt.created_at,
        inputs=attempt.inputs,
        spent_usd=attempt.spent_usd,
        differs=differences(attempt.inputs, size, seconds),
    )


def differences(inputs: Mapping[str, Json], size: Size, seconds: Decimal) -> str:
    """In words, what was delivered differently from what was ordered; "" where nothing was."""
    said = []
    if str(inputs.get("size", size)) != str(size):
        said.append(f"{size} instead of {inputs['size']}")
    # An extension answers with the stitched whole, so its length says nothing about the order.
    wanted = None if "extend_of" in inputs else inputs.get("seconds")
    if wanted is not None and abs(Decimal(str(wanted)) - seconds) > _LENGTH_TOLERANCE_S:
        said.append(f"{seconds:.2f} s instead of {wanted} s")
    return ", ".join(said)
