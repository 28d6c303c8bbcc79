"""Stands for a server that nothing will be asked of: a run that only reuses what is there.

Opening a server brings HTTP libraries along, or the whole renderer; a run that has nothing to do
should take no longer than its plan.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NoReturn

from sora_batch.manifest.settings import ProviderSettings
from sora_batch.providers import address_of, dialect_of
from sora_batch.providers.provider import JobList, JobReport, RenderRequest
from sora_batch.shots import JobId


class ClosedProvider:
    """A provider of which only the facts are known; asking it anything is a mistake of ours."""

    def __init__(self, settings: ProviderSettings) -> None:
        dialect = dialect_of(settings.kind)
        self.kind = dialect.kind
        self.base_url = address_of(settings)
        self.capabilities = dialect.capabilities
        self.poll_floor_s = dialect.poll_floor_s

    async def submit(self, request: RenderRequest) -> JobReport:
        """Raises RuntimeError."""
        self._asked()

    async def poll(self, job: JobId) -> JobReport:
        """Raises RuntimeError."""
        self._asked()

    async def download(self, job: JobId, target: Path, *, limit_bytes: int) -> int:
        """Raises RuntimeError."""
        self._asked()

    async def thumbnail(self, job: JobId, target: Path) -> bool:
        """Raises RuntimeError."""
        self._asked()

    async def list_jobs(
        self, limit: int, *, since: datetime | None = None, after: JobId | None = None
    ) -> JobList:
        """Raises RuntimeError."""
        self._asked()

    async def delete(self, job: JobId) -> None:
        """Raises RuntimeError."""
        self._asked()

    async def close(self) -> None:
        """There is nothing to close."""

    def _asked(self) -> NoReturn:
        raise RuntimeError(f"{self.kind} was asked something by a run that has nothing to ask")
