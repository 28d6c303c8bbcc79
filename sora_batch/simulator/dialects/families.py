"""The records: each server family as it is known to behave.

What is not established of a family is left as OpenAI's protocol has it.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping

from sora_batch.shots import Json
from sora_batch.simulator.dialects.dialect import Answer, Dialect, Orders, Paging
from sora_batch.simulator.dialects.gateway_ids import behind_gateway, gateway_id, quoted
from sora_batch.simulator.job import Job, Status
from sora_batch.simulator.refusals import (
    detail_envelope,
    relay_envelope,
    string_code_envelope,
)

_SORA_MODELS = frozenset(
    "sora-2 sora-2-pro sora-2-2025-10-06 sora-2-2025-12-08 sora-2-pro-2025-10-06".split()
)
_SORA_SIZES = frozenset("720x1280 1280x720 1024x1792 1792x1024 1080x1920 1920x1080".split())
_SMALL = frozenset({"720x1280", "1280x720"})
_IN_TIME = Paging(default=None, knows_after=False, hollow_zero=True)
_NOT_VALID = dict.fromkeys(("prompt", "size", "limit", "order"), Answer(422))
_NOT_READY = Answer(404, "Generation is still in-progress")


def _omni_fields(job: Job) -> Mapping[str, Json]:
    done = job.status is Status.COMPLETED
    return {
        "media_type": "video/mp4" if done else None,
        "file_name": f"{job.id}.mp4" if done else None,
        "fps": 24.0 if done else None,
        "duration_s": float(job.seconds) if done else None,
        "inference_time_s": 1.0 if done else None,
        "metrics": None,
        "action": None,
    }


def _sglang_fields(job: Job) -> Mapping[str, Json]:
    path = f"/srv/outputs/{job.id}.mp4" if job.status is Status.COMPLETED else None
    return {
        "quality": "standard",
        "url": None,
        "urls": None,
        "file_path": path,
        "file_paths": [path] if path else None,
        "num_outputs": 1,
        # Its failed jobs have no end.
        **({"completed_at": None} if job.status is Status.FAILED else {}),
    }


def _gateway_fields(job: Job) -> Mapping[str, Json]:
    return {"usage": {"duration_seconds": float(job.seconds)}}


def _relay_fields(job: Job) -> Mapping[str, Json]:
    return {"task_id": job.id}


FAMILIES = (
    Dialect(name="local", orders=Orders(whole=False), poll_after_ms=-1),
    Dialect(
        name="openai",
        orders=Orders(
            sizes=_SORA_SIZES,
            model_sizes={name: _SMALL for name in _SORA_MODELS if "pro" not in name},
            lengths=frozenset({"4", "8", "12", "16", "20"}),
            models=_SORA_MODELS,
        ),
        ranges=False,
        delete="forgets",
        expires_s=3600,
    ),
    Dialect(
        name="azure",
        prefix="/openai/v1",
        orders=Orders(
            sizes=_SORA_SIZES,
            renders=_SMALL,
            lengths=frozenset({"4", "8", "12"}),
            derivations=frozenset({"remix"}),
        ),
        ranges=False,
        delete="forgets",
        expires_s=24 * 3600,
    ),
    Dialect(
        name="vllm-omni",
        orders=Orders(json=False, derivations=frozenset(), models="served"),
        paging=_IN_TIME,
        hidden=frozenset({"expires_at", "remixed_from_video_id", "seed"}),
        more=_omni_fields,
        failed_code=500,
        error="numbered",
        percents=False,
        variants="ignored",
        envelope=detail_envelope,
        refusals={
            **_NOT_VALID,
            "seconds": Answer(422),
            "video_not_ready": _NOT_READY,
            "video_generation_failed": Answer(422),
        },
        owner="vllm",
        new_id=lambda: f"video_gen_{secrets.token_hex(16)}",
        forgets=True,
    ),
    Dialect(
        name="sglang",
        orders=Orders(derivations=frozenset(), numbers=True),
        paging=Paging(least=1, knows_after=False, by_the_second=True),
        hidden=frozenset({"prompt", "remixed_from_video_id", "seed"}),
        more=_sglang_fields,
        error="bare",
        variants="index",
        envelope=detail_envelope,
        refusals={
            "limit": Answer(422),
            "order": Answer(422),
            "video_not_ready": _NOT_READY,
            "video_generation_failed": Answer(404),
        },
        delete="forgets",
        deleted_video=True,
        owner="sglang",
        new_id=lambda: str(uuid.uuid4()),
        forgets=True,
    ),
    Dialect(
        name="litellm",
        paging=None,
        no_list=Answer(400, "LLM Provider NOT provided. You passed model="),
        statuses={Status.IN_PROGRESS: "processing"},
        more=_gateway_fields,
        failed_code=500,
        quotes=quoted,
        error="numbered",
        variants="ignored",
        ranges=False,
        envelope=string_code_envelope,
        delete="nothing",
        owner="openai",
        headers={"x-litellm-version": "1.106.2"},
        repeats=2,
        repeats_header="x-litellm-num-retries",
        shown_id=gateway_id,
        known_id=behind_gateway,
    ),
    Dialect(
        name="unsloth",
        orders=Orders(
            whole=False,
            numbers=True,
            derivations=frozenset(),
            models="loaded",
            one_at_a_time=True,
        ),
        ranges=False,
        variants="ignored",
        refusals={"not_found": Answer(404, code="video_not_found")},
        poll_after_ms=2000,
    ),
    Dialect(
        name="new-api",
        orders=Orders(derivations=frozenset({"remix"}), numbers=True),
        paging=None,
        no_list=Answer(404, "Invalid URL (GET /v1/videos)"),
        statuses={Status.QUEUED: "NOT_START", Status.IN_PROGRESS: "running"},
        hidden=frozenset({"prompt", "seed"}),
        more=_relay_fields,
        variants="ignored",
        ranges=False,
        envelope=relay_envelope,
        refusals={"not_found": Answer(400, "task_not_exist", "task_not_exist")},
        delete="nothing",
        owner="openai",
        headers={"x-oneapi-request-id": "202611230000000000000000"},
        no_method=404,
        new_id=lambda: f"task_{secrets.token_urlsafe(24)}",
    ),
)
