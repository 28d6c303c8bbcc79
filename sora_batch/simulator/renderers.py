"""What makes a job's clip: a real animatic, or at once a plain clip for whom time matters.

A renderer puts the finished file into the folder and returns its name there. It may be
interrupted anywhere and begun again: a name stands for a whole file.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from sora_batch.clock import Clock
from sora_batch.durable import sync_file, sync_folder, write_atomically
from sora_batch.shots import Size
from sora_batch.simulator.animatic import render_animatic
from sora_batch.simulator.encode import encode_plain
from sora_batch.simulator.job import Job
from sora_batch.simulator.latency import Latency
from sora_batch.simulator.orders import frame_count
from sora_batch.simulator.scene import scene_of
from sora_batch.simulator.settings import SimulatorSettings

Report = Callable[[float], None]


class Renderer(Protocol):
    """Makes clips."""

    async def render(self, job: Job, report: Report) -> str:
        """The file's name. `report` is told how much is done, 0 to 1, from any thread."""
        ...

    async def close(self) -> None:
        """Abandons what is under way and returns when nothing is."""
        ...


class AnimaticRenderer:
    """Draws and encodes in threads of its own, so that requests are answered meanwhile."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._folder = folder
        self._closing = threading.Event()
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="animatic")

    async def render(self, job: Job, report: Report) -> str:
        """Raises Abandoned when the job's task was cancelled or the simulator closes."""
        stop = threading.Event()
        name = f"{job.id}.mp4"
        scene = scene_of(job, self._folder)

        def work() -> None:
            part = self._folder / f"{name}.part"
            try:
                render_animatic(
                    scene,
                    part,
                    report=report,
                    stopped=lambda: stop.is_set() or self._closing.is_set(),
                )
                sync_file(part)
                part.replace(self._folder / name)
                sync_folder(self._folder)
            finally:
                part.unlink(missing_ok=True)

        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            stop.set()
            # The thread must be out of the file before anybody removes or begins it again.
            await asyncio.wait([running])
            if not running.cancelled():
                running.exception()
            raise
        return name

    async def close(self) -> None:
        """Gives up what is being rendered and lets the threads go."""
        self._closing.set()
        await asyncio.to_thread(self._threads.shutdown)


class PlainRenderer:
    """Gives every job of one size and length the same plain clip, made the first time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, asyncio.Task[None]] = {}

    async def render(self, job: Job, report: Report) -> str:
        """The plain clip's file name, done at once."""
        frames = frame_count(job.seconds)
        name = f"plain-{job.size}-{frames}.mp4"
        if name not in self._known:
            self._known[name] = asyncio.create_task(self._make(name, job.size, frames))
        await asyncio.shield(self._known[name])
        report(1.0)
        return name

    async def _make(self, name: str, size: Size, frames: int) -> None:
        path = self._folder / name
        if not path.exists():
            data = await asyncio.to_thread(plain_clip, size, frames)
            await asyncio.to_thread(write_atomically, path, data)

    async def close(self) -> None:
        """Waits for the clips that are being made."""
        if self._known:
            await asyncio.wait(self._known.values())


class TimedRenderer:
    """Takes so many seconds of the clock, then gives the plain clip."""

    def __init__(self, folder: Path, clock: Clock, latency: Latency, seed: int) -> None:
        self._plain = PlainRenderer(folder)
        self._clock = clock
        self._latency = latency
        self._seed = seed

    async def render(self, job: Job, report: Report) -> str:
        """The plain clip's file name, once the time is over."""
        seconds = self._latency.seconds_of(job.number, self._seed)
        # A hundred steps would wake a thousand jobs a hundred times each.
        for quarter in range(1, 5):
            await self._clock.sleep(seconds / 4)
            report(quarter / 4)
        return await self._plain.render(job, report)

    async def close(self) -> None:
        """Waits for the clips that are being made."""
        await self._plain.close()


def make_renderer(folder: Path, settings: SimulatorSettings, clock: Clock) -> Renderer:
    """The renderer these settings ask for."""
    if settings.speed == "instant":
        return PlainRenderer(folder)
    if settings.speed == "timed":
        return TimedRenderer(folder, clock, settings.latency, settings.seed)
    return AnimaticRenderer(folder, settings.workers)


@lru_cache(maxsize=32)
def plain_clip(size: Size, frames: int) -> bytes:
    """The bytes of a plain clip of that size and so many frames."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plain.mp4"
        encode_plain(path, size, frames)
        return path.read_bytes()
