"""A simulator over a temporary folder, spoken to as a client does."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from sora_batch.simulator import Simulator, SimulatorSettings, create_app

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class ManualClock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Aware UTC."""
        return START + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        """Seconds passed."""
        return self.passed_s

    async def sleep(self, seconds: float) -> None:
        """Returns once so much time was passed."""
        done = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.passed_s + seconds, done))
        await done

    async def pass_time(self, seconds: float, step: float) -> None:
        """Lets time pass, and everybody act who waited for it."""
        for _ in range(round(seconds / step)):
            self.passed_s += step
            due = [sleeper for sleeper in self._sleepers if sleeper[0] <= self.passed_s + 1e-9]
            self._sleepers = [sleeper for sleeper in self._sleepers if sleeper not in due]
            for _, done in due:
                if not done.done():
                    done.set_result(None)
            await self.settle()

    async def settle(self) -> None:
        """Lets everybody act who can."""
        for _ in range(10):
            await asyncio.sleep(0)


class Client:
    """A few words shorter than httpx itself."""

    def __init__(self, http: httpx.AsyncClient, simulator: Simulator) -> None:
        self.http = http
        self.simulator = simulator

    async def post(self, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        """The answer to a JSON body."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(path, json=body, headers=named)

    async def order(self, prompt: str = "a harbour", **fields: Any) -> dict[str, Any]:
        """The accepted video object; a tiny clip unless told otherwise."""
        headers = fields.pop("headers", {})
        body = {"size": "64x64", "seconds": "0.25", "prompt": prompt, **fields}
        return accepted(await self.post("/videos", body, **headers))

    async def video(self, video_id: str) -> dict[str, Any]:
        """The video object as it is now."""
        return accepted(await self.http.get(f"/videos/{video_id}"))

    async def begun(self, video_id: str) -> None:
        """Returns once some of the job is rendered."""
        progress = 0
        while not progress:
            progress = (await self.video(video_id))["progress"]
            await asyncio.sleep(0.001)

    async def done(self, video_id: str) -> dict[str, Any]:
        """The video object once the job is over."""
        while True:
            video = await self.video(video_id)
            if video["status"] not in {"queued", "in_progress"}:
                return video
            await asyncio.sleep(0.001)

    async def clip(self, video_id: str) -> bytes:
        """The finished clip's bytes."""
        assert (await self.done(video_id))["status"] == "completed"
        answer = await self.http.get(f"/videos/{video_id}/content")
        assert answer.status_code == 200, answer.text
        return answer.content


@asynccontextmanager
async def serve(folder: Path, **settings: Any) -> AsyncIterator[Client]:
    """`async with serve(folder, speed="instant") as client`."""
    clock = settings.pop("clock", None)
    app = create_app(folder, settings=SimulatorSettings(**settings), clock=clock)
    await app.state.simulator.start()
    try:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://local/v1") as http:
            yield Client(http, app.state.simulator)
    finally:
        await app.state.simulator.close()


def accepted(answer: httpx.Response) -> dict[str, Any]:
    """The body of an answer that must be good."""
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def picture(width: int = 64, height: int = 64, kind: str = "PNG", **options: Any) -> bytes:
    """A small picture file."""
    buffer = io.BytesIO()
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    image.save(buffer, kind, **options)
    return buffer.getvalue()
