"""The one seam to the network: an httpx client, and which of its failures prove what.

Foreign errors are told apart here and nowhere else. The trap: over the aiohttp transport a
connection that was reset after the request was sent also arrives as `httpx.ConnectTimeout`
(httpx-aiohttp 0.2 maps every `ClientConnectionError` to it), so only the cause below it, a failure
to connect at all, proves that nothing was sent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream

from sora_batch.errors import UsageError

CONNECTIONS = 64
CHUNK_BYTES = 256 * 1024
REPLY_LIMIT_BYTES = 8 * 1024 * 1024

# Servers drop idle connections after 5 s or more; a create sent into a connection that is being
# closed would be an unknown outcome and a shot on hold, so ours are dropped earlier.
_KEEPALIVE_S = 3.0
_TIMEOUT = httpx.Timeout(connect=15.0, read=90.0, write=90.0, pool=60.0).as_dict()
_HEADERS = {"User-Agent": "sora-batch", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}


class _Transport(AiohttpTransport):
    """The aiohttp transport, with the errors that it lets through in httpx's words too.

    It keeps no cookies: a jar is looked through with every request, and no server needs one.
    """

    def get_client(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=CONNECTIONS, keepalive_timeout=_KEEPALIVE_S, ssl=self.ssl_context
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response = await super().handle_async_request(request)
        except aiohttp.ClientError as error:
            # An answer that is no HTTP, for one: seen with httpx-aiohttp 0.2.
            raise httpx.RemoteProtocolError(str(error), request=request) from error
        if isinstance(response.stream, AiohttpResponseStream):
            # Its own 16 KiB are a thousand turns of the loop for a clip of 20 MB.
            response.stream.CHUNK_SIZE = CHUNK_BYTES
        return response


class ReplyTooLarge(httpx.HTTPError):
    """An answer that is no video object: larger than any could be."""


class Client(httpx.AsyncClient):
    """Builds requests for whole addresses and sends them as they are: no redirect, cookie, login or
    base address is looked for, which was a third of the time that httpx took."""

    def __init__(self, through: httpx.AsyncBaseTransport) -> None:
        super().__init__(transport=through)
        self._through = through

    def build_request(  # type: ignore[override]
        self,
        method: str,
        url: httpx.URL | str,
        *,
        headers: Mapping[str, str] | None = None,
        **content: Any,
    ) -> httpx.Request:
        """A request to a whole address; `content` is what httpx.Request takes."""
        return httpx.Request(
            method,
            url,
            headers={**_HEADERS, **(headers or {})},
            extensions={"timeout": _TIMEOUT},
            **content,
        )

    async def send(
        self, request: httpx.Request, *, stream: bool = False, **_unused: object
    ) -> httpx.Response:
        """One request, once, and its answer, unread with `stream`. Raises httpx.HTTPError."""
        try:
            response = await self._through.handle_async_request(request)
        except httpx.RequestError as error:
            error.request = request
            raise
        response.request = request
        if not stream:
            await response.aread()
        return response


def remote_client(base_url: str) -> Client:
    """A client for a server on a network, with one bounded pool of connections.

    Goes through the proxy that the environment names (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), but for
    servers on this machine. Raises UsageError where that is no HTTP proxy.
    """
    return Client(_Transport(proxy=_proxy_for(httpx.URL(base_url))))


def _proxy_for(url: httpx.URL) -> httpx.Proxy | None:
    address = getproxies().get(url.scheme)
    if not address or _is_here(url.host) or proxy_bypass(url.host):
        return None
    proxy = httpx.URL(address if "://" in address else f"http://{address}")
    if proxy.scheme not in {"http", "https"}:
        raise UsageError(
            f"the proxy in {url.scheme.upper()}_PROXY speaks {proxy.scheme}, not HTTP",
            fix=f"name an HTTP proxy, or add {url.host} to NO_PROXY",
        )
    return httpx.Proxy(proxy)


def _is_here(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def was_never_sent(error: httpx.HTTPError) -> bool:
    """Whether this failure proves that no byte of the request reached a server."""
    cause = error.__cause__
    if isinstance(cause, aiohttp.ClientError):
        # The last is a proxy's answer to CONNECT: an order is sent only through what it opens.
        return isinstance(
            cause,
            aiohttp.ClientConnectorError
            | aiohttp.ConnectionTimeoutError
            | aiohttp.ClientHttpProxyError,
        )
    if isinstance(error, httpx.ProxyError):
        # Through a proxy, https is refused at CONNECT; plain http may have been passed on.
        return error.request.url.scheme == "https"
    return isinstance(
        error,
        httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.UnsupportedProtocol,
    )


async def exchange(
    client: httpx.AsyncClient, request: httpx.Request
) -> tuple[httpx.Response, bytes]:
    """Sends one request, once, and reads a bounded answer. Raises httpx.HTTPError."""
    response = await client.send(request, stream=True)
    try:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > REPLY_LIMIT_BYTES:
                raise ReplyTooLarge(f"an answer of more than {REPLY_LIMIT_BYTES} bytes")
    finally:
        await response.aclose()
    return response, bytes(body)


def in_words(error: Exception) -> str:
    """A failure of the network in a few words, for a person."""
    named = {
        httpx.ConnectTimeout: "no connection in time",
        httpx.ConnectError: "no connection",
        httpx.ReadTimeout: "no answer in time",
        httpx.WriteTimeout: "the request could not be sent in time",
        httpx.PoolTimeout: "no free connection in time",
        httpx.RemoteProtocolError: "the connection broke off",
        httpx.ReadError: "the connection broke off",
    }
    cause = error.__cause__
    if isinstance(cause, aiohttp.ClientConnectorError):
        return f"no connection ({_below(cause)})"
    if isinstance(cause, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError):
        return "the connection broke off"
    words = next((said for kind, said in named.items() if isinstance(error, kind)), "")
    detail = str(error).strip() or type(error).__name__
    return f"{words} ({detail})" if words else detail


def _below(error: aiohttp.ClientConnectorError) -> str:
    """What the system said: `Connection refused`, not the call that asyncio made."""
    below = error.__cause__
    number = below.errno if isinstance(below, OSError) else None
    if number is not None and number > 0:
        return os.strerror(number)
    return str(getattr(below, "strerror", None) or below or error)
