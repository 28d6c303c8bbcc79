"""Speaks OpenRouter's job API: JSON orders, polled by id, downloaded by number.

Every call is one request: no retry hides in here. It has no list of jobs, so an order whose answer
was lost stays on hold. The trap: what a poll answers with may hold signed addresses that need no
key; they are secrets, and are neither used nor kept. The clip is fetched with the key instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from sora_batch.catalog import ModelEntry
from sora_batch.clock import Clock
from sora_batch.providers import replies
from sora_batch.providers.connection import Connection
from sora_batch.providers.dialects import Dialect
from sora_batch.providers.openrouter_orders import order_body
from sora_batch.providers.provider import (
    JobList,
    JobReport,
    JobStatus,
    JobUnreachable,
    OutcomeUnknown,
    RenderRequest,
)
from sora_batch.shots import JobId, Json

_OPEN = frozenset({JobStatus.QUEUED, JobStatus.RENDERING})


class OpenRouter:
    """OpenRouter, or a server that speaks like it.

    `find_model` has what is known of a model, by the server's name for it.
    """

    def __init__(
        self,
        dialect: Dialect,
        client: httpx.AsyncClient,
        clock: Clock,
        *,
        base_url: str,
        key: str | None = None,
        find_model: Callable[[str], ModelEntry | None],
    ) -> None:
        self._server = Connection(client, clock, base_url=base_url, key=key)
        self.kind = dialect.kind
        self.base_url = self._server.base_url
        self.capabilities = dialect.capabilities
        self.poll_floor_s = dialect.poll_floor_s
        self._find_model = find_model
        self._addresses: dict[JobId, str] = {}

    def __repr__(self) -> str:
        return f"OpenRouter({self.base_url!r})"

    async def submit(self, request: RenderRequest) -> JobReport:
        """Orders one clip, once. Raises NotAccepted, OutcomeUnknown."""
        body = await asyncio.to_thread(order_body, request, self._find_model(request.model))
        http = self._server.client.build_request(
            "POST",
            f"{self.base_url}/videos",
            json=body,
            headers={**self._server.headers, "Idempotency-Key": request.key},
        )
        response, answer = await self._server.order(http, from_job=False)
        data = replies.parse_json(answer) or {}
        report = _report(data, data.get("id"))
        if report is None:
            raise OutcomeUnknown(
                f"the server answered {response.status_code} without a job id",
                server_words=replies.error_words(answer)[1],
            )
        self._remember(report, data.get("polling_url"))
        return report

    async def poll(self, job: JobId) -> JobReport:
        """What became of a job. Raises JobUnreachable, JobMissing."""
        told = self._addresses.get(job)
        response, body = await self._server.ask(told or f"/videos/{quote(job, safe='')}")
        if response.status_code in {404, 410} and told is not None:
            # The address was the server's hint; only its documented one can say a job is gone.
            del self._addresses[job]
            raise JobUnreachable("the address to ask after the job leads nowhere")
        data = replies.parse_json(body) or {}
        report = _report(data, job) if response.is_success and data.get("status") else None
        if report is None:
            raise self._server.no_answer(response, body, "what became of the job")
        if report.status not in _OPEN:
            self._addresses.pop(job, None)
        return report

    async def download(self, job: JobId, target: Path, *, limit_bytes: int) -> int:
        """Streams the clip into the file; its size. Raises JobUnreachable, JobMissing, OSError."""
        path = f"/videos/{quote(job, safe='')}/content"
        return await self._server.fetch(path, target, limit_bytes, {"index": "0"})

    async def thumbnail(self, job: JobId, target: Path) -> bool:
        """False: it offers none."""
        return False

    async def list_jobs(
        self, limit: int, *, since: datetime | None = None, after: JobId | None = None
    ) -> JobList:
        """Nothing, and not whole: it has no list of jobs."""
        return JobList()

    async def delete(self, job: JobId) -> None:
        """Always JobUnreachable: it has no way to delete or stop a job."""
        raise JobUnreachable("OpenRouter has no way to delete or stop a job")

    async def close(self) -> None:
        """Lets the connections go."""
        await self._server.close()

    def _remember(self, report: JobReport, address: Json) -> None:
        """Keeps where to ask after a job, if that is on the server itself: the key goes there."""
        if not isinstance(address, str) or report.status not in _OPEN:
            return
        home = httpx.URL(self.base_url)
        try:
            url = home.join(address)
        except (httpx.InvalidURL, ValueError):
            return
        if (url.scheme, url.host, url.port) == (home.scheme, home.host, home.port):
            self._addresses[report.id] = str(url)


def _report(data: dict[str, Any], job: object) -> JobReport | None:
    """An answer as a report; the id is that of the create answer, whatever a later one says."""
    report = replies.job_report({"status": "pending", **data, "id": job})
    usage = data.get("usage")
    if report is not None and isinstance(usage, dict) and usage.get("is_byok"):
        # With a key of one's own at the maker, this is OpenRouter's fee; the maker bills the rest.
        return replace(report, cost_usd=None)
    return report
