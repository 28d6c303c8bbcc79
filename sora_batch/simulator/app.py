"""The simulator as an ASGI application: OpenAI's `/v1/videos`, served from a folder.

Reached in process through `httpx.ASGITransport` after `await app.state.simulator.start()`, or by
a server such as uvicorn, whose lifespan events start and close it.

Two headers of a POST are its own business: `Idempotency-Key` is put on the bill, and
`x-sora-batch-shot` (percent-encoded UTF-8) is the shot id that is written on the picture.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import cast
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from sora_batch.clock import Clock, SystemClock
from sora_batch.shots import JobId, SourceKind
from sora_batch.simulator.acceptance import Change
from sora_batch.simulator.fields import Fields, read_fields
from sora_batch.simulator.job import Job
from sora_batch.simulator.orders import (
    read_extra,
    read_order,
    read_prompt,
    read_seconds,
    read_source,
)
from sora_batch.simulator.protocol import deleted_object, list_object, video_object
from sora_batch.simulator.refusals import Refused, invalid
from sora_batch.simulator.settings import SimulatorSettings
from sora_batch.simulator.simulator import Simulator
from sora_batch.simulator.stills import STILLS

SHOT_HEADER = "x-sora-batch-shot"

_LABEL_CHARACTERS = 200
_KEY_CHARACTERS = 255
_PAGE_DEFAULT, _PAGE_LIMIT = 20, 100
_SMALL_BYTES = 256 * 1024


def create_app(
    folder: Path, *, settings: SimulatorSettings | None = None, clock: Clock | None = None
) -> Starlette:
    """The application over a folder; `app.state.simulator` is to be started and closed."""
    simulator = Simulator(folder, settings or SimulatorSettings(), clock or SystemClock())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await simulator.start()
        try:
            yield
        finally:
            await simulator.close()

    app = Starlette(
        routes=[
            Route("/v1/videos", _create, methods=["POST"]),
            Route("/v1/videos", _list, methods=["GET"]),
            Route("/v1/videos/edits", _edit, methods=["POST"]),
            Route("/v1/videos/extensions", _extend, methods=["POST"]),
            Route("/v1/videos/{video_id}", _retrieve, methods=["GET"]),
            Route("/v1/videos/{video_id}", _delete, methods=["DELETE"]),
            Route("/v1/videos/{video_id}/content", _content, methods=["GET"]),
            Route("/v1/videos/{video_id}/remix", _remix, methods=["POST"]),
        ],
        exception_handlers={
            Refused: _refuse,
            HTTPException: _refuse_route,
            OSError: _refuse_disk,
        },
        lifespan=lifespan,
    )
    app.state.simulator = simulator
    return app


async def _create(request: Request) -> Response:
    simulator = _simulator(request)
    fields = await _fields(request)
    if "input_reference" in fields.files or "input_reference" in fields.values:
        order = await asyncio.to_thread(read_order, fields, simulator.settings)
    else:
        order = read_order(fields, simulator.settings)
    job = await simulator.order(order, label=_label(request), key=_key(request))
    return _show(simulator, job)


async def _remix(request: Request) -> Response:
    fields = await _fields(request)
    return await _derive(request, "remix", request.path_params["video_id"], fields)


async def _edit(request: Request) -> Response:
    fields = await _fields(request)
    return await _derive(request, "edit", read_source(fields), fields)


async def _extend(request: Request) -> Response:
    fields = await _fields(request)
    more = read_seconds(fields, _simulator(request).settings, default=None)
    return await _derive(request, "extend", read_source(fields), fields, more)


async def _derive(
    request: Request, kind: SourceKind, source: str, fields: Fields, more: Decimal = Decimal(0)
) -> Response:
    simulator = _simulator(request)
    change = Change(
        kind=kind,
        source=JobId(source),
        prompt=read_prompt(fields),
        more_seconds=more,
        extra=read_extra(fields),
    )
    job = await simulator.derive(change, label=_label(request), key=_key(request))
    return _show(simulator, job)


async def _retrieve(request: Request) -> Response:
    simulator = _simulator(request)
    return _show(simulator, simulator.job(request.path_params["video_id"]))


async def _list(request: Request) -> Response:
    simulator = _simulator(request)
    query = request.query_params
    order = query.get("order", "desc")
    if order not in {"asc", "desc"}:
        raise invalid("Invalid value for 'order': use 'asc' or 'desc'.", param="order")
    page = simulator.page(
        limit=_limit(query.get("limit")),
        after=query.get("after") or None,
        newest_first=order == "desc",
    )
    videos = [video_object(job, simulator.progress(job)) for job in page.jobs]
    return JSONResponse(list_object(page, list(videos)))


async def _delete(request: Request) -> Response:
    job = await _simulator(request).delete(request.path_params["video_id"])
    return JSONResponse(deleted_object(job))


async def _content(request: Request) -> Response:
    simulator = _simulator(request)
    job = simulator.job(request.path_params["video_id"])
    variant = request.query_params.get("variant", "video")
    if variant == "video":
        answer = _file(request, simulator.clip_path(job), "video/mp4")
        if request.method == "GET":
            answer.background = BackgroundTask(simulator.note_served, job.id)
        return answer
    still = STILLS.get(variant)
    if still is None:
        raise invalid(
            f"Invalid value for 'variant': '{variant[:40]}'. Use 'video', "
            "'thumbnail' or 'spritesheet'.",
            param="variant",
            code="invalid_value",
        )
    return _file(request, await simulator.still(job, still), still.media_type)


def _file(request: Request, path: Path, media_type: str) -> Response:
    """The file, or the range of it that is asked for."""
    stat = path.stat()
    answer = FileResponse(path, media_type=media_type, stat_result=stat)
    if stat.st_size > _SMALL_BYTES or "range" in request.headers:
        return answer
    # Streaming hands every chunk to a thread and back: 2 ms for what is read in 0.05.
    return Response(path.read_bytes(), headers=dict(answer.headers))


def _show(simulator: Simulator, job: Job) -> Response:
    headers = {}
    if not job.status.over:
        headers["openai-poll-after-ms"] = str(simulator.poll_after_ms(job))
    return JSONResponse(video_object(job, simulator.progress(job)), headers=headers)


def _simulator(request: Request) -> Simulator:
    return cast(Simulator, request.app.state.simulator)


async def _fields(request: Request) -> Fields:
    return await read_fields(request, _simulator(request).settings.upload_limit_bytes)


def _label(request: Request) -> str:
    return unquote(request.headers.get(SHOT_HEADER, ""))[:_LABEL_CHARACTERS]


def _key(request: Request) -> str:
    return request.headers.get("idempotency-key", "")[:_KEY_CHARACTERS]


def _limit(text: str | None) -> int:
    if text is None:
        return _PAGE_DEFAULT
    if not text.isascii() or not text.isdigit() or int(text[:9]) > _PAGE_LIMIT:
        raise invalid(
            f"Invalid value for 'limit': expected 0 to {_PAGE_LIMIT}.",
            param="limit",
            code="invalid_value",
        )
    return int(text)


async def _refuse(_: Request, error: Exception) -> Response:
    refused = cast(Refused, error)
    return JSONResponse(refused.envelope, status_code=refused.status)


async def _refuse_route(request: Request, error: Exception) -> Response:
    status = cast(HTTPException, error).status_code
    words = f"Invalid URL ({request.method} {request.url.path})"
    return JSONResponse(Refused(status, words).envelope, status_code=status)


async def _refuse_disk(_: Request, error: Exception) -> Response:
    refused = Refused(507, f"The simulator's folder cannot be written: {error}")
    return JSONResponse(refused.envelope, status_code=refused.status)
