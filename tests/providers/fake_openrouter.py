"""A small server with OpenRouter's job API, in this process: jobs advance by one step a poll."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY = "sk-or-very-secret"
CLIP = b"\x00\x00\x00\x18ftypmp42" + b"clip" * 200
SIGNED = "https://storage.test/clip.mp4?X-Amz-Signature=SIGNED-SECRET"

_STEPS = ("pending", "in_progress", "completed")
_KNOWN = frozenset(
    "model prompt duration size resolution aspect_ratio seed generate_audio frame_images provider "
    "callback_url session_id user trace".split()
)


@dataclass
class FakeOpenRouter:
    """Its jobs, what it was asked, and how it is told to behave.

    `credit` is how many jobs the account can pay; `ends` is the last step and `error` why. `key`
    is what it says of the key, `account` of the account, None to all but management keys.
    """

    credit: int = 100
    clip: bytes = CLIP
    ends: str = "completed"
    error: str | None = None
    models: list[dict[str, Any]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    steps: dict[str, int] = field(default_factory=dict)
    key: dict[str, Any] = field(default_factory=dict)
    account: dict[str, Any] | None = None

    @property
    def app(self) -> Starlette:
        """The application, below `/api/v1`."""
        return Starlette(
            routes=[
                Route("/api/v1/videos", self._create, methods=["POST"]),
                Route("/api/v1/videos/models", self._list_models),
                Route("/api/v1/key", self._show_key),
                Route("/api/v1/credits", self._show_credits),
                Route("/api/v1/videos/{job}", self._show),
                Route("/api/v1/videos/{job}/content", self._content),
            ]
        )

    async def _create(self, request: Request) -> Response:
        refused = self._unknown_caller(request)
        if refused is not None:
            return refused
        order = await request.json()
        unknown = sorted(set(order) - _KNOWN)
        if unknown or not isinstance(order.get("duration"), int):
            return _error(400, f"Invalid request: {unknown or 'duration'}")
        if not any(model["id"] == order["model"] for model in self.models):
            return _error(404, f"Model {order['model']} does not exist or makes no video")
        if len(self.orders) >= self.credit:
            return _error(402, "Insufficient credits")
        self.orders.append(order)
        job = f"gen-vid-1779000000-{len(self.orders):020d}"
        self.steps[job] = 0
        answer = {"id": job, "polling_url": f"/api/v1/videos/{job}", "status": "pending"}
        return JSONResponse(answer, status_code=202)

    async def _show(self, request: Request) -> Response:
        job = request.path_params["job"]
        refused = self._unknown_caller(request) or self._unknown_job(job)
        if refused is not None:
            return refused
        self.steps[job] += 1
        status = _STEPS[min(self.steps[job], 2)]
        if status != "completed":
            return JSONResponse({"id": job, "status": status})
        answer: dict[str, Any] = {"id": job, "status": self.ends, "generation_id": "gen-9"}
        if self.error is not None:
            return JSONResponse({**answer, "error": self.error})
        content = f"https://openrouter.ai/api/v1/videos/{job}/content?index=0"
        return JSONResponse(
            {
                **answer,
                "unsigned_urls": [content],
                "urls": [SIGNED],
                "expires_at": "2026-11-24T12:00:00Z",
                "usage": {"cost": 0.4, "is_byok": False},
            }
        )

    async def _content(self, request: Request) -> Response:
        job = request.path_params["job"]
        refused = self._unknown_caller(request) or self._unknown_job(job)
        if refused is not None:
            return refused
        if self.steps[job] < 2:
            return _error(409, "Video is not ready")
        if request.query_params.get("index") != "0":
            return _error(400, "No such output")
        return Response(self.clip, media_type="video/mp4")

    async def _list_models(self, request: Request) -> Response:
        self.requests.append((request.method, request.url.path))
        return JSONResponse({"data": self.models})

    async def _show_key(self, request: Request) -> Response:
        return self._unknown_caller(request) or JSONResponse({"data": self.key})

    async def _show_credits(self, request: Request) -> Response:
        refused = self._unknown_caller(request)
        if refused is None and self.account is None:
            return _error(403, "Only management keys can fetch credits")
        return refused or JSONResponse({"data": self.account})

    def _unknown_caller(self, request: Request) -> Response | None:
        self.requests.append((request.method, request.url.path))
        if request.headers.get("authorization") == f"Bearer {KEY}":
            return None
        return _error(401, "No auth credentials found")

    def _unknown_job(self, job: str) -> Response | None:
        return None if job in self.steps else _error(404, "Job not found")


def _error(code: int, message: str) -> Response:
    return JSONResponse({"error": {"message": message, "code": code}}, status_code=code)
