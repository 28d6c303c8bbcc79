"""One server behind its key: single requests, and what their answers prove, for every protocol.

Every call is one request: no retry hides in here. Nothing here knows what a job looks like; the
protocols (`videos_api.py`, `openrouter.py`) do. The trap: an answer to create that does not prove
that nothing was accepted is an unknown outcome.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO
from urllib.parse import urlencode

import httpx

from sora_batch.clock import Clock
from sora_batch.providers import refusals, replies, transport
from sora_batch.providers.provider import JobMissing, JobUnreachable, NotAccepted, OutcomeUnknown

_REDIRECTS = 5


class Connection:
    """Requests to one server. The key goes to that server only and is in no representation.

    `ahead_s` is by how much the server's clock is ahead of ours, as its answers say; None where
    they do not.

    `key_header` carries the key, `Authorization` as a bearer. `ranges` is whether a download can
    go on where it broke off.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        clock: Clock,
        *,
        base_url: str,
        key: str | None,
        key_header: str = "Authorization",
        ranges: bool = False,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.ahead_s: float | None = None
        self.client = client
        self._clock = clock
        self._key = key
        self._key_header = key_header
        self._ranges = ranges

    @property
    def headers(self) -> dict[str, str]:
        """What proves who is asking; empty without a key."""
        if self._key is None:
            return {}
        bearer = self._key_header == "Authorization"
        return {self._key_header: f"Bearer {self._key}" if bearer else self._key}

    async def order(
        self,
        request: httpx.Request,
        *,
        busy: frozenset[int] = frozenset(),
        from_job: bool = True,
        refuses: frozenset[str] = frozenset(),
    ) -> tuple[httpx.Response, bytes]:
        """Sends a create, once: a success and its body. Raises NotAccepted, OutcomeUnknown.

        `busy` are the codes, besides 429, by which it is turned away for now; `from_job` is
        whether the order can name another job, which may be missing. `refuses` are the words by
        which it is turned down for certain, whatever the code.
        """
        try:
            response, body = self._unsaid(*await transport.exchange(self.client, request))
        except httpx.HTTPError as error:
            words = transport.in_words(error)
            if transport.was_never_sent(error):
                raise NotAccepted(refusals.unreachable(self.base_url, words)) from error
            raise OutcomeUnknown(f"the order was sent and no answer came: {words}") from error
        except OSError as error:
            raise OutcomeUnknown(f"the order was sent and no answer came: {error}") from error
        if not response.is_success:
            raise refusals.of_create(
                response.status_code,
                response.headers,
                body,
                busy=busy,
                from_job=from_job,
                refuses=refuses,
                now=self._clock.now(),
            )
        return response, body

    async def ask(
        self, path: str, params: Mapping[str, str] | None = None, *, method: str = "GET"
    ) -> tuple[httpx.Response, bytes]:
        """A small answer, whatever its code. Raises JobUnreachable.

        `path` is below the base address, or a whole address on the same server.
        """
        url = path if path.startswith(("http://", "https://")) else self.base_url + path
        request = self.client.build_request(method, url, params=params, headers=self.headers)
        began = self._clock.now()
        try:
            response, body = self._unsaid(*await transport.exchange(self.client, request))
        except (httpx.HTTPError, OSError) as error:
            raise JobUnreachable(transport.in_words(error)) from error
        said = replies.ahead_s(response.headers, began, self._clock.now())
        self.ahead_s = said if said is not None else self.ahead_s
        return response, body

    async def fetch(
        self, path: str, target: Path, limit_bytes: int, params: Mapping[str, str] | None = None
    ) -> int:
        """Streams an answer into the file; its size. Raises JobUnreachable, JobMissing, OSError."""
        have = target.stat().st_size if self._ranges and target.exists() else 0
        headers = {**self.headers, "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        address = self.base_url + path + (f"?{urlencode(params)}" if params else "")
        try:
            response = await self._follow(address, headers)
            try:
                return await self._stream(response, target, have, limit_bytes)
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise JobUnreachable(transport.in_words(error)) from error

    def no_answer(
        self, response: httpx.Response, body: bytes, wanted: str
    ) -> JobMissing | JobUnreachable:
        """The exception that stands for an answer that is not what was asked for."""
        code = response.status_code
        word, words = replies.error_words(body)
        message = f"the server answered {code} when asked for {wanted}" + (
            f": {words}" if words else ""
        )
        if code in {404, 410} or replies.is_no_such_job(word):
            return JobMissing(message, expired=code == 410)
        wait = replies.retry_after_s(response.headers, self._clock.now())
        return JobUnreachable(message, retry_after_s=wait)

    async def close(self) -> None:
        """Lets the connections go."""
        await self.client.aclose()

    def _unsaid(self, response: httpx.Response, body: bytes) -> tuple[httpx.Response, bytes]:
        """The answer without our key: servers quote it in errors, which are shown and kept."""
        if self._key:
            body = body.replace(self._key.encode(), b"(the key)")
        return response, body

    async def _follow(self, address: str, headers: dict[str, str]) -> httpx.Response:
        """GETs, following redirects; the key stays behind where one leaves the server."""
        request = self.client.build_request("GET", address, headers=headers)
        home = request.url
        for _ in range(_REDIRECTS):
            response = await self.client.send(request, stream=True)
            if not response.has_redirect_location:
                return response
            await response.aclose()
            url = request.url.join(response.headers["location"])
            if (url.scheme, url.host, url.port) != (home.scheme, home.host, home.port):
                headers = {k: v for k, v in headers.items() if k != self._key_header}
            request = self.client.build_request("GET", url, headers=headers)
        raise httpx.TooManyRedirects("more than 5 redirects")

    async def _stream(
        self, response: httpx.Response, target: Path, have: int, limit_bytes: int
    ) -> int:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            target.unlink()
            raise JobUnreachable("the server cannot go on where the download broke off")
        if not response.is_success:
            _, body = self._unsaid(response, await response.aread())
            raise self.no_answer(response, body, "the clip")
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
        size, mode = (have, "ab") if resumed else (0, "wb")
        chunks = _bounded(response, limit_bytes - size)
        first = await anext(chunks, b"")
        if not size and first.lstrip()[:1] in {b"<", b"{"}:
            # No clip begins so: whoever sent it stands in for the server, for now.
            raise JobUnreachable("a page or a message came instead of the clip")
        # The disk may take milliseconds over a file, and the loop has a thousand jobs to see to.
        file = await asyncio.to_thread(_begun, target, mode, first)
        try:
            async for chunk in chunks:
                await asyncio.to_thread(file.write, chunk)
            return file.tell()
        finally:
            file.close()


async def _bounded(response: httpx.Response, limit_bytes: int) -> AsyncIterator[bytes]:
    """The body, piece by piece. Raises JobUnreachable once it is longer than that."""
    size = 0
    async for chunk in response.aiter_bytes(transport.CHUNK_BYTES):
        size += len(chunk)
        if size > limit_bytes:
            raise JobUnreachable("the clip is larger than it may be")
        yield chunk


def _begun(target: Path, mode: str, first: bytes) -> IO[bytes]:
    with ExitStack() as stack:
        file = stack.enter_context(target.open(mode))
        file.write(first)
        stack.pop_all()
    return file
