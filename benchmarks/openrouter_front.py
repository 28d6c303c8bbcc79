"""Puts OpenRouter's job API before a simulator, so that what goes wrong there goes wrong here too.

An order becomes one of `/v1/videos`, an answer that shows a job becomes OpenRouter's; what is no
job (an error, half an answer, somebody's page, the clip) passes as it is. A job that is done says
what it cost: PRICE a second, in HURRY_PRICE.
"""

from __future__ import annotations

import json
import os
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SIZES = {("720p", "16:9"): "1280x720", ("480p", "16:9"): "854x480"}
_WORDS = {"queued": "pending"}


class OpenRouterFront:
    """The application as OpenRouter would show it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request and its answer on, in the other's words."""
        if scope["type"] != "http" or scope["path"].endswith("/content"):
            await self._app(scope, receive, send)
            return
        is_order = scope["method"] == "POST"
        if is_order:
            scope, receive = await _order(scope, receive)
        await self._app(scope, receive, _Answer(send, scope["path"] if is_order else ""))


async def _order(scope: Scope, receive: Receive) -> tuple[Scope, Receive]:
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return scope, receive
        body, more = body + message.get("body", b""), message.get("more_body", False)
    asked = json.loads(body)
    size = asked.get("size") or _SIZES[asked["resolution"], asked["aspect_ratio"]]
    order = {"prompt": asked["prompt"], "model": asked["model"], "size": size}
    sent = json.dumps({**order, "seconds": str(asked["duration"])}).encode()
    headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    scope = {**scope, "headers": [*headers, (b"content-length", str(len(sent)).encode())]}
    waiting: list[Message] = [{"type": "http.request", "body": sent, "more_body": False}]

    async def once() -> Message:
        return waiting.pop() if waiting else await receive()

    return scope, once


class _Answer:
    """Holds an answer back until it is whole, and says it in OpenRouter's words."""

    def __init__(self, send: Send, ordered_at: str) -> None:
        self._send = send
        self._ordered_at = ordered_at
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        status, body = self._start["status"], self._body
        if (job := _job(body)) is not None:
            status = 202 if self._ordered_at and status == 200 else status
            body = json.dumps(_shown(job, self._ordered_at)).encode()
        headers = [one for one in self._start["headers"] if one[0] != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**self._start, "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _job(body: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(body)
    except ValueError:
        return None
    return data if isinstance(data, dict) and data.get("object") == "video" else None


def _shown(job: dict[str, Any], ordered_at: str) -> dict[str, Any]:
    status = _WORDS.get(job["status"], job["status"])
    shown: dict[str, Any] = {"status": status}
    if "id" in job:
        shown["id"] = job["id"]
    if ordered_at and "id" in job:
        shown["polling_url"] = f"{ordered_at}/{job['id']}"
    if status == "completed":
        cost = float(job["seconds"]) * float(os.environ["HURRY_PRICE"])
        shown |= {"generation_id": "gen-9", "usage": {"cost": cost, "is_byok": False}}
    if job.get("error"):
        shown["error"] = job["error"]["message"]
    return shown
