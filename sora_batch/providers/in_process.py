"""Carries requests to an application in this process as a network would: streamed, or broken off.

`httpx.ASGITransport` holds an answer back until the application has ended, whole clips in memory,
and lets its exceptions through. Here an answer begins when it begins, its body is taken from the
application as it is read, and an application that hangs up is a connection that broke.

What was asked goes on when whoever asked has stopped waiting, as on any server; `aclose` ends it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import httpx

from sora_batch.simulator import HANG_UP

_log = logging.getLogger(__name__)

_CHUNKS_AHEAD = 4

_Message: TypeAlias = MutableMapping[str, Any]
Application: TypeAlias = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[_Message]],
        Callable[[_Message], Awaitable[None]],
    ],
    Awaitable[None],
]


class InProcessTransport(httpx.AsyncBaseTransport):
    """One application, reached without a network."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._open: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer once it has begun. Raises httpx.ReadError, httpx.ReadTimeout."""
        exchange = _Exchange(request, await request.aread())
        task = asyncio.ensure_future(exchange.run(self._app))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        try:
            await exchange.within_time(exchange.begun)
        except BaseException:
            await exchange.aclose()
            raise
        return httpx.Response(exchange.status, headers=exchange.headers, stream=exchange)

    async def aclose(self) -> None:
        """Ends what is still going on."""
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


class _Exchange(httpx.AsyncByteStream):
    """One request and its answer."""

    def __init__(self, request: httpx.Request, body: bytes) -> None:
        self._request = request
        self._body: bytes | None = body
        self._left = asyncio.Event()
        self._chunks: asyncio.Queue[bytes | httpx.HTTPError | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(_CHUNKS_AHEAD)
        self._ended = False
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []

    async def run(self, app: Application) -> None:
        """Lets the application answer."""
        try:
            await app(self._scope(), self._receive, self._send)
        except ConnectionResetError:
            self._break_off()
        except Exception:  # noqa: BLE001 - a server answers 500 and lives on
            _log.exception("%s %s ended in a mistake", self._request.method, self._request.url)
        if not self._ended:
            self._break_off()

    def _scope(self) -> MutableMapping[str, Any]:
        url = self._request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self._request.method,
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.split(b"?")[0],
            "query_string": url.query,
            "server": (url.host, url.port),
            "client": ("127.0.0.1", 1),
            "root_path": "",
            HANG_UP: lambda at_once: self._break_off(),
        }

    async def _receive(self) -> _Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: _Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = list(message.get("headers", []))
            if not self.begun.done():
                self.begun.set_result(None)
            return
        if (body := message.get("body", b"")) and not self._left.is_set():
            await self._room.acquire()
            self._chunks.put_nowait(body)
        if not message.get("more_body", False):
            self._ended = True
            self._chunks.put_nowait(None)

    def _break_off(self) -> None:
        if self._ended:
            return
        self._ended = True
        broken = httpx.ReadError("the connection broke off", request=self._request)
        if not self.begun.done():
            self.begun.set_exception(broken)
        else:
            self._chunks.put_nowait(broken)
        self._left.set()

    async def within_time(self, waiting: Awaitable[Any]) -> Any:
        """What is waited for. Raises httpx.ReadTimeout."""
        limit_s = self._request.extensions.get("timeout", {}).get("read")
        try:
            async with asyncio.timeout(limit_s):
                return await waiting
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in time", request=self._request) from error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            chunk = await self.within_time(self._chunks.get())
            if chunk is None:
                return
            if isinstance(chunk, httpx.HTTPError):
                raise chunk
            self._room.release()
            yield chunk

    async def aclose(self) -> None:
        """The reader has gone; nothing more is kept for it."""
        self._left.set()
        # Whoever waits for room to send is let through, and finds nobody there.
        self._room.release()
