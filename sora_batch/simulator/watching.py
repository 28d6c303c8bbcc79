"""Stands before every operation: counts it, keeps the pace, lets a fault script have its way."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sora_batch.shots import Size
from sora_batch.simulator.broken_answers import broken, error_page, waiting_headers
from sora_batch.simulator.faults import CREATE, LIST, Fault
from sora_batch.simulator.fields import Fields, read_fields
from sora_batch.simulator.mischief import Subject
from sora_batch.simulator.paths import video_id
from sora_batch.simulator.refusals import Refused, no_such_video
from sora_batch.simulator.renderers import plain_clip
from sora_batch.simulator.repeating import repeated
from sora_batch.simulator.simulator import Simulator

Handler = Callable[[Request], Awaitable[Response]]

_OTHER_SIZE = Size(32, 32)
_OTHER_FRAMES = 12
_ONE_S = 1.0


def watched(operation: str, handler: Handler) -> Handler:
    """The same operation, with whatever is to happen to it."""

    async def endpoint(request: Request) -> Response:
        simulator: Simulator = request.app.state.simulator
        mischief = simulator.mischief
        mischief.requests[operation] += 1
        if operation == CREATE and (wait_s := simulator.pace.wait_s()):
            return _throttled(simulator, "seconds", math.ceil(wait_s))
        if not mischief.is_planned:
            return await handler(request)
        subject = await _subject(request, simulator, operation)

        async def once() -> Response:
            return await _suffered(operation, subject, request, handler)

        if operation == CREATE and simulator.dialect.repeats:
            return await repeated(once, request, simulator.dialect)
        return await once()

    return endpoint


async def _suffered(
    operation: str, subject: Subject, request: Request, handler: Handler
) -> Response:
    """The operation, once, with whatever the script has for it."""
    simulator: Simulator = request.app.state.simulator
    mischief = simulator.mischief
    early = mischief.early(operation, subject)
    if early is not None and early.do == "forget":
        simulator.forget()
    elif early is not None:
        return await _answer(early, simulator, subject, None)
    whole = await handler(request)
    late = mischief.late(operation, subject)
    return whole if late is None else await _answer(late, simulator, subject, whole)


async def fields_of(request: Request) -> Fields:
    """The fields of a request, read once. Raises Refused."""
    if not hasattr(request.state, "fields"):
        limit = request.app.state.simulator.settings.upload_limit_bytes
        request.state.fields = await read_fields(request, limit)
    fields: Fields = request.state.fields
    return fields


def refusal(simulator: Simulator, refused: Refused) -> Response:
    """A refusal in the dialect's words."""
    status, body = simulator.dialect.refuse(refused)
    return JSONResponse(body, status_code=status)


async def _subject(request: Request, simulator: Simulator, operation: str) -> Subject:
    if operation == CREATE:
        try:
            prompt = str((await fields_of(request)).values.get("prompt", ""))
        except Refused:
            # The operation itself finds the same fault, and says so.
            prompt = ""
        return Subject(prompt, prompt)
    if operation == LIST:
        return Subject()
    job_id = simulator.dialect.known_id(video_id(request))
    job = simulator.peek(job_id)
    return Subject(job_id, job.prompt if job is not None else "")


async def _answer(
    fault: Fault, simulator: Simulator, subject: Subject, whole: Response | None
) -> Response:
    answer = broken(fault, simulator.clock, whole)
    if answer is not None:
        return answer
    if fault.do == "wrong":
        return await _wrong(fault, simulator)
    if fault.do == "throttle":
        seconds = _ONE_S if fault.seconds is None else fault.seconds
        return _throttled(simulator, fault.form, seconds)
    if fault.do == "error":
        return _error(fault, simulator)
    refusals: Mapping[str, Refused] = {
        "quota": Refused(
            429, "You exceeded your current quota, check your plan.", code="insufficient_quota"
        ),
        "refuse": Refused(
            400, "Your request was blocked by our moderation system.", code="moderation_blocked"
        ),
        "missing": no_such_video(subject.key),
        "expired": Refused(410, "The video has expired.", code="video_expired"),
    }
    return refusal(simulator, refusals[fault.do])


def _throttled(simulator: Simulator, form: str, seconds: float) -> Response:
    refused = Refused(429, "Rate limit reached for requests.", code="rate_limit_exceeded")
    answer = refusal(simulator, refused)
    answer.headers.update(waiting_headers(form, seconds, simulator.clock))
    return answer


def _error(fault: Fault, simulator: Simulator) -> Response:
    if fault.body == "html":
        return error_page(fault.status)
    if fault.body == "empty":
        return Response(status_code=fault.status)
    words = "The server had an error while processing your request."
    return refusal(simulator, Refused(fault.status, words, code="server_error"))


async def _wrong(fault: Fault, simulator: Simulator) -> Response:
    if fault.body == "clip":
        data = await asyncio.to_thread(plain_clip, _OTHER_SIZE, _OTHER_FRAMES)
        return Response(data, media_type="video/mp4")
    if fault.body == "empty":
        return Response(b"", media_type="video/mp4")
    return Response(b"<html><body>Sign in to continue</body></html>", media_type="video/mp4")
