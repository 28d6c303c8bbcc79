"""A simulator over a temporary folder, spoken to as a client does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from sora_batch.simulator import Simulator, SimulatorSettings, create_app


class Client:
    """A few words shorter than httpx itself."""

    def __init__(self, http: httpx.AsyncClient, simulator: Simulator) -> None:
        self.http = http
        self.simulator = simulator

    async def order(self, prompt: str = "a harbour", **fields: Any) -> dict[str, Any]:
        """The accepted video object."""
        headers = fields.pop("headers", None)
        body = {"size": "64x64", "seconds": "0.25", "prompt": prompt, **fields}
        answer = await self.http.post("/videos", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        video: dict[str, Any] = answer.json()
        return video

    async def done(self, video_id: str) -> dict[str, Any]:
        """The video object once the job is over."""
        while True:
            video: dict[str, Any] = (await self.http.get(f"/videos/{video_id}")).json()
            if video["status"] not in {"queued", "in_progress"}:
                return video
            await asyncio.sleep(0)

    async def clip(self, video_id: str) -> bytes:
        """The finished clip's bytes."""
        assert (await self.done(video_id))["status"] == "completed"
        answer = await self.http.get(f"/videos/{video_id}/content")
        assert answer.status_code == 200, answer.text
        return answer.content


@asynccontextmanager
async def serve(folder: Path, **settings: Any) -> AsyncIterator[Client]:
    clock = settings.pop("clock", None)
    app = create_app(folder, settings=SimulatorSettings(**settings), clock=clock)
    await app.state.simulator.start()
    try:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://local/v1") as http:
            yield Client(http, app.state.simulator)
    finally:
        await app.state.simulator.close()
