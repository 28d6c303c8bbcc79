"""The protocol, as a client sees it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sora_batch.simulator import SHOT_HEADER, Latency, SimulatorSettings, create_app
from tests.simulator.serving import accepted, picture, serve


def test_an_order_becomes_a_clip_that_can_be_fetched(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path) as client:
            video = await client.order(model="veo-9", seed=7, lora="x", seconds="0.50")
            assert video["object"] == "video"
            assert video["status"] in {"queued", "in_progress"}
            assert video["model"] == "veo-9"
            assert video["seconds"] == "0.5"
            assert video["seed"] == 7
            assert video["extra"] == {"lora": "x"}
            done = await client.done(video["id"])
            assert done["status"] == "completed"
            assert done["progress"] == 100
            assert done["completed_at"] >= done["created_at"]
            assert (await client.clip(video["id"]))[4:8] == b"ftyp"

    asyncio.run(story())


def test_what_is_not_said_is_as_it_was_at_openai(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="timed") as client:
            video = accepted(await client.post("/videos", {"prompt": "  a harbour\n"}))
            assert (video["model"], video["size"], video["seconds"]) == ("sora-2", "720x1280", "4")
            assert video["prompt"] == "a harbour"
            assert video["progress"] == 0
            assert video["error"] is None
            assert video["remixed_from_video_id"] is None

    asyncio.run(story())


def test_an_open_job_says_when_to_ask_again_and_a_finished_one_does_not(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path) as client:
            body = {"prompt": "x", "size": "64x64", "seconds": "0.25"}
            answer = await client.post("/videos", body)
            assert 100 <= int(answer.headers["openai-poll-after-ms"]) <= 5000
            video_id = answer.json()["id"]
            await client.done(video_id)
            answer = await client.http.get(f"/videos/{video_id}")
            assert "openai-poll-after-ms" not in answer.headers

    asyncio.run(story())


def test_progress_only_rises(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path) as client:
            video = await client.order(size="320x180", seconds="4")
            seen = [video["progress"]]
            while seen[-1] < 100:
                seen.append((await client.video(video["id"]))["progress"])
                await asyncio.sleep(0.001)
            assert seen == sorted(seen)
            assert len(set(seen)) > 3

    asyncio.run(story())


def test_pages_follow_each_other_both_ways(tmp_path: Path) -> None:
    async def pages(http: httpx.AsyncClient, order: str) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        query = {"limit": "2", "order": order}
        while True:
            page = accepted(await http.get("/videos", params=query))
            seen += page["data"]
            assert page["first_id"] == page["data"][0]["id"]
            if not page["has_more"]:
                return seen
            query["after"] = page["last_id"]

    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            ids = [(await client.order(f"prompt {n}"))["id"] for n in range(5)]
            newest = await pages(client.http, "desc")
            assert [video["id"] for video in newest] == ids[::-1]
            assert newest[0]["prompt"] == "prompt 4"
            assert [video["id"] for video in await pages(client.http, "asc")] == ids

    asyncio.run(story())


def test_a_page_goes_on_from_a_job_that_was_deleted_meanwhile(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            ids = [(await client.order())["id"] for _ in range(4)]
            first = accepted(await client.http.get("/videos?limit=2"))
            accepted(await client.http.delete(f"/videos/{first['last_id']}"))
            rest = accepted(await client.http.get(f"/videos?after={first['last_id']}"))
            assert [video["id"] for video in rest["data"]] == [ids[1], ids[0]]

    asyncio.run(story())


def test_an_empty_page_ends_the_pages(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            await client.order()
            page = accepted(await client.http.get("/videos?limit=0"))
            assert page["data"] == []
            assert page["has_more"] is False

    asyncio.run(story())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_reference_may_be_a_file_or_a_data_url(tmp_path: Path, kind: str) -> None:
    data = picture(kind=kind)
    url = f"data:image/{kind.lower()};base64,{base64.b64encode(data).decode()}"

    async def story() -> None:
        async with serve(tmp_path) as client:
            form = {"prompt": "a harbour", "size": "64x64", "seconds": "0.25"}
            files = {"input_reference": ("first.bin", data)}
            sent = accepted(await client.http.post("/videos", data=form, files=files))
            inline = await client.order(input_reference={"image_url": url})
            other = await client.order()
            assert await client.clip(sent["id"]) == await client.clip(inline["id"])
            assert await client.clip(sent["id"]) != await client.clip(other["id"])

    asyncio.run(story())


def test_a_clip_comes_in_parts(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path) as client:
            video_id = (await client.order())["id"]
            whole = await client.clip(video_id)
            path = f"/videos/{video_id}/content"
            part = await client.http.get(path, headers={"range": "bytes=100-199"})
            assert part.status_code == 206
            assert part.headers["content-range"] == f"bytes 100-199/{len(whole)}"
            assert part.content == whole[100:200]
            rest = await client.http.get(path, headers={"range": "bytes=200-"})
            assert rest.content == whole[200:]
            beyond = await client.http.get(path, headers={"range": f"bytes={len(whole)}-"})
            assert beyond.status_code == 416

    asyncio.run(story())


def test_stills_are_what_they_say(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path) as client:
            video_id = (await client.order())["id"]
            await client.done(video_id)
            path = f"/videos/{video_id}/content"
            thumbnail = await client.http.get(path, params={"variant": "thumbnail"})
            assert thumbnail.headers["content-type"] == "image/webp"
            assert thumbnail.content[8:12] == b"WEBP"
            sheet = await client.http.get(path, params={"variant": "spritesheet"})
            assert sheet.headers["content-type"] == "image/jpeg"
            assert sheet.content[:2] == b"\xff\xd8"
            unknown = await client.http.get(path, params={"variant": "gif"})
            assert unknown.status_code == 400

    asyncio.run(story())


def test_a_clip_that_is_not_there_yet_is_refused_with_the_way_to_ask(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="timed", latency=Latency.fixed(1000)) as client:
            video_id = (await client.order())["id"]
            answer = await client.http.get(f"/videos/{video_id}/content")
            assert answer.status_code == 400
            assert answer.json()["error"]["code"] == "video_not_ready"
            assert f"GET /v1/videos/{video_id}" in answer.json()["error"]["message"]

    asyncio.run(story())


def test_deleting_cancels_what_is_queued_and_what_is_rendering(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, slots=1) as client:
            rendering = (await client.order(size="320x180", seconds="60"))["id"]
            queued = (await client.order())["id"]
            last = (await client.order())["id"]
            await client.begun(rendering)
            for video_id in (queued, rendering):
                answer = accepted(await client.http.delete(f"/videos/{video_id}"))
                expected = {"id": video_id, "object": "video.deleted", "deleted": True}
                assert answer == expected
                assert (await client.http.get(f"/videos/{video_id}")).status_code == 404
            assert (await client.done(last))["status"] == "completed"
            assert [file.stem for file in tmp_path.glob("*.mp4*")] == [last]
            statuses = [line.status for line in client.simulator.bill().lines]
            assert statuses == ["cancelled", "cancelled", "completed"]

    asyncio.run(story())


def test_the_shot_id_and_the_key_of_an_order_are_known(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            body = {"prompt": "x", "size": "64x64"}
            headers = {SHOT_HEADER: "caf%C3%A9.take2", "Idempotency-Key": "a1"}
            accepted(await client.http.post("/videos", json=body, headers=headers))
            (line,) = client.simulator.bill().lines
            assert (line.label, line.key) == ("café.take2", "a1")

    asyncio.run(story())


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        ({}, "prompt", "Missing required parameter: 'prompt'"),
        ({"prompt": ""}, "prompt", "1 to 32000 characters"),
        ({"prompt": "x" * 32001}, "prompt", "got 32001"),
        ({"prompt": 5}, "prompt", "got an integer"),
        ({"prompt": "x", "seconds": 8}, "seconds", "got an integer"),
        ({"prompt": "x", "seconds": "soon"}, "seconds", 'such as "8"'),
        ({"prompt": "x", "seconds": "0"}, "seconds", "from one frame"),
        ({"prompt": "x", "seconds": "9999"}, "seconds", "600"),
        ({"prompt": "x", "size": "big"}, "size", "width x height"),
        ({"prompt": "x", "size": "853x480"}, "size", "use '854x480'"),
        ({"prompt": "x", "size": "8x8"}, "size", "16 to 4096"),
        ({"prompt": "x", "seed": "lucky"}, "seed", "whole number"),
        ({"prompt": "x", "model": ""}, "model", "1 to 200"),
        ({"prompt": "x", "more": "y" * 70000}, None, "64 KiB"),
        ({"prompt": "x", "input_reference": {"file_id": "f"}}, "input_reference", "file_id"),
        (
            {"prompt": "x", "input_reference": {"image_url": "http://a/b.png"}},
            "input_reference",
            "nothing is fetched",
        ),
        (
            {"prompt": "x", "input_reference": {"image_url": "data:image/png;base64,@@"}},
            "input_reference",
            "base64 is damaged",
        ),
        (
            {"prompt": "x", "input_reference": {"image_url": "data:image/png;base64,AAAA"}},
            "input_reference",
            "not a JPEG, PNG or WebP",
        ),
    ],
)
def test_a_bad_order_is_refused_in_words_that_help(
    tmp_path: Path, body: dict[str, Any], param: str | None, words: str
) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            answer = await client.post("/videos", body)
            assert answer.status_code == 400, answer.text
            error = answer.json()["error"]
            assert set(error) == {"message", "type", "param", "code"}
            assert error["type"] == "invalid_request_error"
            assert error["param"] == param
            assert words in error["message"]
            assert client.simulator.bill().accepted == 0

    asyncio.run(story())


def test_a_reference_of_another_size_is_refused_as_openai_did(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            url = f"data:image/png;base64,{base64.b64encode(picture(65, 64)).decode()}"
            body = {"prompt": "x", "size": "64x64", "input_reference": {"image_url": url}}
            answer = await client.post("/videos", body)
            assert answer.status_code == 400
            assert answer.json()["error"] == {
                "message": "Inpaint image must match the requested width and height",
                "type": "invalid_request_error",
                "param": None,
                "code": None,
            }

    asyncio.run(story())


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"{", "application/json", "could not parse"),
        (b"[1]", "application/json", "got an array"),
        (b'{"prompt": NaN}', "application/json", "NaN"),
        (b'{"prompt": "\\ud800"}', "application/json", "could not parse"),
        (b"[" * 100_000, "application/json", "could not parse"),
        (b"nonsense", "multipart/form-data; boundary=x", "form cannot be read"),
        (b"nonsense", "multipart/form-data", "form cannot be read"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    tmp_path: Path, content: bytes, kind: str, words: str
) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            headers = {"content-type": kind}
            answer = await client.http.post("/videos", content=content, headers=headers)
            assert answer.status_code == 400, answer.text
            assert words in answer.json()["error"]["message"]

    asyncio.run(story())


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_refused_while_it_comes(
    tmp_path: Path, *, declared: bool
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 65536

    async def story() -> None:
        async with serve(tmp_path, speed="instant", upload_limit_bytes=2**20) as client:
            content = b"x" * 2**21 if declared else chunks()
            answer = await client.http.post("/videos", content=content)
            assert answer.status_code == 413
            assert "1 MiB" in answer.json()["error"]["message"]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/videos/video_nobody", 404),
        ("DELETE", "/videos/video_nobody", 404),
        ("GET", "/videos/video_nobody/content", 404),
        ("GET", "/videos/..%2f..%2fetc", 404),
        ("GET", "/images", 404),
        ("PUT", "/videos", 405),
        ("GET", "/videos?limit=101", 400),
        ("GET", "/videos?limit=-1", 400),
        ("GET", "/videos?order=sideways", 400),
        ("GET", "/videos?after=video_nobody", 400),
    ],
)
def test_what_is_not_there_is_said_in_the_same_envelope(
    tmp_path: Path, method: str, path: str, status: int
) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            answer = await client.http.request(method, path)
            assert answer.status_code == status
            assert answer.json()["error"]["message"]

    asyncio.run(story())


def test_a_simulator_that_was_not_started_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        app = create_app(tmp_path, settings=SimulatorSettings(speed="instant"))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://local/v1") as http:
            answer = await http.post("/videos", json={"prompt": "x", "size": "64x64"})
            assert answer.status_code == 503
            assert "start()" in answer.json()["error"]["message"]

    asyncio.run(story())


def test_a_server_starts_it_by_its_lifespan(tmp_path: Path) -> None:
    async def story() -> None:
        app = create_app(tmp_path / "new", settings=SimulatorSettings(speed="instant"))
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://local/v1") as http:
                answer = await http.post("/videos", json={"prompt": "x", "size": "64x64"})
                assert accepted(answer)["status"] == "completed"

    asyncio.run(story())


def test_a_client_that_is_killed_in_the_middle_of_an_order_has_ordered_nothing(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        app = create_app(tmp_path, settings=SimulatorSettings(speed="instant"))
        await app.state.simulator.start()
        kind = b"multipart/form-data; boundary=x"
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/videos",
            "query_string": b"",
            "headers": [(b"content-type", kind)],
        }
        came: list[Any] = [
            {"type": "http.request", "body": b"--x\r\n", "more_body": True},
            {"type": "http.disconnect"},
        ]
        sent = []

        async def receive() -> Any:
            return came.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope, receive, send)
        assert sent[0]["status"] == 400
        assert app.state.simulator.bill().accepted == 0
        await app.state.simulator.close()

    asyncio.run(story())
