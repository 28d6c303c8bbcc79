"""The protocol, as a client sees it."""

from __future__ import annotations

import asyncio
import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.simulator.serving import serve


def picture(width: int = 64, height: int = 64, kind: str = "PNG") -> bytes:
    """A small picture file."""
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


def test_an_order_becomes_a_clip_that_can_be_fetched(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path) as client:
            video = await client.order(model="veo-9", seed=7, lora="x", seconds="0.5")
            assert video["object"] == "video"
            assert video["model"] == "veo-9"
            assert video["seconds"] == "0.5"
            assert video["seed"] == 7
            assert video["extra"] == {"lora": "x"}
            done = await client.done(video["id"])
            assert done["status"] == "completed"
            assert done["progress"] == 100
            assert done["completed_at"] >= done["created_at"]
            clip = await client.clip(video["id"])
            assert clip[4:8] == b"ftyp"

    asyncio.run(story())


def test_listing_pages_newest_first_and_shows_prompts(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            ids = [(await client.order(f"prompt {n}"))["id"] for n in range(5)]
            seen: list[dict[str, Any]] = []
            query: dict[str, str] = {"limit": "2"}
            while True:
                page = (await client.http.get("/videos", params=query)).json()
                seen += page["data"]
                if not page["has_more"]:
                    break
                query["after"] = page["last_id"]
            assert [video["id"] for video in seen] == ids[::-1]
            assert [video["prompt"] for video in seen] == [f"prompt {n}" for n in range(4, -1, -1)]

    asyncio.run(story())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_reference_may_be_a_file_or_a_data_url(tmp_path: Path, kind: str) -> None:
    data = picture(kind=kind)

    async def story() -> None:
        async with serve(tmp_path) as client:
            form = {"prompt": "a harbour", "size": "64x64", "seconds": "0.25"}
            files = {"input_reference": ("first.bin", data)}
            sent = (await client.http.post("/videos", data=form, files=files)).json()
            url = f"data:image/{kind.lower()};base64,{base64.b64encode(data).decode()}"
            inline = await client.order(input_reference={"image_url": url})
            assert await client.clip(sent["id"]) == await client.clip(inline["id"])

    asyncio.run(story())
