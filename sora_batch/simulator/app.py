"""The simulator as an ASGI application: `/v1/videos` in a server's dialect, out of a folder.

Reached in process through `httpx.ASGITransport` after `await app.state.simulator.start()`, or by
a server such as uvicorn, whose lifespan events start and close it.

Two headers of a POST are its own business: `Idempotency-Key` is put on the bill, and
`x-sora-batch-shot` (percent-encoded UTF-8) is the shot id that is written on the picture.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import cast
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from sora_batch.clock import Clock, SystemClock
from sora_batch.shots import JobId, SourceKind
from sora_batch.simulator.acceptance import Change
from sora_batch.simulator.dialects.dialect import Dialect, Paging
from sora_batch.simulator.faults import CONTENT, CREATE, DELETE, LIST, POLL
from sora_batch.simulator.fields import Fields
from sora_batch.simulator.job import Job, Status
from sora_batch.simulator.library import Page
from sora_batch.simulator.orders import (
    models_of,
    read_extra,
    read_order,
    read_prompt,
    read_seconds,
    read_source,
)
from sora_batch.simulator.paths import AsSent, OwnHeaders, video_id
from sora_batch.simulator.protocol import deleted_object, list_object, video_object
from sora_batch.simulator.refusals import Refused, detail_envelope, invalid, no_such_video
from sora_batch.simulator.settings import SimulatorSettings
from sora_batch.simulator.simulator import Simulator
from sora_batch.simulator.stills import STILLS
from sora_batch.simulator.watching import fields_of, refusal, watched

SHOT_HEADER = "x-sora-batch-shot"

_LABEL_CHARACTERS = 200
_KEY_CHARACTERS = 255
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
        routes=_routes(simulator.dialect),
        exception_handlers={
            Refused: _refuse,
            HTTPException: _refuse_route,
            OSError: _refuse_disk,
            ClientDisconnect: _let_go,
        },
        lifespan=lifespan,
        middleware=[Middleware(OwnHeaders, simulator.dialect.headers), Middleware(AsSent)],
    )
    app.state.simulator = simulator
    return app


def _routes(dialect: Dialect) -> list[Route]:
    videos = f"{dialect.prefix}/videos"
    create = partial(watched, CREATE)
    routes = [
        Route(videos, create(_create), methods=["POST"]),
        Route(videos, watched(LIST, _list), methods=["GET"]),
    ]
    if dialect.owner:
        routes.append(Route(f"{dialect.prefix}/models", _models, methods=["GET"]))
    if "edit" in dialect.orders.derivations:
        routes.append(Route(f"{videos}/edits", create(_edit), methods=["POST"]))
    if "extend" in dialect.orders.derivations:
        routes.append(Route(f"{videos}/extensions", create(_extend), methods=["POST"]))
    video = f"{videos}/{{video_id}}"
    routes.append(Route(video, watched(POLL, _retrieve), methods=["GET"]))
    if dialect.delete != "nothing":
        routes.append(Route(video, watched(DELETE, _delete), methods=["DELETE"]))
    routes.append(Route(f"{video}/content", watched(CONTENT, _content), methods=["GET"]))
    if "remix" in dialect.orders.derivations:
        routes.append(Route(f"{video}/remix", create(_remix), methods=["POST"]))
    return routes


async def _create(request: Request) -> Response:
    simulator = _simulator(request)
    fields = await _fields(request)
    if "input_reference" in fields.files or "input_reference" in fields.values:
        order = await asyncio.to_thread(read_order, fields, simulator.settings)
    else:
        order = read_order(fields, simulator.settings)
    job = await simulator.order(order, label=_label(request), key=_key(request))
    return _show(simulator, job, again=False)


async def _remix(request: Request) -> Response:
    fields = await _fields(request)
    return await _derive(request, "remix", video_id(request), fields)


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
        source=JobId(simulator.dialect.known_id(source)),
        prompt=read_prompt(fields),
        more_seconds=more,
        extra=read_extra(fields),
    )
    job = await simulator.derive(change, label=_label(request), key=_key(request))
    return _show(simulator, job, again=False)


async def _retrieve(request: Request) -> Response:
    simulator = _simulator(request)
    job = simulator.job(simulator.dialect.known_id(video_id(request)))
    return _show(simulator, job, again=True)


async def _list(request: Request) -> Response:
    simulator = _simulator(request)
    dialect, query = simulator.dialect, request.query_params
    if dialect.paging is None:
        raise Refused(dialect.no_list.status, dialect.no_list.words)
    order = query.get("order", "desc")
    if order not in {"asc", "desc"}:
        raise invalid("Invalid value for 'order': use 'asc' or 'desc'.", param="order")
    limit, after = _limit(query.get("limit"), dialect.paging), query.get("after") or None
    if after is not None:
        after = dialect.known_id(after)
    if after is not None and not dialect.paging.knows_after and simulator.peek(after) is None:
        return JSONResponse(list_object(Page((), has_more=False), []))
    page = simulator.page(limit=limit, after=after, newest_first=order == "desc")
    if limit == 0 and dialect.paging.hollow_zero:
        page = replace(page, has_more=True)
    videos = [video_object(job, simulator.progress(job), dialect) for job in page.jobs]
    return JSONResponse(list_object(page, videos))


async def _models(request: Request) -> Response:
    simulator = _simulator(request)
    shape = {"object": "model", "created": 0, "owned_by": simulator.dialect.owner}
    models = [{"id": name, **shape} for name in models_of(simulator.settings)]
    return JSONResponse({"object": "list", "data": models})


async def _delete(request: Request) -> Response:
    simulator = _simulator(request)
    job = await simulator.delete(simulator.dialect.known_id(video_id(request)))
    return JSONResponse(deleted_object(job, simulator.dialect))


async def _content(request: Request) -> Response:
    simulator = _simulator(request)
    dialect = simulator.dialect
    job = simulator.job(dialect.known_id(video_id(request)))
    variant = request.query_params.get("variant", "video")
    if dialect.variants == "index" and request.query_params.get("variant", "0") != "0":
        raise no_such_video(job.id)
    if dialect.variants != "named" or variant == "video":
        answer = _file(request, simulator.clip_path(job), "video/mp4", ranges=dialect.ranges)
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
    path = await simulator.still(job, still)
    return _file(request, path, still.media_type, ranges=dialect.ranges)


def _file(request: Request, path: Path, media_type: str, *, ranges: bool) -> Response:
    """The file, or the range of it that is asked for."""
    stat = path.stat()
    answer = FileResponse(path, media_type=media_type, stat_result=stat)
    if not ranges:
        del answer.headers["accept-ranges"]
        return Response(path.read_bytes(), headers=dict(answer.headers))
    if stat.st_size > _SMALL_BYTES or "range" in request.headers:
        return answer
    # Streaming hands every chunk to a thread and back: 2 ms for what is read in 0.05.
    return Response(path.read_bytes(), headers=dict(answer.headers))


def _show(simulator: Simulator, job: Job, *, again: bool) -> Response:
    dialect, headers = simulator.dialect, {}
    if not job.status.over and dialect.poll_after_ms is not None:
        reckoned = dialect.poll_after_ms < 0
        hint = simulator.poll_after_ms(job) if reckoned else dialect.poll_after_ms
        headers["openai-poll-after-ms"] = str(hint)
    shown = video_object(job, simulator.progress(job), dialect, again=again)
    if not (again and job.status is Status.FAILED):
        return JSONResponse(shown, headers=headers)
    said = shown if dialect.quotes is None else dialect.quotes(job, shown)
    return JSONResponse(said, dialect.failed_code, headers=headers)


def _simulator(request: Request) -> Simulator:
    return cast(Simulator, request.app.state.simulator)


async def _fields(request: Request) -> Fields:
    takes_json = _simulator(request).dialect.orders.json
    kind = request.headers.get("content-type", "")
    if not takes_json and not kind.startswith("multipart/form-data"):
        raise Refused(422, "Missing required parameter: 'prompt'.", param="prompt")
    return await fields_of(request)


def _label(request: Request) -> str:
    return unquote(request.headers.get(SHOT_HEADER, ""))[:_LABEL_CHARACTERS]


def _key(request: Request) -> str:
    return request.headers.get("idempotency-key", "")[:_KEY_CHARACTERS]


def _limit(text: str | None, paging: Paging) -> int:
    if text is None:
        return paging.default if paging.default is not None else sys.maxsize
    is_number = text.isascii() and text.isdigit()
    if not is_number or not paging.least <= int(text[:9]) <= paging.most:
        raise invalid(
            f"Invalid value for 'limit': expected {paging.least} to {paging.most}.",
            param="limit",
            code="invalid_value",
        )
    return int(text)


async def _refuse(request: Request, error: Exception) -> Response:
    return refusal(_simulator(request), cast(Refused, error))


async def _refuse_route(request: Request, error: Exception) -> Response:
    simulator, refused = _simulator(request), cast(HTTPException, error)
    words = f"Invalid URL ({request.method} {request.url.path})"
    if simulator.dialect.envelope is detail_envelope:
        words = refused.detail
    status = refused.status_code
    status = simulator.dialect.no_method if status == 405 else status
    return refusal(simulator, Refused(status, words))


async def _let_go(_: Request, error: Exception) -> Response:
    # Whoever ordered was killed half-way through; nobody reads this.
    return Response(status_code=400)


async def _refuse_disk(request: Request, error: Exception) -> Response:
    words = f"The simulator's folder cannot be written: {error}"
    return refusal(_simulator(request), Refused(507, words))
