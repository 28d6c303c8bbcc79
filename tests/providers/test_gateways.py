"""Servers that pass orders on: LiteLLM and new-api, what they hide and what their answers prove."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import httpx
import pytest

from sora_batch.providers.gateway import failed_behind
from sora_batch.providers.provider import JobMissing, JobStatus, JobUnreachable, NotAccepted
from sora_batch.providers.provider import OutcomeUnknown as Unknown
from sora_batch.records import FailureKind
from sora_batch.shots import JobId, Json
from sora_batch.simulator import Fault
from tests.providers.test_contract import served
from tests.providers.test_videos_api import Handler, created, order, parts_of, server

BEHIND = "video_gen_7"
ID = JobId(
    "video_"
    + base64.b64encode(
        f"litellm:custom_llm_provider:hosted_vllm;model_id:wan;video_id:{BEHIND}".encode()
    ).decode()
)
FAILED = {"id": BEHIND, "object": "video", "status": "failed", "error": {"message": "no memory"}}


def quoting(video: object, before: str = "Hosted_vllmException - ") -> dict[str, Json]:
    words = f"litellm.InternalServerError: {before}{json.dumps(video)}\n\nLiteLLM: model group 'x'"
    return {"error": {"message": words, "type": "internal_server_error", "code": "500"}}


def answering(code: int, body: object) -> Handler:
    return lambda _: httpx.Response(code, json=body)


def test_every_order_tells_litellm_not_to_repeat_it() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return created(request)

    litellm = server(handler, "litellm")
    asyncio.run(litellm.submit(order()))
    for kind in ("remix", "edit", "extend"):
        asyncio.run(litellm.submit(order(source_kind=kind, source_job=ID)))
    assert [request.headers["x-litellm-num-retries"] for request in seen] == ["0"] * 4
    asyncio.run(server(handler, "openai").submit(order()))
    assert "x-litellm-num-retries" not in seen[-1].headers


def test_an_order_is_one_order_behind_the_gateway_though_its_answers_are_lost(
    tmp_path: Path,
) -> None:
    faults = [
        Fault(do="error", at="create", when="after", status=500, prompt="broken"),
        Fault(do="garbage", at="create", prompt="torn"),
        Fault(do="throttle", at="create", prompt="slow"),
    ]

    async def use() -> None:
        async with served("litellm", tmp_path, *faults) as (provider, simulator, order):
            for prompt in ("broken", "torn"):
                with pytest.raises(Unknown):
                    await provider.submit(order(prompt, prompt=prompt))
            with pytest.raises(NotAccepted):
                await provider.submit(order("slow", prompt="slow"))
            assert simulator.bill().accepted == 2
            assert simulator.bill().repeated_keys == {}

    asyncio.run(use())


def test_a_failed_job_is_read_out_of_the_gateways_error() -> None:
    report = asyncio.run(server(answering(500, quoting(FAILED)), "litellm").poll(ID))
    assert (report.id, report.status) == (ID, JobStatus.FAILED)
    assert report.failure is not None
    assert report.failure.server_words == "no memory"


@pytest.mark.parametrize(
    "answer",
    [
        quoting({**FAILED, "id": "video_gen_8"}),
        quoting({**FAILED, "status": "in_progress"}),
        quoting({**FAILED, "object": "list"}),
        quoting({"object": "video", "status": "failed"}),
        quoting({"error": "boom"}),
        {"error": {"message": "{ " * 50 + json.dumps(FAILED)}},
        {"error": {"message": "x" * 300_000 + json.dumps(FAILED)}},
        {"error": "Hosted_vllmException - " + json.dumps(FAILED)},
        {},
    ],
)
def test_an_error_that_proves_no_failure_of_this_job_is_weather(answer: object) -> None:
    with pytest.raises(JobUnreachable):
        asyncio.run(server(answering(500, answer), "litellm").poll(ID))


def test_only_a_gateways_id_and_a_gateways_error_are_looked_into() -> None:
    assert failed_behind(quoting(FAILED), JobId("video_7")) is None
    assert failed_behind(quoting(FAILED, before="{not json} {"), ID) is not None
    with pytest.raises(JobUnreachable):
        asyncio.run(server(answering(500, quoting(FAILED)), "openai").poll(ID))


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (400, {"type": "no_db_connection", "message": "No connected db."}, "unauthorised"),
        (400, {"type": "x", "message": "Invalid model name passed in model=wan."}, "invalid"),
    ],
)
def test_what_litellm_answers_stops_the_run_where_nothing_else_can_succeed(
    code: int, body: dict[str, str], kind: str
) -> None:
    answer = answering(code, {"error": {**body, "code": str(code)}})
    with pytest.raises(NotAccepted) as refused:
        asyncio.run(server(answer, "litellm").submit(order()))
    assert (refused.value.stops_run, refused.value.failure.kind) == (True, FailureKind(kind))


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (503, {"error": {"code": "model_not_found", "message": "No channel"}}, "invalid"),
        (403, {"code": "insufficient_user_quota", "message": "x", "data": None}, "out_of_credit"),
        (403, {"code": "pre_consume_token_quota_failed", "message": "x"}, "out_of_credit"),
        (401, {"error": {"code": "", "type": "new_api_error", "message": "x"}}, "unauthorised"),
    ],
)
def test_what_a_relay_turns_down_before_it_asks_anybody_is_certain(
    code: int, body: object, kind: str
) -> None:
    with pytest.raises(NotAccepted) as refused:
        asyncio.run(server(answering(code, body), "new-api").submit(order()))
    assert (refused.value.stops_run, refused.value.failure.kind) == (True, FailureKind(kind))


def test_what_a_relay_says_of_the_server_behind_it_proves_nothing() -> None:
    lost = {"code": "fail_to_fetch_task", "message": "model_not_found", "data": None}
    for code, body in ((500, lost), (503, {"error": {"code": "x", "message": "busy"}})):
        with pytest.raises(Unknown):
            asyncio.run(server(answering(code, body), "new-api").submit(order()))
    unavailable = {"error": {"code": "model_not_found", "message": "No channel"}}
    with pytest.raises(Unknown):
        asyncio.run(server(answering(503, unavailable), "openai").submit(order()))


def test_a_relay_has_a_word_of_its_own_for_a_job_it_does_not_know() -> None:
    body = {"code": "task_not_exist", "message": "task_not_exist", "data": None}
    relay = server(answering(400, body), "new-api")
    with pytest.raises(JobMissing) as gone:
        asyncio.run(relay.poll(JobId("task_1")))
    assert not gone.value.expired


def test_azure_is_asked_for_a_remix_with_a_form() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return created(request)

    asyncio.run(server(handler, "azure").submit(order(source_kind="remix", source_job="v1")))
    assert seen[0].url.path == "/v1/videos/v1/remix"
    assert parts_of(seen[0]) == {"prompt": "dawn ☀"}


@pytest.mark.parametrize(("source", "stops"), [(None, True), ("remix", False)])
def test_a_path_that_is_not_there_is_everybodys_trouble_and_a_job_one_shots(
    source: str | None, stops: bool
) -> None:
    answer = answering(404, {"error": {"message": "Invalid URL (POST /v2/videos)"}})
    with pytest.raises(NotAccepted) as refused:
        asyncio.run(server(answer).submit(order(source_kind=source, source_job="v1")))
    assert refused.value.stops_run is stops
