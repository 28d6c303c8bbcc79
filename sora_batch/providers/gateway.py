"""Finds the failed job that a gateway's error quotes.

LiteLLM (seen with 1.106.2) answers a poll of a failed vLLM-Omni job with a 500 of its own, and its
message quotes the answer of that server. Taken for weather, the job would be asked about until
its time is up, and then be on hold for nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from sora_batch.providers import replies
from sora_batch.providers.provider import JobStatus
from sora_batch.shots import JobId

_MOST_CHARACTERS = 200_000
_MOST_TRIES = 8
_MARK = ";video_id:"


def failed_behind(answer: Mapping[str, Any], job: JobId) -> dict[str, Any] | None:
    """The failed job that an error answer quotes, under our id; None where it quotes none, or
    another than the one that the id `job` stands for."""
    error = answer.get("error")
    words = error.get("message") if isinstance(error, dict) else None
    name = _name_behind(job)
    if not isinstance(words, str) or name is None:
        return None
    quoted = _video_in(words[:_MOST_CHARACTERS])
    if quoted is None or quoted.get("id") != name or "error" not in quoted:
        return None
    failed = replies.status_of(str(quoted.get("status"))) is JobStatus.FAILED
    return {**quoted, "id": job} if failed else None


def _video_in(words: str) -> dict[str, Any] | None:
    """The video object in the middle of a sentence."""
    decoder, place = json.JSONDecoder(), -1
    for _ in range(_MOST_TRIES):
        place = words.find("{", place + 1)
        if place < 0:
            return None
        try:
            found, _end = decoder.raw_decode(words, place)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and found.get("object") == "video":
            return found
    return None


def _name_behind(job: JobId) -> str | None:
    """What the server behind the gateway calls the job; None where its id does not say."""
    try:
        inner = base64.b64decode(job.removeprefix("video_"), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return inner.partition(_MARK)[2] or None
