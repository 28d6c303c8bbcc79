"""A thumbnail for every clip: the server's where it offers one, else a frame of the clip.

Nothing waits for them while a run goes on, and a clip without one is still a clip.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from sora_batch.engines.engine import EngineLost, OperationFailed
from sora_batch.events import RunNotice
from sora_batch.providers.provider import JobMissing, JobUnreachable
from sora_batch.records import Clip
from sora_batch.running.tools import Tools
from sora_batch.shots import Json

WIDTH = 480

_AT_ONCE = 4


class Thumbnails:
    """Makes them behind the run's back."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._tasks: set[asyncio.Task[None]] = set()
        self._gate = asyncio.Semaphore(_AT_ONCE)

    def start(self, clip: Clip, *, is_new: bool = True) -> None:
        """Begins a clip's thumbnail; the server is asked only for that of a new one."""
        task = asyncio.ensure_future(self._make(clip, is_new))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Waits for those begun."""
        await asyncio.gather(*self._tasks)

    async def _make(self, clip: Clip, is_new: bool) -> None:
        async with self._gate:
            target = self._tools.outputs.thumbnail_path(clip.shot_id)
            if is_new and await self._served(clip, target):
                return
            spec: dict[str, Json] = {
                "path": str(self._tools.outputs.clip_path(clip.shot_id)),
                "target": str(target),
                "width": WIDTH,
            }
            try:
                await self._tools.engine.run("thumbnail", spec, key=clip.shot_id)
            except (OperationFailed, EngineLost) as error:
                self._tools.tell(RunNotice(f"{clip.shot_id}: no thumbnail: {error}"))

    async def _served(self, clip: Clip, target: Path) -> bool:
        """Whether the server had a thumbnail, which then is in place."""
        part = self._tools.outputs.temporary(".webp")
        try:
            if clip.job_id and await self._tools.provider.thumbnail(clip.job_id, part):
                part.replace(target)
                return True
        except (JobMissing, JobUnreachable, OSError):
            part.unlink(missing_ok=True)
        return False
