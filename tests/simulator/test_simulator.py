"""What the simulator remembers, and what survives a kill."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sora_batch.simulator import Bill, Latency
from tests.simulator.serving import Client, ManualClock, accepted, picture, serve

_VICTIM = """
import asyncio, sys
from pathlib import Path
import httpx
from sora_batch.simulator import SimulatorSettings, create_app

async def main():
    app = create_app(Path(sys.argv[1]), settings=SimulatorSettings(slots=1))
    await app.state.simulator.start()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://local/v1"
    ) as http:
        for seconds in ("0.25", "120", "0.25"):
            order = {"prompt": "a harbour " + seconds, "size": "128x128", "seconds": seconds}
            answer = await http.post("/videos", json=order)
            print(answer.json()["id"], flush=True)
        progress = 0
        while not progress:
            await asyncio.sleep(0.001)
            page = (await http.get("/videos?order=asc")).json()
            progress = page["data"][1]["progress"]
        print("rendering", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_killed_simulator_goes_on_where_it_was(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _VICTIM, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        first, second, third = (victim.stdout.readline().strip() for _ in range(3))
        assert victim.stdout.readline() == "rendering\n"
        victim.send_signal(signal.SIGKILL)

    async def story() -> None:
        async with serve(tmp_path, slots=1) as client:
            assert (await client.video(first))["status"] == "completed"
            assert (await client.video(second))["status"] in {"queued", "in_progress"}
            accepted(await client.http.delete(f"/videos/{second}"))
            again = await client.order("a harbour 0.25", size="128x128")
            assert await client.clip(third) == await client.clip(first)
            assert await client.clip(again["id"]) == await client.clip(first)
            assert client.simulator.bill().accepted == 4
            assert not list(tmp_path.glob("*.part"))

    asyncio.run(story())


def test_everything_is_still_there_after_a_close(tmp_path: Path) -> None:
    async def order(client: Client) -> str:
        form = {"prompt": "Hafen bei Nacht", "size": "64x64", "seconds": "0.25", "steps": "30"}
        files = {"input_reference": picture()}
        headers = {"Idempotency-Key": "k1", "X-Sora-Batch-Shot": "hafen"}
        answer = await client.http.post("/videos", data=form, files=files, headers=headers)
        return str(accepted(answer)["id"])

    async def story() -> tuple[Bill, Bill]:
        async with serve(tmp_path) as client:
            video_id = await order(client)
            clip = await client.clip(video_id)
            remix = accepted(await client.post(f"/videos/{video_id}/remix", {"prompt": "x"}))
            await client.done(remix["id"])
            before = [await client.video(name) for name in (video_id, remix["id"])]
            bill = client.simulator.bill()
        async with serve(tmp_path) as client:
            after = [await client.video(name) for name in (video_id, remix["id"])]
            assert after == before
            again = client.simulator.bill()
            assert await client.clip(video_id) == clip
        return bill, again

    before, after = asyncio.run(story())
    assert before == after
    assert (after.accepted, after.rendered, after.served) == (2, 2, 1)


def test_a_close_in_the_middle_leaves_the_job_to_the_next(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path) as client:
            video_id = (await client.order(size="320x180", seconds="2"))["id"]
            await client.begun(video_id)
        assert not list(tmp_path.glob("*.mp4*"))
        async with serve(tmp_path) as client:
            assert (await client.done(video_id))["status"] == "completed"
            (line,) = client.simulator.bill().lines
            assert line.rendered == 1

    asyncio.run(story())


def test_a_clip_that_somebody_removed_is_rendered_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path) as client:
            video_id = (await client.order())["id"]
            clip = await client.clip(video_id)
        (tmp_path / f"{video_id}.mp4").unlink()
        async with serve(tmp_path) as client:
            assert await client.clip(video_id) == clip

    asyncio.run(story())


def test_a_second_simulator_over_the_folder_looks_and_does_not_touch(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path) as first, serve(tmp_path) as second:
            video_id = (await first.order())["id"]
            clip = await first.clip(video_id)
            assert await second.clip(video_id) == clip
            body = {"prompt": "x", "size": "64x64", "seconds": "0.25"}
            refused = await second.post("/videos", body)
            assert refused.status_code == 409
            assert refused.json()["error"]["code"] == "folder_busy"
            assert (await second.http.delete(f"/videos/{video_id}")).status_code == 409
            await first.simulator.close()
            later = accepted(await second.post("/videos", body))
            assert (await second.done(later["id"]))["status"] == "completed"
            assert second.simulator.bill().accepted == 2

    asyncio.run(story())


def test_timed_jobs_take_their_time_so_many_at_once(tmp_path: Path) -> None:
    clock = ManualClock()

    async def statuses(client: Client) -> list[str]:
        page = accepted(await client.http.get("/videos?order=asc"))
        return [video["status"] for video in page["data"]]

    async def story() -> None:
        async with serve(
            tmp_path, speed="timed", latency=Latency.fixed(60), slots=2, clock=clock
        ) as client:
            # The plain clip is made the first time one is needed: not what is measured here.
            warm = await client.order()
            await clock.settle()
            await clock.pass_time(60, step=15)
            await client.done(warm["id"])
            for _ in range(3):
                await client.order()
            await clock.settle()
            assert await statuses(client) == ["completed", "in_progress", "in_progress", "queued"]
            await clock.pass_time(30, step=15)
            page = accepted(await client.http.get("/videos?order=asc"))
            assert [video["progress"] for video in page["data"]] == [100, 50, 50, 0]
            await clock.pass_time(30, step=15)
            for video in page["data"][1:3]:
                done = await client.done(video["id"])
                assert done["completed_at"] - done["created_at"] == 60
            await clock.settle()
            assert (await statuses(client))[3] == "in_progress"

    asyncio.run(story())


def test_a_thousand_jobs_start_and_list_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            await asyncio.gather(*(client.order(f"prompt {n}") for n in range(1000)))
        began = time.perf_counter()
        async with serve(tmp_path, speed="instant") as client:
            started = time.perf_counter() - began
            began = time.perf_counter()
            page = accepted(await client.http.get("/videos?limit=100"))
            listed = time.perf_counter() - began
            assert len(page["data"]) == 100
            assert client.simulator.bill().accepted == 1000
        assert started < 1.0
        assert listed < 0.25

    asyncio.run(story())


def test_a_full_disk_refuses_the_order_and_forgets_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, speed="instant") as client:
            await client.order()
            journal = tmp_path / "jobs.jsonl"
            kept = journal.read_bytes()
            journal.unlink()
            journal.mkdir()
            body = {"prompt": "x", "size": "64x64", "seconds": "0.25"}
            answer = await client.post("/videos", body)
            assert answer.status_code == 507
            assert client.simulator.bill().accepted == 1
            journal.rmdir()
            journal.write_bytes(kept)

    asyncio.run(story())
