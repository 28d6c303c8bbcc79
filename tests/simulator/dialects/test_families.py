"""Each server family does as it was seen to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from sora_batch.errors import UsageError
from sora_batch.providers.in_process import InProcessTransport
from sora_batch.simulator import Fault, FaultScript, Latency, SimulatorSettings, create_app
from sora_batch.simulator.dialects import DIALECTS, dialect_named
from tests.simulator.serving import ManualClock

SMALL = {"prompt": "a harbour", "size": "64x64", "seconds": "1"}


@asynccontextmanager
async def serve(
    folder: Path, dialect: str, *faults: Fault, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    clock = settings.pop("clock", None)
    told = SimulatorSettings(
        **{"speed": "instant", "dialect": dialect, "faults": FaultScript(faults), **settings}
    )
    app = create_app(folder, settings=told, clock=clock)
    await app.state.simulator.start()
    base_url = f"http://server{told.speaks.prefix}"
    async with httpx.AsyncClient(transport=InProcessTransport(app), base_url=base_url) as http:
        yield http
    await app.state.simulator.close()


async def form(http: httpx.AsyncClient, **fields: str) -> httpx.Response:
    parts = {name: (None, value) for name, value in {**SMALL, **fields}.items()}
    return await http.post("/videos", files=parts)


def test_there_is_a_record_for_every_family_and_none_by_another_name() -> None:
    assert list(DIALECTS) == [
        "local", "openai", "azure", "vllm-omni", "sglang", "litellm", "unsloth", "new-api",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="did you mean `vllm-omni`"):
        dialect_named("vllm-onmi")


def test_vllm_omni_takes_forms_only_and_its_own_model_only(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, "vllm-omni") as http:
            refused = await http.post("/videos", json=SMALL)
            assert refused.status_code == 422
            assert refused.json()["detail"][0]["loc"] == ["body", "prompt"]
            other = await form(http, model="sora-2")
            assert other.status_code == 400
            assert other.json()["detail"].startswith("Model mismatch")
            assert (await form(http, seconds="4.5")).status_code == 422
            assert (await http.post("/videos/x/remix", json={"prompt": "y"})).status_code == 404
            video = (await form(http)).json()
            assert video["id"].startswith("video_gen_")
            assert len(video["id"]) == len("video_gen_") + 32
            assert video["fps"] == 24.0

    asyncio.run(story())


def test_vllm_omni_answers_a_failed_job_with_500_and_the_job(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, "vllm-omni", Fault(do="fail")) as http:
            video = (await form(http)).json()
            answer = await http.get(f"/videos/{video['id']}")
            assert answer.status_code == 500
            assert answer.json()["status"] == "failed"
            assert answer.json()["error"]["code"] == 500
            content = await http.get(f"/videos/{video['id']}/content")
            assert content.status_code == 422

    asyncio.run(story())


def test_vllm_omni_lists_all_and_promises_more_than_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, "vllm-omni") as http:
            for _ in range(23):
                await form(http)
            assert len((await http.get("/videos")).json()["data"]) == 23
            hollow = (await http.get("/videos?limit=0")).json()
            assert (hollow["data"], hollow["has_more"], hollow["last_id"]) == ([], True, None)
            beyond = (await http.get("/videos?after=nobody")).json()
            assert (beyond["data"], beyond["has_more"]) == ([], False)
            assert (await http.get("/videos?limit=101")).status_code == 422

    asyncio.run(story())


def test_vllm_omni_cancels_what_is_deleted(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, "vllm-omni", speed="timed", latency=Latency.fixed(1000)) as http:
            video = (await form(http)).json()
            early = await http.get(f"/videos/{video['id']}/content")
            assert (early.status_code, early.json()) == (
                404,
                {"detail": "Generation is still in-progress"},
            )
            gone = (await http.delete(f"/videos/{video['id']}")).json()
            assert gone == {"id": video["id"], "object": "video.deleted", "deleted": True}
            assert (await http.get(f"/videos/{video['id']}")).status_code == 404

    asyncio.run(story())


def test_sglang_shows_no_prompt_and_takes_a_variant_for_a_number(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, "sglang", Fault(do="fail", prompt="bad")) as http:
            video = (await http.post("/videos", json={**SMALL, "seconds": 1})).json()
            assert "prompt" not in video
            assert video["id"].count("-") == 4
            content = f"/videos/{video['id']}/content"
            assert (await http.get(f"{content}?variant=video")).status_code == 404
            part = await http.get(content, headers={"range": "bytes=0-9"})
            assert (part.status_code, len(part.content)) == (206, 10)
            failed = (await form(http, prompt="bad")).json()
            answer = await http.get(f"/videos/{failed['id']}")
            assert answer.status_code == 200
            assert set(answer.json()["error"]) == {"message"}
            assert answer.json()["completed_at"] is None
            assert (await http.get("/videos?limit=0")).status_code == 422

    asyncio.run(story())


def test_sglang_lists_one_second_in_the_order_of_arrival(tmp_path: Path) -> None:
    async def story() -> None:
        clock = ManualClock()
        async with serve(tmp_path, "sglang", clock=clock) as http:
            first, second = [(await form(http)).json()["id"] for _ in range(2)]
            clock.passed_s = 1.0
            third = (await form(http)).json()["id"]
            page = (await http.get("/videos?limit=2")).json()
            assert [video["id"] for video in page["data"]] == [third, first]
            rest = (await http.get(f"/videos?limit=2&after={page['last_id']}")).json()
            assert [video["id"] for video in rest["data"]] == [second]
            assert not rest["has_more"]

    asyncio.run(story())


def test_sglang_forgets_a_deleted_job_and_renders_on(tmp_path: Path) -> None:
    async def story() -> None:
        clock = ManualClock()
        settings = {"speed": "timed", "latency": Latency.fixed(8), "clock": clock}
        async with serve(tmp_path, "sglang", **settings) as http:
            video = (await form(http)).json()
            gone = (await http.delete(f"/videos/{video['id']}")).json()
            assert (gone["object"], gone["status"]) == ("video", "deleted")
            await clock.pass_time(10, 1)
            simulator = http._transport._app.state.simulator  # type: ignore[attr-defined]
            while not simulator.bill().rendered:  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    asyncio.run(story())


def test_litellm_changes_its_ids_and_has_no_list(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, "litellm") as http:
            created = (await form(http)).json()["id"]
            assert {"+", "/"} <= set(created)
            answer = await http.get(f"/videos/{quote(created, safe='')}")
            assert answer.status_code == 200
            later = answer.json()["id"]
            assert later != created
            assert (await http.get(f"/videos/{quote(later, safe='')}")).status_code == 404
            assert (await http.get(f"/videos/{created}")).status_code == 404
            listed = await http.get("/videos")
            assert (listed.status_code, listed.json()["error"]["code"]) == (400, "400")
            assert listed.headers["x-litellm-version"]
            assert (await http.get("/models")).json()["data"][0]["id"] == "sora-2"
            assert (await http.delete(f"/videos/{quote(created, safe='')}")).status_code == 405
            content = f"/videos/{quote(created, safe='')}/content"
            whole = await http.get(content, headers={"range": "bytes=0-9"})
            assert (whole.status_code, len(whole.content) > 10) == (200, True)

    asyncio.run(story())


def test_litellm_quotes_the_server_behind_it_when_a_job_has_failed(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, "litellm", Fault(do="fail")) as http:
            created = (await form(http)).json()
            answer = await http.get(f"/videos/{quote(created['id'], safe='')}")
            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (500, "500")
            assert '"status": "failed"' in error["message"]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault(do="error", at="create", when="after", status=500, first=2), 200),
        (Fault(do="error", at="create", when="after", status=503), 503),
        (Fault(do="garbage", at="create"), 500),
        (Fault(do="html", at="create", when="after"), 500),
    ],
)
def test_litellm_orders_up_to_three_times_unless_it_is_told_not_to(
    fault: Fault, status: int, tmp_path: Path
) -> None:
    async def story() -> None:
        async with serve(tmp_path, "litellm", fault) as http:
            answer = await form(http)
            assert answer.status_code == status
            simulator = http._transport._app.state.simulator  # type: ignore[attr-defined]
            assert simulator.bill().accepted == 3
            if status == 200:
                assert answer.headers["x-litellm-attempted-retries"] == "2"
            once = {"x-litellm-num-retries": "0"}
            parts = {name: (None, f"{value}") for name, value in {**SMALL, "prompt": "b"}.items()}
            assert (await http.post("/videos", files=parts, headers=once)).status_code >= 500
            assert simulator.bill().accepted == 4

    asyncio.run(story())


def test_litellm_passes_the_headers_of_the_server_behind_it_on_with_a_prefix(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with serve(tmp_path, "litellm", Fault(do="throttle", at="create")) as http:
            answer = await form(http)
            assert (answer.status_code, "retry-after" in answer.headers) == (429, False)
            assert answer.headers["llm_provider-retry-after"] == "1"

    asyncio.run(story())


def test_litellm_leaves_a_refusal_and_a_dropped_connection_alone(tmp_path: Path) -> None:
    async def story() -> None:
        refuse, drop = Fault(do="refuse", prompt="vile"), Fault(do="reset", at="create", times=1)
        async with serve(tmp_path, "litellm", refuse, drop) as http:
            assert (await form(http, prompt="vile")).status_code == 400
            with pytest.raises(httpx.ReadError):
                await form(http)
            simulator = http._transport._app.state.simulator  # type: ignore[attr-defined]
            assert simulator.bill().accepted == 0

    asyncio.run(story())


def test_unsloth_renders_one_at_a_time_with_the_model_it_has(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, "unsloth", speed="timed", latency=Latency.fixed(99)) as http:
            first = await form(http, model="anything", seconds="1.04")
            assert first.json()["model"] == SimulatorSettings().model
            assert first.json()["seconds"] == "1.04"
            assert first.headers["openai-poll-after-ms"] == "2000"
            busy = await form(http)
            assert (busy.status_code, "error" in busy.json()) == (409, True)
            early = await http.get(f"/videos/{first.json()['id']}/content")
            assert (early.status_code, early.json()["error"]["code"]) == (400, "video_not_ready")
            assert "openai-poll-after-ms" not in early.headers
            gone = await http.get("/videos/video_nobody")
            assert (gone.status_code, gone.json()["error"]["code"]) == (404, "video_not_found")

    asyncio.run(story())


def test_unsloth_says_why_there_is_no_clip(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, "unsloth", Fault(do="fail")) as http:
            failed = (await form(http)).json()
            answer = await http.get(f"/videos/{failed['id']}")
            assert (answer.status_code, answer.json()["status"]) == (200, "failed")
            content = await http.get(f"/videos/{failed['id']}/content")
            error = content.json()["error"]
            assert (content.status_code, error["code"]) == (400, "video_generation_failed")

    asyncio.run(story())


def test_a_relay_leaks_words_of_its_own(tmp_path: Path) -> None:
    async def story() -> None:
        settings = {"speed": "timed", "latency": Latency.fixed(99), "slots": 1}
        async with serve(tmp_path, "new-api", **settings) as http:
            video = (await form(http)).json()
            assert video["id"] == video["task_id"]
            assert video["id"].startswith("task_")
            second = (await form(http)).json()
            assert second["status"] == "NOT_START"
            early = await http.get(f"/videos/{video['id']}/content")
            assert early.status_code == 400
            assert set(early.json()["error"]) == {"message", "type"}
            assert "prompt" not in second

    asyncio.run(story())


def test_a_relay_has_an_envelope_of_its_own_and_no_list(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, "new-api") as http:
            nobody = await http.get("/videos/task_nobody")
            assert (nobody.status_code, nobody.json()["code"]) == (400, "task_not_exist")
            assert nobody.headers["x-oneapi-request-id"]
            for method, path in (("GET", "/videos"), ("DELETE", "/videos/task_nobody")):
                answer = await http.request(method, path)
                words = answer.json()["error"]["message"]
                assert (answer.status_code, words) == (404, f"Invalid URL ({method} /v1{path})")
            refused = await http.post("/videos", json={"prompt": "x", "seconds": "soon"})
            assert (refused.status_code, set(refused.json())) == (400, {"code", "message", "data"})
            assert (await http.post("/videos", json={**SMALL, "seconds": 1})).status_code == 200

    asyncio.run(story())


@pytest.mark.parametrize(("dialect", "hours"), [("openai", 1), ("azure", 24)])
def test_hosts_of_sora_take_what_it_took_and_let_clips_expire(
    dialect: str, hours: int, tmp_path: Path
) -> None:
    async def story() -> None:
        clock = ManualClock()
        async with serve(tmp_path, dialect, clock=clock) as http:
            order = {"prompt": "x", "size": "1280x720", "seconds": "4"}
            assert (await http.post("/videos", json=SMALL)).status_code == 400
            assert (await http.post("/videos", json={**order, "seconds": 4})).status_code == 400
            video = (await http.post("/videos", json=order)).json()
            assert video["expires_at"] == video["completed_at"] + hours * 3600
            content = f"/videos/{video['id']}/content"
            assert (await http.get(content)).status_code == 200
            clock.passed_s = hours * 3600 + 1
            assert (await http.get(content)).status_code == 410

    asyncio.run(story())


def test_the_small_model_has_the_small_sizes_only(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, "openai") as http:
            order = {"prompt": "x", "size": "1792x1024", "seconds": "4"}
            assert (
                await http.post("/videos", json={**order, "model": "sora-2"})
            ).status_code == 400
            pro = await http.post("/videos", json={**order, "model": "sora-2-pro"})
            assert pro.status_code == 200

    asyncio.run(story())


def test_azure_takes_a_larger_size_and_then_fails(tmp_path: Path) -> None:
    async def story() -> None:
        async with serve(tmp_path, "azure") as http:
            order = {"prompt": "x", "size": "1792x1024", "seconds": "4", "model": "deployment"}
            taken = await http.post("/videos", json=order)
            assert (taken.status_code, taken.json()["status"]) == (200, "failed")
            small = await http.post("/videos", json={**order, "size": "1280x720"})
            assert small.json()["status"] == "completed"
            wild = await http.post("/videos", json={**order, "size": "640x480"})
            assert wild.status_code == 400

    asyncio.run(story())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_only_stores_in_a_process_forget_with_it(dialect: str, tmp_path: Path) -> None:
    async def story() -> None:
        fields = {"size": "1280x720", "seconds": "4"}
        async with serve(tmp_path, dialect) as http:
            models = DIALECTS[dialect].orders.models
            if models != "served":
                fields["model"] = "sora-2"
            video = (await form(http, **fields)).json()
        async with serve(tmp_path, dialect) as http:
            answer = await http.get(f"/videos/{quote(video['id'], safe='')}")
            forgets = dialect in {"vllm-omni", "sglang"}
            assert answer.status_code == (404 if forgets else 200)

    asyncio.run(story())
