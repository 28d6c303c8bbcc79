"""Paths as they were sent: an id may hold what separates paths, as gateways' ids do; and the
headers by which some families are known."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class AsSent:
    """Finds routes by the path before it is decoded: an encoded `/` in an id is no separator."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on with its path as it was sent."""
        if raw := scope.get("raw_path"):
            scope["path"] = raw.decode("ascii", "replace")
        await self._app(scope, receive, send)


class OwnHeaders:
    """Adds a family's own headers to every answer."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, and the answer back with the headers."""

        async def sign(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._headers]}
            await send(message)

        await self._app(scope, receive, sign if self._headers else send)


def video_id(request: Request) -> str:
    """The id in the path, decoded."""
    return unquote(request.path_params["video_id"])
