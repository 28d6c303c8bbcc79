"""The simulator's memory on disk: one file, one JSON line for each thing that happened to a job.

Each line holds the values that changed; the first of a job holds all of them. `append` returns
only when its line is on the disk, and lines that arrive while another write is under way share
the next one, so that hundreds of jobs a second cost tens of fsyncs.

The trap: a kill in the middle of a write leaves half a line. It is cut off before anything else
is written, or the next line would be lost with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from sora_batch.durable import write_atomically
from sora_batch.shots import Json

_log = logging.getLogger(__name__)

_SLACK_LINES = 1000
_NOTES_WAIT_S = 1.0


class Journal:
    """The file and the one task that writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._notes: list[bytes] = []
        self._writer: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def read(self) -> dict[str, dict[str, Json]]:
        """What is known of each job, by id, in the order they were accepted."""
        jobs, _ = self._replay()
        return jobs

    def mend(self) -> dict[str, dict[str, Json]]:
        """Reads, and leaves the file whole and short: no half line, no more than it has to say."""
        jobs, lines = self._replay()
        if lines > 2 * len(jobs) + _SLACK_LINES or not self._ends_whole():
            self._rewrite(jobs.values())
        return jobs

    async def append(self, change: Mapping[str, Json]) -> None:
        """Returns when the change is on the disk. Raises OSError where it cannot be written."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((_line(change), done))
        self._begin_writing()
        await done

    def note(self, change: Mapping[str, Json]) -> None:
        """Puts down what may be lost: it goes along with the next write, or with one soon."""
        self._notes.append(_line(change))
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_NOTES_WAIT_S, self._begin_writing)

    async def close(self) -> None:
        """Returns when everything is written."""
        self._begin_writing()
        if self._writer is not None:
            await self._writer

    def _begin_writing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_groups())

    async def _write_groups(self) -> None:
        try:
            while self._waiting or self._notes:
                group, self._waiting = self._waiting, []
                notes, self._notes = self._notes, []
                failure: OSError | None = None
                try:
                    lines = [*notes, *(line for line, _ in group)]
                    await asyncio.to_thread(self._write, b"".join(lines))
                except OSError as error:
                    _log.warning("%s cannot be written: %s", self.path, error)
                    failure = error
                for _, done in group:
                    _tell(done, failure)
        finally:
            self._writer = None

    def _write(self, data: bytes) -> None:
        before = self.path.stat().st_size if self.path.exists() else 0
        try:
            with self.path.open("ab") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            # Half a line of a full disk would swallow the next one.
            with contextlib.suppress(OSError):
                os.truncate(self.path, before)
            raise

    def _replay(self) -> tuple[dict[str, dict[str, Json]], int]:
        jobs: dict[str, dict[str, Json]] = {}
        lines = self.path.read_bytes().split(b"\n") if self.path.exists() else []
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            try:
                change = json.loads(line)
                jobs.setdefault(change["id"], {}).update(change)
            except (ValueError, KeyError, TypeError):
                if number < len(lines):
                    _log.warning("%s:%d: unreadable line left out", self.path, number)
        whole = {name: job for name, job in jobs.items() if "number" in job}
        return whole, len(lines)

    def _ends_whole(self) -> bool:
        if not self.path.exists() or not self.path.stat().st_size:
            return True
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def _rewrite(self, jobs: Iterable[Mapping[str, Json]]) -> None:
        write_atomically(self.path, b"".join(_line(job) for job in jobs))


def _line(change: Mapping[str, Json]) -> bytes:
    return json.dumps(change, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"


def _tell(done: asyncio.Future[None], failure: OSError | None) -> None:
    if done.done():
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)
