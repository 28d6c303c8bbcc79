"""Answers that are none: dropped connections, silence, other people's pages, half a clip.

An application cannot drop a connection; whoever carries its messages can. So the carrier puts a
function under `HANG_UP` into the request's scope: `serving.py` does so below uvicorn, the client's
in-process transport does so too, and on both sides of either the client sees what it would see on a
network. Without such a carrier the request ends in a ConnectionResetError.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import cast

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from sora_batch.clock import Clock
from sora_batch.simulator.faults import Fault

HANG_UP = "sora_batch.hang_up"

_ENDLESS_S = 3600.0
_PAGE = (
    "<html><head><title>{title}</title></head>"
    "<body><center><h1>{title}</h1></center><hr><center>nginx</center></body></html>"
)


class Silence(Response):
    """Nothing for some seconds, then a dropped connection."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        super().__init__()
        self._clock = clock
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keeps the client waiting."""
        await _wait(self._clock, self._seconds, receive)
        await _hang_up(scope, receive, at_once=True)


class Torn(Response):
    """The beginning of another answer, then nothing for some seconds, then a dropped connection."""

    def __init__(self, whole: Response, share: float, clock: Clock, seconds: float) -> None:
        super().__init__()
        self._whole = whole
        self._share = share
        self._clock = clock
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends what it may and tears the rest off."""
        left = 0

        async def some(message: Message) -> None:
            nonlocal left
            if message["type"] == "http.response.start":
                headers = dict(message["headers"])
                left = int(int(headers.get(b"content-length", b"0")) * self._share)
                return await send(message)
            body = message.get("body", b"")[:left]
            left -= len(body)
            await send({"type": "http.response.body", "body": body, "more_body": True})
            if left <= 0:
                raise _Enough
            return None

        try:
            await self._whole(scope, receive, some)
        except _Enough:
            await _wait(self._clock, self._seconds, receive)
        await _hang_up(scope, receive, at_once=False)


class _Enough(Exception):
    """As much was sent as was to be."""


def broken(fault: Fault, clock: Clock, whole: Response | None) -> Response | None:
    """The answer a rule about requests gives in place of the whole one, None where it is none of
    these: they need to know the dialect or the job."""
    seconds = _ENDLESS_S if fault.seconds is None else fault.seconds
    if fault.do == "reset":
        return Silence(clock, 0.0)
    if fault.do == "hang":
        return Silence(clock, seconds)
    if fault.do == "html":
        return HTMLResponse(_PAGE.format(title="Please wait"))
    if whole is None:
        return None
    if fault.do == "truncate":
        return Torn(whole, fault.share, clock, 0.0)
    if fault.do == "stall":
        return Torn(whole, fault.share, clock, seconds)
    if fault.do == "garbage":
        body = bytes(whole.body)
        return Response(body[: len(body) // 2], media_type="application/json")
    if fault.do == "no-id":
        video = json.loads(bytes(whole.body))
        return JSONResponse({name: value for name, value in video.items() if name != "id"})
    if fault.do == "status":
        video = json.loads(bytes(whole.body))
        return JSONResponse({**video, "status": fault.word, "completed_at": None})
    return None


def error_page(status: int) -> Response:
    """A proxy's own page for an error."""
    return HTMLResponse(_PAGE.format(title=f"{status} Bad Gateway"), status_code=status)


def waiting_headers(form: str, seconds: float, clock: Clock) -> dict[str, str]:
    """How an answer says that one is to wait, in one of the forms in use."""
    if form == "date":
        moment = clock.now().replace(microsecond=0) + timedelta(seconds=max(1.0, seconds))
        return {"retry-after": format_datetime(moment, usegmt=True)}
    if form == "ms":
        return {"retry-after-ms": str(int(seconds * 1000))}
    if form == "reset":
        return {"x-ratelimit-reset-requests": f"{int(seconds * 1000)}ms"}
    return {"retry-after": f"{seconds:g}"}


async def _wait(clock: Clock, seconds: float, receive: Receive) -> None:
    """Returns after so long, or when the client has gone."""
    if seconds <= 0:
        return
    waiting = [
        asyncio.ensure_future(clock.sleep(seconds)),
        asyncio.ensure_future(_gone(receive)),
    ]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()


async def _hang_up(scope: Scope, receive: Receive, *, at_once: bool) -> None:
    act = cast("Callable[[bool], None] | None", scope.get(HANG_UP))
    if act is None:
        raise ConnectionResetError("the simulator dropped the connection")
    act(at_once)
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    # What is left of the request may come first.
    while True:
        if (await receive())["type"] == "http.disconnect":
            return
