"""What is sent to a server of the family, and what its answers are taken for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from sora_batch.clock import SystemClock
from sora_batch.providers.dialects import DIALECTS
from sora_batch.providers.provider import (
    JobMissing,
    JobStatus,
    JobUnreachable,
    NotAccepted,
    OutcomeUnknown,
    RenderRequest,
)
from sora_batch.providers.videos_api import VideosApi
from sora_batch.shots import JobId, Size

KEY = "sk-very-secret"
Handler = Callable[[httpx.Request], httpx.Response]


def server(handler: Handler, kind: str = "openai") -> VideosApi:
    client = httpx.AsyncClient(transport=httpx.MockTransport(handler), follow_redirects=False)
    return VideosApi(
        DIALECTS[kind], client, SystemClock(), base_url="https://videos.test/v1/", key=KEY
    )


def order(**changes: object) -> RenderRequest:
    fields: dict[str, object] = {
        "key": "attempt-1",
        "prompt": "dawn ☀",
        "model": "sora-2",
        "size": Size(1280, 720),
        "seconds": Decimal(4),
        "label": "hero",
        **changes,
    }
    return RenderRequest(**fields)  # type: ignore[arg-type]


def created(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"id": "v/1+=", "status": "queued"})


def parts_of(request: httpx.Request) -> dict[str, str]:
    boundary = request.headers["content-type"].split("boundary=")[1].encode()
    parts = {}
    for part in request.read().split(b"--" + boundary)[1:-1]:
        head, _, body = part.partition(b"\r\n\r\n")
        name = head.split(b'name="')[1].split(b'"')[0].decode()
        parts[name] = body.rstrip(b"\r\n").decode("utf-8", "replace")
        if b"filename" in head:
            parts[f"{name} head"] = head.decode()
    return parts


def test_an_order_is_one_multipart_request_with_seconds_as_digits(tmp_path: Path) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return created(request)

    picture = tmp_path / "hero.png"
    picture.write_bytes(b"\x89PNG...")
    options = {"guidance_scale": 4.5, "generate_audio": True, "negative_prompt": "rain"}
    report = asyncio.run(server(handler).submit(order(reference=picture, options=options, seed=7)))
    assert report.id == "v/1+="
    (request,) = seen
    assert str(request.url) == "https://videos.test/v1/videos"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["idempotency-key"] == "attempt-1"
    assert "x-sora-batch-shot" not in request.headers
    parts = parts_of(request)
    head = parts.pop("input_reference head")
    assert 'filename="hero.png"' in head
    assert "image/png" in head
    parts.pop("input_reference")
    assert parts == {
        "prompt": "dawn ☀",
        "model": "sora-2",
        "size": "1280x720",
        "seconds": "4",
        "seed": "7",
        "guidance_scale": "4.5",
        "generate_audio": "true",
        "negative_prompt": "rain",
    }


@pytest.mark.parametrize(
    ("kind", "path", "body"),
    [
        ("remix", "/v1/videos/v%2F1%2B%3D/remix", {"prompt": "dawn ☀"}),
        ("edit", "/v1/videos/edits", {"prompt": "dawn ☀", "video": {"id": "v/1+="}}),
        (
            "extend",
            "/v1/videos/extensions",
            {"prompt": "dawn ☀", "video": {"id": "v/1+="}, "seconds": "4"},
        ),
    ],
)
def test_what_is_made_from_another_job_names_it(kind: str, path: str, body: object) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.raw_path.decode() == path
        assert json.loads(request.read()) == body
        return created(request)

    asyncio.run(server(handler).submit(order(source_kind=kind, source_job="v/1+=")))


def test_azure_has_a_header_of_its_own_for_the_key() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.headers["api-key"] == KEY
        assert "authorization" not in request.headers
        return created(request)

    asyncio.run(server(handler, "azure").submit(order()))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b"<html>hello</html>"),
        httpx.Response(200, json={"status": "queued"}),
        httpx.Response(202, content=b""),
        httpx.Response(502, content=b"Bad Gateway"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("cut"),
        httpx.WriteError("cut"),
    ],
)
def test_an_answer_that_proves_nothing_is_unknown(answer: httpx.Response | Exception) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(OutcomeUnknown):
        asyncio.run(server(handler).submit(order()))


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")])
def test_what_was_never_sent_was_not_accepted(error: httpx.HTTPError) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(NotAccepted):
        asyncio.run(server(handler).submit(order()))


def test_an_order_is_sent_once_whatever_the_answer() -> None:
    count = 0

    def handler(_: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        return httpx.Response(500)

    with pytest.raises(OutcomeUnknown):
        asyncio.run(server(handler).submit(order()))
    assert count == 1


def test_a_failed_job_may_come_with_an_error_code() -> None:
    """vLLM-Omni answers 500 and the whole job."""

    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(
            500, json={"id": "v1", "status": "failed", "error": {"code": 500, "message": "OOM"}}
        )

    report = asyncio.run(server(handler, "vllm-omni").poll(JobId("v1")))
    assert report.status is JobStatus.FAILED
    assert report.failure is not None
    assert report.failure.server_words == "OOM"


def test_a_gateways_own_error_is_not_the_job() -> None:
    """It has an id and a status too, and says nothing of a job that renders on."""
    error = {"id": "req_81", "status": "failed", "error": {"message": "upstream away"}}
    gateway = server(lambda _: httpx.Response(502, json=error))
    with pytest.raises(JobUnreachable):
        asyncio.run(gateway.poll(JobId("v1")))


@pytest.mark.parametrize(
    ("code", "error"),
    [(404, JobMissing), (410, JobMissing), (500, JobUnreachable), (401, JobUnreachable)],
)
def test_a_poll_without_a_job_says_why(code: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=str(code)):
        asyncio.run(server(lambda _: httpx.Response(code)).poll(JobId("v1")))


def test_the_key_stays_behind_when_a_download_leaves_the_server(tmp_path: Path) -> None:
    hosts: list[tuple[str, bool]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        hosts.append((request.url.host, KEY in str(request.headers.raw)))
        if request.url.host == "videos.test":
            return httpx.Response(302, headers={"location": "https://cdn.test/clip"})
        return httpx.Response(200, content=b"clip")

    target = tmp_path / "clip.part"
    asyncio.run(server(handler).download(JobId("v1"), target, limit_bytes=100))
    assert hosts == [("videos.test", True), ("cdn.test", False)]
    assert target.read_bytes() == b"clip"


def test_a_download_goes_on_where_it_broke_off_if_the_server_can(tmp_path: Path) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.headers["range"] == "bytes=3-"
        return httpx.Response(206, content=b"defg")

    target = tmp_path / "clip.part"
    target.write_bytes(b"abc")
    size = asyncio.run(server(handler, "vllm-omni").download(JobId("v1"), target, limit_bytes=100))
    assert (size, target.read_bytes()) == (7, b"abcdefg")


def test_a_server_that_ignores_the_range_sends_it_all_again(tmp_path: Path) -> None:
    target = tmp_path / "clip.part"
    target.write_bytes(b"abc")
    whole = server(lambda _: httpx.Response(200, content=b"ABCDEF"), "vllm-omni")
    asyncio.run(whole.download(JobId("v1"), target, limit_bytes=100))
    assert target.read_bytes() == b"ABCDEF"


def test_a_range_beyond_the_end_starts_anew(tmp_path: Path) -> None:
    target = tmp_path / "clip.part"
    target.write_bytes(b"abc")
    with pytest.raises(JobUnreachable):
        asyncio.run(
            server(lambda _: httpx.Response(416), "sglang").download(
                JobId("v1"), target, limit_bytes=100
            )
        )
    assert not target.exists()


def test_a_clip_larger_than_any_clip_is_not_taken(tmp_path: Path) -> None:
    big = server(lambda _: httpx.Response(200, content=b"x" * 5000))
    with pytest.raises(JobUnreachable, match="larger"):
        asyncio.run(big.download(JobId("v1"), tmp_path / "p", limit_bytes=1000))


@pytest.mark.parametrize("page", [b"<html>back soon</html>", b'\n {"error": "busy"}'])
def test_a_page_in_place_of_a_clip_is_weather(page: bytes, tmp_path: Path) -> None:
    """A login page or a gateway's message says nothing about the clip, which is paid for."""
    target = tmp_path / "p"
    target.write_bytes(b"begun")
    with pytest.raises(JobUnreachable, match="instead of the clip"):
        asyncio.run(
            server(lambda _: httpx.Response(200, content=page)).download(
                JobId("v1"), target, limit_bytes=1000
            )
        )
    assert target.read_bytes() == b"begun"


@pytest.mark.parametrize("location", ["/v1/again", "https://[", "https://host:99999999/x"])
def test_redirects_without_an_end_are_weather(location: str, tmp_path: Path) -> None:
    leading = server(lambda _: httpx.Response(302, headers={"location": location}))
    with pytest.raises(JobUnreachable):
        asyncio.run(leading.download(JobId("v1"), tmp_path / "p", limit_bytes=1000))


def test_the_key_is_in_no_representation() -> None:
    assert KEY not in repr(server(created))
