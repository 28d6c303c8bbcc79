"""Speaks the `/v1/videos` protocol to any server of the family, in its dialect.

Every call is one request: no retry hides in here. The trap: an answer to create that does not
prove that nothing was accepted (5xx, a timeout, a reply nobody can read) is an unknown outcome.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import httpx

from sora_batch.clock import Clock
from sora_batch.planning.capabilities import Listing
from sora_batch.providers import refusals, replies, transport
from sora_batch.providers.dialects import Dialect
from sora_batch.providers.provider import (
    JobMissing,
    JobReport,
    JobUnreachable,
    NotAccepted,
    OutcomeUnknown,
    RenderRequest,
)
from sora_batch.shots import JobId, Json

_REDIRECTS = 5
_CHUNK_BYTES = 1024 * 1024
_MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
_SOURCE_PATHS = {"edit": "/videos/edits", "extend": "/videos/extensions"}


class VideosApi:
    """One server of the `/v1/videos` family."""

    def __init__(
        self,
        dialect: Dialect,
        client: httpx.AsyncClient,
        clock: Clock,
        *,
        base_url: str,
        key: str | None = None,
    ) -> None:
        self.kind = dialect.kind
        self.base_url = base_url.rstrip("/")
        self.capabilities = dialect.capabilities
        self.poll_floor_s = dialect.poll_floor_s
        self._dialect = dialect
        self._client = client
        self._clock = clock
        self._key = key

    def __repr__(self) -> str:
        return f"VideosApi({self.kind!r}, {self.base_url!r})"

    async def submit(self, request: RenderRequest) -> JobReport:
        """Orders one clip, once. Raises NotAccepted, OutcomeUnknown."""
        http = self._create_request(request)
        try:
            response, body = await transport.exchange(self._client, http)
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
                busy=self._dialect.busy,
                now=self._clock.now(),
            )
        report = replies.job_report(replies.parse_json(body) or {})
        if report is None:
            raise OutcomeUnknown(
                f"the server answered {response.status_code} without a job id",
                server_words=replies.error_words(body)[1],
            )
        return report

    async def poll(self, job: JobId) -> JobReport:
        """What became of a job. Raises JobUnreachable, JobMissing."""
        response, body = await self._ask("GET", f"/videos/{quote(job, safe='')}")
        data = replies.parse_json(body) or {}
        report = replies.job_report(data, poll_after_s=replies.poll_hint_s(response.headers))
        # vLLM-Omni answers a failed job with an error code and the whole job as its body.
        if report is not None and (response.is_success or "error" in data):
            return report
        raise self._no_answer(response, body, "what became of the job")

    async def download(self, job: JobId, target: Path, *, limit_bytes: int) -> int:
        """Streams the clip into the file; its size. Raises JobUnreachable, JobMissing, OSError."""
        path = f"/videos/{quote(job, safe='')}/content"
        return await self._fetch(path, target, limit_bytes, {})

    async def thumbnail(self, job: JobId, target: Path) -> bool:
        """The server's thumbnail into the file; False where it offers none."""
        if not self._dialect.variants:
            return False
        path = f"/videos/{quote(job, safe='')}/content"
        try:
            size = await self._fetch(
                path, target, transport.REPLY_LIMIT_BYTES, {"variant": "thumbnail"}
            )
        except (JobMissing, JobUnreachable):
            target.unlink(missing_ok=True)
            return False
        return size > 0

    async def list_jobs(self, limit: int) -> Sequence[JobReport]:
        """The newest jobs first, at most 100; empty where the server cannot list."""
        if self.capabilities.listing is Listing.NONE:
            return ()
        params = {"limit": str(min(limit, 100)), "order": "desc"}
        response, body = await self._ask("GET", "/videos", params)
        data = replies.parse_json(body) or {}
        items = data.get("data")
        if not response.is_success or not isinstance(items, list):
            raise self._no_answer(response, body, "its list of jobs")
        reports = (replies.job_report(item) for item in items if isinstance(item, dict))
        return tuple(report for report in reports if report is not None)

    async def close(self) -> None:
        """Lets the connections go."""
        await self._client.aclose()

    def _headers(self) -> dict[str, str]:
        if self._key is None:
            return {}
        bearer = self._dialect.key_header == "Authorization"
        return {self._dialect.key_header: f"Bearer {self._key}" if bearer else self._key}

    def _create_request(self, request: RenderRequest) -> httpx.Request:
        headers = {**self._headers(), "Idempotency-Key": request.key}
        if self._dialect.label_header and request.label:
            headers[self._dialect.label_header] = quote(request.label, safe="")
        if request.source_kind == "remix":
            path = f"/videos/{quote(request.source_job or '', safe='')}/remix"
            body = {"prompt": request.prompt}
            return self._client.build_request(
                "POST", self.base_url + path, json=body, headers=headers
            )
        if request.source_kind is not None:
            order: dict[str, Json] = {
                "prompt": request.prompt,
                "video": {"id": request.source_job},
            }
            if request.source_kind == "extend":
                order["seconds"] = str(request.seconds)
            url = self.base_url + _SOURCE_PATHS[request.source_kind]
            return self._client.build_request("POST", url, json=order, headers=headers)
        # Multipart is the one encoding that every server of the family takes.
        return self._client.build_request(
            "POST", self.base_url + "/videos", files=_parts(request), headers=headers
        )

    async def _ask(
        self, method: str, path: str, params: Mapping[str, str] | None = None
    ) -> tuple[httpx.Response, bytes]:
        http = self._client.build_request(
            method, self.base_url + path, params=params, headers=self._headers()
        )
        try:
            return await transport.exchange(self._client, http)
        except (httpx.HTTPError, OSError) as error:
            raise JobUnreachable(transport.in_words(error)) from error

    async def _fetch(
        self, path: str, target: Path, limit_bytes: int, params: Mapping[str, str]
    ) -> int:
        have = target.stat().st_size if target.exists() else 0
        have = have if self._dialect.ranges else 0
        headers = {**self._headers(), "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        url = httpx.URL(self.base_url + path, params=params)
        try:
            response = await self._follow(url, headers)
            try:
                return await self._stream(response, target, have, limit_bytes)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise JobUnreachable(transport.in_words(error)) from error

    async def _follow(self, url: httpx.URL, headers: dict[str, str]) -> httpx.Response:
        """GETs, following redirects; the key stays behind where one leaves the server."""
        home = (url.scheme, url.host, url.port)
        for _ in range(_REDIRECTS):
            request = self._client.build_request("GET", url, headers=headers)
            response = await self._client.send(request, stream=True)
            if not response.has_redirect_location:
                return response
            await response.aclose()
            url = url.join(response.headers["location"])
            if (url.scheme, url.host, url.port) != home:
                headers = {k: v for k, v in headers.items() if k != self._dialect.key_header}
        raise httpx.TooManyRedirects("more than 5 redirects")

    async def _stream(
        self, response: httpx.Response, target: Path, have: int, limit_bytes: int
    ) -> int:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            target.unlink()
            raise JobUnreachable("the server cannot go on where the download broke off")
        if not response.is_success:
            body = await response.aread()
            raise self._no_answer(response, body, "the clip")
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
        size, mode = (have, "ab") if resumed else (0, "wb")
        # The disk may take milliseconds to open a file, and the loop has a thousand jobs to see to.
        async for chunk in response.aiter_bytes(_CHUNK_BYTES):
            size += len(chunk)
            if size > limit_bytes:
                raise JobUnreachable(f"the clip is larger than {limit_bytes} bytes")
            await asyncio.to_thread(_write, target, mode, chunk)
            mode = "ab"
        if mode == "wb":
            await asyncio.to_thread(_write, target, mode, b"")
        return size

    def _no_answer(
        self, response: httpx.Response, body: bytes, wanted: str
    ) -> JobMissing | JobUnreachable:
        code = response.status_code
        _, words = replies.error_words(body)
        message = f"the server answered {code} when asked for {wanted}" + (
            f": {words}" if words else ""
        )
        if code in {404, 410}:
            return JobMissing(message, expired=code == 410)
        wait = replies.retry_after_s(response.headers, self._clock.now())
        return JobUnreachable(message, retry_after_s=wait)


def _write(target: Path, mode: str, chunk: bytes) -> None:
    with target.open(mode) as file:
        file.write(chunk)


def _parts(request: RenderRequest) -> list[tuple[str, tuple[str | None, bytes | str, str | None]]]:
    """The order as multipart parts; `seconds` is a string of digits, an option keeps its type."""
    fields: dict[str, Json] = {
        **request.options,
        "prompt": request.prompt,
        "model": request.model,
        "size": str(request.size),
        "seconds": str(request.seconds),
        **({"seed": request.seed} if request.seed is not None else {}),
    }
    parts: list[tuple[str, tuple[str | None, bytes | str, str | None]]] = [
        (name, (None, _as_text(value), None)) for name, value in fields.items()
    ]
    if request.reference is not None:
        media_type = _MEDIA_TYPES.get(request.reference.suffix.lower(), "image/webp")
        picture = (request.reference.name, request.reference.read_bytes(), media_type)
        parts.append(("input_reference", picture))
    return parts


def _as_text(value: Json) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
