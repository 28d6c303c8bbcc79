"""What is sent to OpenRouter, and what its answers are taken for."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from sora_batch.catalog import ModelEntry, load_catalog
from sora_batch.clock import SystemClock
from sora_batch.errors import UsageError
from sora_batch.manifest.settings import ProviderSettings
from sora_batch.providers import capabilities, kinds
from sora_batch.providers.dialects import DIALECTS
from sora_batch.providers.in_process import InProcessTransport
from sora_batch.providers.opening import open_provider
from sora_batch.providers.openrouter import OpenRouter
from sora_batch.providers.openrouter_orders import shape_of
from sora_batch.providers.provider import (
    JobMissing,
    JobReport,
    JobStatus,
    JobUnreachable,
    NotAccepted,
    OutcomeUnknown,
    Provider,
    RenderRequest,
)
from sora_batch.providers.transport import Client
from sora_batch.records import FailureKind
from sora_batch.shots import JobId, Size
from tests.providers.fake_openrouter import CLIP, KEY, SIGNED, FakeOpenRouter

HOME = "https://openrouter.test/api/v1"
JOB = JobId("gen-vid-1")
MODEL = {"id": "google/veo-3.1"}
Handler = Callable[[httpx.Request], httpx.Response]


def server(handler: Handler) -> OpenRouter:
    return speaking(httpx.AsyncClient(transport=httpx.MockTransport(handler)))


def speaking(client: httpx.AsyncClient, *, key: str | None = KEY) -> OpenRouter:
    catalog = load_catalog()
    return OpenRouter(
        DIALECTS["openrouter"],
        client,
        SystemClock(),
        base_url=f"{HOME}/",
        key=key,
        find_model=lambda model: catalog.find("openrouter", model),
    )


def order(**changes: object) -> RenderRequest:
    fields: dict[str, object] = {
        "key": "attempt-1",
        "prompt": "dawn ☀",
        "model": "google/veo-3.1",
        "size": Size(1280, 720),
        "seconds": Decimal(4),
        "label": "hero",
        **changes,
    }
    return RenderRequest(**fields)  # type: ignore[arg-type]


def accepted(**more: object) -> httpx.Response:
    return httpx.Response(202, json={"id": JOB, "status": "pending", **more})


def sent(**changes: object) -> Mapping[str, object]:
    bodies: list[dict[str, object]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.read()))
        return accepted()

    asyncio.run(server(handler).submit(order(**changes)))
    (body,) = bodies
    return body


def polled(answer: Mapping[str, object], code: int = 200) -> JobReport:
    return asyncio.run(server(lambda _: httpx.Response(code, json=answer)).poll(JOB))


def test_an_order_becomes_a_clip_and_its_cost_is_the_servers(tmp_path: Path) -> None:
    async def use() -> None:
        fake = FakeOpenRouter(models=[MODEL])
        provider: Provider = speaking(Client(InProcessTransport(fake.app)))
        report = await provider.submit(order(seed=7, options={"generate_audio": False}))
        assert (report.status, report.raw_status) == (JobStatus.QUEUED, "pending")
        with pytest.raises(JobUnreachable, match="409"):
            await provider.download(report.id, tmp_path / "early", limit_bytes=10**6)
        assert (await provider.poll(report.id)).status is JobStatus.RENDERING
        done = await provider.poll(report.id)
        assert (done.status, done.cost_usd) == (JobStatus.COMPLETED, Decimal("0.4"))
        assert done.expires_at == datetime(2026, 11, 24, 12, tzinfo=UTC)
        target = tmp_path / "clip.part"
        assert await provider.download(report.id, target, limit_bytes=10**6) == len(CLIP)
        assert target.read_bytes() == CLIP
        assert SIGNED not in repr(done)
        with pytest.raises(JobMissing):
            await provider.poll(JobId("gen-vid-nobody"))
        assert len(fake.orders) == 1
        await provider.close()

    asyncio.run(use())


def test_it_lists_nothing_deletes_nothing_and_has_no_thumbnail(tmp_path: Path) -> None:
    async def use() -> None:
        fake = FakeOpenRouter()
        provider: Provider = speaking(Client(InProcessTransport(fake.app)))
        found = await provider.list_jobs(10)
        assert (found.jobs, found.whole) == ((), False)
        assert await provider.thumbnail(JOB, tmp_path / "t.webp") is False
        with pytest.raises(JobUnreachable, match="no way to delete"):
            await provider.delete(JOB)
        assert fake.requests == []

    asyncio.run(use())


def test_no_credit_stops_the_run_after_what_was_paid() -> None:
    async def use() -> None:
        fake = FakeOpenRouter(models=[MODEL], credit=1)
        provider = speaking(Client(InProcessTransport(fake.app)))
        await provider.submit(order())
        with pytest.raises(NotAccepted, match="out of credit") as refused:
            await provider.submit(order())
        assert refused.value.stops_run
        assert refused.value.failure.kind is FailureKind.OUT_OF_CREDIT
        assert refused.value.failure.server_words == "Insufficient credits"

    asyncio.run(use())


def test_an_order_is_one_json_request_with_a_whole_length() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return accepted()

    options = {"generate_audio": True, "provider": {"options": {"google-vertex": {}}}}
    report = asyncio.run(server(handler).submit(order(options=options, seed=7)))
    assert (report.id, report.status) == (JOB, JobStatus.QUEUED)
    (request,) = seen
    assert (request.method, str(request.url)) == ("POST", f"{HOME}/videos")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["idempotency-key"] == "attempt-1"
    assert json.loads(request.read()) == {
        "model": "google/veo-3.1",
        "prompt": "dawn ☀",
        "duration": 4,
        "resolution": "720p",
        "aspect_ratio": "16:9",
        "generate_audio": True,
        "provider": {"options": {"google-vertex": {}}},
        "seed": 7,
    }


@pytest.mark.parametrize(
    ("options", "frame"), [({}, "first_frame"), ({"frame_type": "last_frame"}, "last_frame")]
)
def test_the_reference_is_a_frame_in_the_order_itself(
    options: object, frame: str, tmp_path: Path
) -> None:
    picture = tmp_path / "fitted.png"
    picture.write_bytes(b"\x89PNG...")
    body = sent(reference=picture, options=options)
    url = "data:image/png;base64," + base64.b64encode(b"\x89PNG...").decode()
    assert body["frame_images"] == [
        {"type": "image_url", "image_url": {"url": url}, "frame_type": frame}
    ]
    assert "frame_type" not in body


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source_kind": "remix", "source_job": "x"}, "cannot remix"),
        ({"seconds": Decimal("4.5")}, "whole seconds"),
        ({"options": {"frame_type": "middle"}, "reference": Path(__file__)}, "first_frame or"),
    ],
)
def test_what_cannot_be_said_there_is_not_sent(changes: dict[str, object], words: str) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise AssertionError("sent")

    with pytest.raises(NotAccepted, match=words):
        asyncio.run(server(handler).submit(order(**changes)))


def entry(**fields: object) -> ModelEntry:
    known = {"service": "openrouter", "name": "m", "sure": "S", "source": "x", **fields}
    return ModelEntry(**known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("size", "model", "shape"),
    [
        (Size(1920, 1080), None, {"resolution": "1080p", "aspect_ratio": "16:9"}),
        (Size(720, 1280), None, {"resolution": "720p", "aspect_ratio": "9:16"}),
        (Size(1366, 768), None, {"resolution": "768p", "aspect_ratio": "16:9"}),
        (Size(1680, 720), None, {"resolution": "720p", "aspect_ratio": "21:9"}),
        (Size(2048, 1152), None, {"resolution": "2K", "aspect_ratio": "16:9"}),
        (Size(3840, 2160), None, {"resolution": "4K", "aspect_ratio": "16:9"}),
        (Size(1000, 720), None, {"size": "1000x720"}),
        (Size(1248, 704), None, {"size": "1248x704"}),
        (Size(1280, 720), entry(sizes=(Size(1280, 720),)), {"size": "1280x720"}),
        (Size(1280, 720), entry(resolutions=("1080p",)), {"size": "1280x720"}),
        (Size(1280, 720), entry(ratios=("1:1",)), {"size": "1280x720"}),
    ],
)
def test_a_size_is_said_as_the_model_knows_it(
    size: Size, model: ModelEntry | None, shape: object
) -> None:
    assert shape_of(size, model) == shape


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(202, content=b""),
        httpx.Response(202, json={"status": "pending"}),
        httpx.Response(200, json={"error": {"message": "upstream", "code": 502}}),
        httpx.Response(499, json={"error": {"message": "closed", "code": 499}}),
        httpx.Response(500, json={"error": {"message": "oops", "code": 500}}),
        httpx.Response(503, content=b"<html>"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
    ],
)
def test_an_answer_that_proves_nothing_is_unknown_and_nothing_is_sent_again(
    answer: httpx.Response | Exception,
) -> None:
    count = 0

    def handler(_: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(OutcomeUnknown):
        asyncio.run(server(handler).submit(order()))
    assert count == 1


@pytest.mark.parametrize(
    ("code", "message", "kind", "stops"),
    [
        (400, "duration must be one of 4, 6, 8", FailureKind.INVALID, False),
        (401, "No auth credentials found", FailureKind.UNAUTHORISED, True),
        (402, "Insufficient credits", FailureKind.OUT_OF_CREDIT, True),
        (403, "Key limit exceeded", FailureKind.UNAUTHORISED, True),
        (403, "Blocked by moderation: violence", FailureKind.REFUSED, False),
        (400, "InputImageSensitiveContentDetected", FailureKind.REFUSED, False),
        (404, "Model x is not a video model", FailureKind.INVALID, True),
        (413, "Payload too large", FailureKind.INVALID, False),
        (429, "Rate limit exceeded", FailureKind.THROTTLED, False),
    ],
)
def test_what_is_refused_before_a_job_exists_cost_nothing(
    code: int, message: str, kind: FailureKind, stops: bool
) -> None:
    body = {"error": {"message": message, "code": code}}
    with pytest.raises(NotAccepted) as refused:
        asyncio.run(server(lambda _: httpx.Response(code, json=body)).submit(order()))
    assert (refused.value.failure.kind, refused.value.stops_run) == (kind, stops)
    assert refused.value.failure.server_words == message


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", JobStatus.QUEUED),
        ("in_progress", JobStatus.RENDERING),
        ("completed", JobStatus.COMPLETED),
        ("failed", JobStatus.FAILED),
        ("cancelled", JobStatus.CANCELLED),
        ("expired", JobStatus.EXPIRED),
        ("some_new_word", JobStatus.RENDERING),
    ],
)
def test_every_status_has_a_meaning(word: str, status: JobStatus) -> None:
    assert polled({"id": JOB, "status": word}).status is status


def test_why_a_job_failed_is_a_plain_string() -> None:
    report = polled({"id": JOB, "status": "failed", "error": "The render ran out of memory"})
    assert report.failure is not None
    assert report.failure.kind is FailureKind.TRANSIENT
    assert report.failure.server_words == "The render ran out of memory"


def test_the_job_keeps_the_id_of_the_create_answer() -> None:
    assert polled({"id": "another", "status": "pending"}).id == JOB
    assert polled({"status": "pending"}).id == JOB


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"cost": 0.112, "is_byok": False}, Decimal("0.112")),
        ({"cost": 0}, Decimal(0)),
        ({"cost": None}, None),
        ({"cost": "n/a"}, None),
        ({"cost": 0.02, "is_byok": True}, None),
        (None, None),
    ],
)
def test_the_cost_is_the_servers_figure_unless_it_is_only_a_fee(
    usage: object, cost: Decimal | None
) -> None:
    assert polled({"id": JOB, "status": "completed", "usage": usage}).cost_usd == cost


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (401, JobUnreachable),
        (403, JobUnreachable),
        (404, JobMissing),
        (500, JobUnreachable),
    ],
)
def test_a_poll_without_a_job_says_why(code: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=str(code)):
        polled({"error": {"message": "no", "code": code}}, code)


@pytest.mark.parametrize("answer", [{}, {"id": JOB}, {"status": 3}])
def test_a_poll_answer_without_a_status_is_weather(answer: Mapping[str, object]) -> None:
    with pytest.raises(JobUnreachable):
        polled(answer)


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("/api/v1/videos/gen-vid-1?v=2", f"{HOME}/videos/gen-vid-1?v=2"),
        (f"{HOME}/jobs/7", f"{HOME}/jobs/7"),
        ("https://elsewhere.test/steal", f"{HOME}/videos/gen-vid-1"),
        ("http://openrouter.test/api/v1/videos/gen-vid-1", f"{HOME}/videos/gen-vid-1"),
        (None, f"{HOME}/videos/gen-vid-1"),
        (17, f"{HOME}/videos/gen-vid-1"),
        ("http://[", f"{HOME}/videos/gen-vid-1"),
    ],
)
def test_the_polling_address_is_used_on_the_server_itself_only(address: object, asked: str) -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return accepted(polling_url=address)
        seen.append(str(request.url))
        return httpx.Response(200, json={"status": "pending"})

    async def use() -> None:
        provider = server(handler)
        report = await provider.submit(order())
        await provider.poll(report.id)

    asyncio.run(use())
    assert seen == [asked]


def test_a_polling_address_that_leads_nowhere_does_not_lose_the_job() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return accepted(polling_url="/wrong/prefix/gen-vid-1")
        if request.url.path.startswith("/wrong"):
            return httpx.Response(404)
        return httpx.Response(200, json={"status": "in_progress"})

    async def use() -> None:
        provider = server(handler)
        await provider.submit(order())
        with pytest.raises(JobUnreachable):
            await provider.poll(JOB)
        assert (await provider.poll(JOB)).status is JobStatus.RENDERING

    asyncio.run(use())


@pytest.mark.parametrize(
    ("code", "error", "expired"),
    [(409, JobUnreachable, None), (502, JobUnreachable, None), (404, JobMissing, False)],
)
def test_a_clip_that_is_not_there_yet_is_weather(
    code: int, error: type[Exception], expired: bool | None, tmp_path: Path
) -> None:
    with pytest.raises(error) as raised:
        asyncio.run(
            server(lambda _: httpx.Response(code)).download(JOB, tmp_path / "p", limit_bytes=10)
        )
    assert getattr(raised.value, "expired", None) == expired


def test_a_clip_that_is_gone_has_expired(tmp_path: Path) -> None:
    gone = server(lambda _: httpx.Response(410, json={"error": {"message": "gone", "code": 410}}))
    with pytest.raises(JobMissing) as raised:
        asyncio.run(gone.download(JOB, tmp_path / "p", limit_bytes=10))
    assert raised.value.expired


def test_a_download_begins_anew_and_leaves_the_key_behind(tmp_path: Path) -> None:
    seen: list[tuple[str, bool, bool]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        said = str(request.headers.raw)
        seen.append((str(request.url), KEY in said, "range" in request.headers))
        if request.url.host == "openrouter.test":
            return httpx.Response(302, headers={"location": SIGNED})
        return httpx.Response(200, content=b"clip")

    target = tmp_path / "clip.part"
    target.write_bytes(b"half of anoth")
    asyncio.run(server(handler).download(JOB, target, limit_bytes=100))
    assert seen == [
        (f"{HOME}/videos/gen-vid-1/content?index=0", True, False),
        (SIGNED, False, False),
    ]
    assert target.read_bytes() == b"clip"


def test_the_key_is_in_no_representation() -> None:
    assert KEY not in repr(server(lambda _: accepted()))


def test_the_registry_knows_what_it_can_do() -> None:
    assert "openrouter" in kinds()
    can = capabilities("openrouter")
    assert (can.remix, can.edit, can.extend, can.deletes) == (False, False, False, False)
    assert (can.reference, can.seed, can.listing) == (True, True, "none")


@pytest.mark.parametrize(
    ("settings", "environment", "key"),
    [
        ({}, {"OPENROUTER_API_KEY": KEY}, KEY),
        ({"api_key_variable": "TEAM_KEY"}, {"TEAM_KEY": KEY}, KEY),
        ({"base_url": "http://relay/v1"}, {"OPENROUTER_API_KEY": KEY}, None),
    ],
)
def test_the_key_is_found_and_is_shown_to_nobody_else(
    settings: dict[str, str], environment: dict[str, str], key: str | None, tmp_path: Path
) -> None:
    async def use() -> None:
        asked = ProviderSettings(name="or", kind="openrouter", **settings)  # type: ignore[arg-type]
        provider = await open_provider(
            asked, environment=environment, local_folder=tmp_path, clock=SystemClock()
        )
        assert isinstance(provider, OpenRouter)
        shown = provider._server.headers.get("Authorization")
        assert shown == (None if key is None else f"Bearer {key}")
        await provider.close()

    asyncio.run(use())


def test_without_a_key_nothing_is_sent(tmp_path: Path) -> None:
    settings = ProviderSettings(name="openrouter", kind="openrouter")
    with pytest.raises(UsageError, match="OPENROUTER_API_KEY"):
        asyncio.run(
            open_provider(settings, environment={}, local_folder=tmp_path, clock=SystemClock())
        )
