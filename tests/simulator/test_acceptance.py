"""Remixes, edits and extensions."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sora_batch.simulator import Latency
from tests.simulator.serving import Client, accepted, serve


async def made(client: Client, **fields: Any) -> str:
    """The id of a finished job."""
    video_id = str((await client.order(**fields))["id"])
    await client.done(video_id)
    return video_id


def test_a_remix_keeps_size_length_and_model(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            source = await made(client, model="sora-2-pro", size="96x64", seconds="1.5")
            answer = await client.post(f"/videos/{source}/remix", {"prompt": "at night"})
            remix = accepted(answer)
            assert remix["remixed_from_video_id"] == source
            assert (remix["model"], remix["size"], remix["seconds"]) == (
                "sora-2-pro",
                "96x64",
                "1.5",
            )
            assert remix["prompt"] == "at night"

    asyncio.run(story())


def test_an_edit_names_its_source_in_the_body(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            source = await made(client)
            body = {"prompt": "bluer", "video": {"id": source}}
            edit = accepted(await client.post("/videos/edits", body))
            assert edit["source"] == {"kind": "edit", "id": source}
            form = {"prompt": "bluer", "video": f'{{"id": "{source}"}}'}
            again = accepted(await client.http.post("/videos/edits", data=form))
            assert again["source"] == {"kind": "edit", "id": source}

    asyncio.run(story())


def test_an_extension_lasts_as_long_as_both_together(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            source = await made(client, seconds="4")
            body = {"prompt": "on and on", "seconds": "8", "video": {"id": source}}
            extension = accepted(await client.post("/videos/extensions", body))
            assert extension["seconds"] == "12"
            line = client.simulator.bill().lines[-1]
            assert line.source == source

    asyncio.run(story())


def test_a_chain_shows_the_first_ones_picture(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path) as client:
            first = await made(client, prompt="a red boat")
            other = await made(client, prompt="a blue boat")
            clips = []
            for source in (first, other):
                remix = accepted(await client.post(f"/videos/{source}/remix", {"prompt": "m"}))
                await client.done(remix["id"])
                path = f"/videos/{remix['id']}/remix"
                again = accepted(await client.post(path, {"prompt": "n"}))
                clips.append(await client.clip(again["id"]))
            plain = await client.clip((await client.order("n"))["id"])
            assert clips[0] != clips[1]
            assert plain not in clips

    asyncio.run(story())


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/videos/video_nobody/remix", {"prompt": "x"}, 404, "video_nobody"),
        ("/videos/edits", {"prompt": "x"}, 400, "video.id"),
        ("/videos/edits", {"prompt": "x", "video": {"id": "video_no"}}, 404, "video_no"),
        ("/videos/extensions", {"prompt": "x", "video": {"id": "v"}}, 400, "seconds"),
        ("/videos/extensions", {"video": {"id": "v"}, "seconds": "4"}, 400, "prompt"),
    ],
)
def test_a_source_that_is_not_there_is_refused(
    tmp_path: Path, path: str, body: dict[str, Any], status: int, words: str
) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            answer = await client.post(path, body)
            assert answer.status_code == status, answer.text
            assert words in answer.json()["error"]["message"]

    asyncio.run(story())


def test_a_source_that_is_not_done_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="timed", latency=Latency.fixed(1000)) as client:
            source = (await client.order())["id"]
            answer = await client.post(f"/videos/{source}/remix", {"prompt": "x"})
            assert answer.status_code == 400
            assert "can be remixed once it is completed" in answer.json()["error"]["message"]

    asyncio.run(story())


def test_no_chain_of_extensions_gets_longer_than_the_longest_clip(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant", longest_seconds=Decimal(10)) as client:
            source = await made(client, seconds="4")
            body = {"prompt": "x", "seconds": "7", "video": {"id": source}}
            answer = await client.post("/videos/extensions", body)
            assert answer.status_code == 400
            assert "11 seconds; 10 is the most" in answer.json()["error"]["message"]

    asyncio.run(story())


def test_a_video_file_cannot_be_edited(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            files = {"video": ("clip.mp4", b"....")}
            answer = await client.http.post("/videos/edits", data={"prompt": "x"}, files=files)
            assert answer.status_code == 400
            assert "name one that was made here" in answer.json()["error"]["message"]

    asyncio.run(story())
