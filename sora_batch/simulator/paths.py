"""Paths as they were sent: an id may hold what separates paths, as gateways' ids do."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send


class AsSent:
    """Finds routes by the path before it is decoded: an encoded `/` in an id is no separator."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on with its path as it was sent."""
        if raw := scope.get("raw_path"):
            scope["path"] = raw.decode("ascii", "replace")
        await self._app(scope, receive, send)


def video_id(request: Request) -> str:
    """The id in the path, decoded."""
    return unquote(request.path_params["video_id"])
