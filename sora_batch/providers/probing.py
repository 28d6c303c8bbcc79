"""Asks a server a few questions that cost nothing: is it there, what is it, does its list work.

Only GETs of things that are not there, or are lists. A guess at the family is a guess: relays
rewrite answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from sora_batch.providers import replies
from sora_batch.providers.connection import Connection
from sora_batch.providers.provider import JobUnreachable

NOBODYS_JOB = "video_sora_batch_doctor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a server answered. `code` is that of its list of jobs, 0 where nothing came, and
    `words` are its own; `guess` are the families it may be, likeliest first. `models` are the
    names it lists, `jobs` how many jobs its list showed, None where it showed no list. `version` is
    that of a gateway which says it, "" else."""

    code: int = 0
    words: str = ""
    guess: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    jobs: int | None = None
    shows_prompts: bool | None = None
    ahead_s: float | None = None
    version: str = ""


async def probe(server: Connection) -> Probe:
    """What the server says of itself. Never raises for what a server does."""
    try:
        response, body = await server.ask("/videos", {"limit": "5"})
    except JobUnreachable as error:
        return Probe(words=error.message)
    listed = (replies.parse_json(body) or {}).get("data") if response.is_success else None
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    models, owners = await _models(server)
    guess = _known(response.headers, body)
    if not guess:
        # A gateway that does not know an id asks OpenAI about it, so that one is not asked.
        missing, envelope = await _ask(server, f"/videos/{NOBODYS_JOB}")
        guess = _guess(owners, envelope, missing)
    prompts = {isinstance(item.get("prompt"), str) for item in items}
    return Probe(
        code=response.status_code,
        words="" if response.is_success else replies.error_words(body)[1],
        guess=guess,
        models=models,
        jobs=len(items) if isinstance(listed, list) else None,
        shows_prompts=prompts == {True} if prompts else None,
        ahead_s=server.ahead_s,
        version=replies.clean(response.headers.get("x-litellm-version", ""), 40),
    )


async def _ask(server: Connection, path: str) -> tuple[int, Mapping[str, object]]:
    try:
        response, body = await server.ask(path)
    except JobUnreachable:
        return 0, {}
    return response.status_code, replies.parse_json(body) or {}


async def _models(server: Connection) -> tuple[tuple[str, ...], frozenset[str]]:
    _, data = await _ask(server, "/models")
    listed = data.get("data")
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    names = [str(item["id"]) for item in items if isinstance(item.get("id"), str)]
    owners = {str(item.get("owned_by", "")).lower() for item in items}
    return tuple(replies.clean(name, 120) for name in names), frozenset(owners)


def _known(headers: httpx.Headers, body: bytes) -> tuple[str, ...]:
    """The family that an answer gives away by itself; empty where it does not."""
    if any(name.startswith("x-litellm") for name in headers) or b"litellm." in body:
        return ("litellm",)
    return ("new-api",) if "x-oneapi-request-id" in headers else ()


def _guess(owners: frozenset[str], envelope: Mapping[str, object], missing: int) -> tuple[str, ...]:
    if "sglang" in owners:
        return ("sglang",)
    if "vllm" in owners:
        return ("vllm-omni",)
    if "detail" in envelope:
        return ("vllm-omni", "sglang")
    if envelope.get("code") == "task_not_exist":
        return ("new-api",)
    error = envelope.get("error")
    if not isinstance(error, dict):
        return ()
    if isinstance(error.get("code"), int) and "type" not in error:
        return ("openrouter",)
    if error.get("code") == "video_not_found":
        return ("unsloth",)
    return ("openai", "local", "azure") if missing == httpx.codes.NOT_FOUND else ()
