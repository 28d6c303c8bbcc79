"""Speaks the `/v1/videos` protocol to any server of the family, in its dialect.

Every call is one request: no retry hides in here. The trap: an answer to create that does not
prove that nothing was accepted (5xx, a timeout, a reply nobody can read) is an unknown outcome.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from sora_batch.clock import Clock
from sora_batch.planning.capabilities import Listing
from sora_batch.providers import listing, replies, transport
from sora_batch.providers.connection import Connection
from sora_batch.providers.dialects import Dialect
from sora_batch.providers.gateway import failed_behind
from sora_batch.providers.provider import (
    JobList,
    JobMissing,
    JobReport,
    JobUnreachable,
    OutcomeUnknown,
    RenderRequest,
)
from sora_batch.shots import JobId, Json

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
        self._server = Connection(
            client,
            clock,
            base_url=base_url,
            key=key,
            key_header=dialect.key_header,
            ranges=dialect.ranges,
        )
        self.kind = dialect.kind
        self.base_url = self._server.base_url
        self.capabilities = dialect.capabilities
        self.poll_floor_s = dialect.poll_floor_s
        self._dialect = dialect

    def __repr__(self) -> str:
        return f"VideosApi({self.kind!r}, {self.base_url!r})"

    async def submit(self, request: RenderRequest) -> JobReport:
        """Orders one clip, once. Raises NotAccepted, OutcomeUnknown."""
        http = self._create_request(request)
        response, body = await self._server.order(
            http,
            busy=self._dialect.busy,
            refuses=self._dialect.refuses,
            from_job=request.source_kind is not None,
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
        response, body = await self._server.ask(f"/videos/{quote(job, safe='')}")
        data = replies.parse_json(body) or {}
        if self._dialect.quotes_jobs and not response.is_success:
            data = failed_behind(data, job) or data
        report = replies.job_report(data, poll_after_s=replies.poll_hint_s(response.headers))
        # vLLM-Omni answers a failed job with an error code and the whole job as its body.
        if report is not None and (response.is_success or _is_failed_job(data, job)):
            return report
        raise self._server.no_answer(response, body, "what became of the job")

    async def download(self, job: JobId, target: Path, *, limit_bytes: int) -> int:
        """Streams the clip into the file; its size. Raises JobUnreachable, JobMissing, OSError."""
        path = f"/videos/{quote(job, safe='')}/content"
        return await self._server.fetch(path, target, limit_bytes)

    async def thumbnail(self, job: JobId, target: Path) -> bool:
        """The server's thumbnail into the file; False where it offers none."""
        if not self._dialect.variants:
            return False
        path = f"/videos/{quote(job, safe='')}/content"
        try:
            size = await self._server.fetch(
                path, target, transport.REPLY_LIMIT_BYTES, {"variant": "thumbnail"}
            )
        except (JobMissing, JobUnreachable):
            target.unlink(missing_ok=True)
            return False
        return size > 0

    async def list_jobs(
        self, limit: int, *, since: datetime | None = None, after: JobId | None = None
    ) -> JobList:
        """The newest jobs first; nothing where the server cannot list. Raises JobUnreachable."""
        if self.capabilities.listing is Listing.NONE:
            return JobList(ahead_s=self._server.ahead_s)
        jobs, whole = await listing.read_list(self._page, limit=limit, since=since, after=after)
        return JobList(jobs=jobs, whole=whole, ahead_s=self._server.ahead_s)

    async def delete(self, job: JobId) -> None:
        """Takes a job from the server's library. Raises JobUnreachable, JobMissing."""
        response, body = await self._server.ask(f"/videos/{quote(job, safe='')}", method="DELETE")
        if not response.is_success:
            raise self._server.no_answer(response, body, "the job's deletion")

    async def _page(self, params: Mapping[str, str]) -> Mapping[str, Any]:
        response, body = await self._server.ask("/videos", params)
        data = replies.parse_json(body) or {}
        if not response.is_success or not isinstance(data.get("data"), list):
            answer = self._server.no_answer(response, body, "its list of jobs")
            raise answer if isinstance(answer, JobUnreachable) else JobUnreachable(answer.message)
        return data

    async def close(self) -> None:
        """Lets the connections go."""
        await self._server.close()

    def _create_request(self, request: RenderRequest) -> httpx.Request:
        headers = {
            **self._server.headers,
            **self._dialect.order_headers,
            "Idempotency-Key": request.key,
        }
        if self._dialect.label_header and request.label:
            headers[self._dialect.label_header] = quote(request.label, safe="")
        build = self._server.client.build_request
        if request.source_kind == "remix":
            path = f"/videos/{quote(request.source_job or '', safe='')}/remix"
            url, prompt = self.base_url + path, request.prompt
            if self._dialect.remix_form:
                return build("POST", url, files={"prompt": (None, prompt)}, headers=headers)
            return build("POST", url, json={"prompt": prompt}, headers=headers)
        if request.source_kind is not None:
            order: dict[str, Json] = {
                "prompt": request.prompt,
                "video": {"id": request.source_job},
            }
            if request.source_kind == "extend":
                order["seconds"] = str(request.seconds)
            url = self.base_url + _SOURCE_PATHS[request.source_kind]
            return build("POST", url, json=order, headers=headers)
        # Multipart is the one encoding that every server of the family takes.
        return build("POST", self.base_url + "/videos", files=_parts(request), headers=headers)


def _is_failed_job(data: Mapping[str, Any], job: JobId) -> bool:
    """Whether an error answer is a job that failed; a gateway's own may have an id and a status
    too, of the request."""
    return "error" in data and (data.get("object") == "video" or data.get("id") == job)


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
