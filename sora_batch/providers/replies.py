"""Reads what servers answer: video objects, error envelopes, waiting times.

Only an id and a status can be relied on; everything else is taken where it makes sense and left
where it does not. What a server says is untrusted: its words are cut to a length and kept as text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

from sora_batch.providers.provider import JobReport, JobStatus
from sora_batch.records import Failure, FailureKind
from sora_batch.shots import JobId

WORDS_LIMIT = 600

_SURE_S = 20.0

# The four words of the protocol, and those seen to leak through gateways and relays.
_STATUSES: Mapping[str, JobStatus] = {
    **dict.fromkeys(
        ("queued", "pending", "submitted", "not_start", "in_queue", "preparing", "queueing"),
        JobStatus.QUEUED,
    ),
    **dict.fromkeys(("in_progress", "processing", "running"), JobStatus.RENDERING),
    **dict.fromkeys(("completed", "succeeded", "success"), JobStatus.COMPLETED),
    **dict.fromkeys(("failed", "failure", "fail"), JobStatus.FAILED),
    **dict.fromkeys(("cancelled", "canceled", "deleted"), JobStatus.CANCELLED),
    "expired": JobStatus.EXPIRED,
}
_REFUSALS = (
    "moderation",
    "content_policy",
    "safety",
    "prompt_blocked",
    "people-in-user-uploads",
    "sensitivecontent",
    "sensitive content",
    "sensitive information",
)
_OUT_OF_CREDIT = (
    "insufficient_quota",
    "billing_hard_limit",
    "insufficient_credits",
    # new-api's words, for the account and for the key.
    "insufficient_user_quota",
    "pre_consume_token_quota_failed",
)
_NO_MODEL = (
    "model_not_found",
    "model_not_available",
    "model mismatch",
    "unknown model",
    "invalid model name",
)
# LiteLLM without a database answers a wrong key so, with 400.
_BAD_KEY = ("no_db_connection",)
# new-api answers 400 with it to whoever asks after a job that it does not know.
_NO_JOB = ("task_not_exist",)


def status_of(word: str) -> JobStatus:
    """What a status word means; one nobody knows is RENDERING, until a deadline says otherwise."""
    return _STATUSES.get(word.strip().lower(), JobStatus.RENDERING)


def parse_json(body: bytes) -> dict[str, Any] | None:
    """The object in the body, None where it is something else."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def job_report(data: Mapping[str, Any], *, poll_after_s: float | None = None) -> JobReport | None:
    """The video object as a report; None where id or status is missing."""
    job, word = data.get("id"), data.get("status")
    if not isinstance(job, str) or not job or not isinstance(word, str) or not word:
        return None
    status = status_of(word)
    failed = status in {JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.EXPIRED}
    usage = data.get("usage")
    return JobReport(
        id=JobId(job),
        status=status,
        raw_status=clean(word, 60),
        progress=_progress(data.get("progress")),
        failure=job_failure(data.get("error"), status) if failed else None,
        created_at=moment(data.get("created_at")),
        expires_at=moment(data.get("expires_at")),
        cost_usd=money(usage.get("cost")) if isinstance(usage, dict) else None,
        poll_after_s=poll_after_s,
        model=_text(data.get("model")),
        prompt=_text(data.get("prompt")),
        size=_text(data.get("size")),
        seconds=_text(data.get("seconds")),
        source_job=_job(data.get("remixed_from_video_id")),
    )


def job_failure(error: object, status: JobStatus) -> Failure:
    """Why a job that was accepted came to nothing."""
    code, words = _error_words(error)
    said = f"{code} {words}".lower()
    if status is JobStatus.CANCELLED:
        return Failure(FailureKind.CANCELLED, "the job was cancelled on the server", words)
    if status is JobStatus.EXPIRED:
        return Failure(FailureKind.EXPIRED, "the job expired on the server", words)
    if any(mark in said for mark in _REFUSALS):
        stage = "output" if "output" in said else "prompt"
        return Failure(FailureKind.REFUSED, f"refused by moderation ({stage})", words, stage)
    if "invalid" in code.lower():
        return Failure(FailureKind.INVALID, "the server cannot render this request", words)
    return Failure(FailureKind.TRANSIENT, "the render failed on the server", words)


def error_words(body: bytes) -> tuple[str, str]:
    """Code and message of an error answer in any of the known envelopes, else the text itself."""
    data = parse_json(body)
    if data is None:
        text = body[: WORDS_LIMIT * 2].decode("utf-8", "replace")
        return "", "an HTML page" if text.lstrip().startswith("<") else clean(text)
    return _error_words(data.get("error", data.get("detail", data)))


def is_refusal(code: str, words: str) -> bool:
    """Whether a 4xx answer says that moderation refused the inputs."""
    said = f"{code} {words}".lower()
    return any(mark in said for mark in _REFUSALS)


def is_out_of_credit(code: str, words: str) -> bool:
    """Whether a 4xx answer says that there is no money left."""
    said = f"{code} {words}".lower()
    return any(mark in said for mark in _OUT_OF_CREDIT)


def is_unknown_model(code: str, words: str) -> bool:
    """Whether a 4xx answer says that the server does not have the model."""
    said = f"{code} {words}".lower()
    return any(mark in said for mark in _NO_MODEL)


def is_bad_key(code: str) -> bool:
    """Whether a 400 answer says that the key is not known."""
    return code in _BAD_KEY


def is_no_such_job(code: str) -> bool:
    """Whether an answer says that there is no such job, whatever its HTTP code."""
    return code in _NO_JOB


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """How long an answer asks to wait, in any of the forms in use; None where it does not."""
    for name, unit in (("retry-after-ms", 0.001), ("x-ratelimit-reset-ms", 0.001)):
        if (value := _seconds(_header(headers, name), unit)) is not None:
            return value
    told = _header(headers, "retry-after")
    if (value := _seconds(told, 1.0)) is not None:
        return value
    if told and (date := _http_date(told)) is not None:
        return max(0.0, (date - now).total_seconds())
    return _reset_s(_header(headers, "x-ratelimit-reset-requests"))


def ahead_s(headers: Mapping[str, str], began: datetime, ended: datetime) -> float | None:
    """By how much the server's clock is ahead of ours, from the `Date` of an answer to a request
    that took from `began` to `ended`; None where there is none, or where it took so long that
    nobody knows when in that time it was dated. Dates are whole seconds, cut off, so half a second
    is added."""
    date, took_s = _http_date(headers.get("date", "")), (ended - began).total_seconds()
    if date is None or not 0 <= took_s <= _SURE_S:
        return None
    return (date - began).total_seconds() + 0.5 - took_s / 2


def poll_hint_s(headers: Mapping[str, str]) -> float | None:
    """The `openai-poll-after-ms` header, in seconds."""
    return _seconds(headers.get("openai-poll-after-ms"), 0.001)


def clean(text: str, limit: int = WORDS_LIMIT) -> str:
    """A server's words on one line, without control characters, cut to a length."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def moment(value: object) -> datetime | None:
    """A time as servers write it: unix seconds, or ISO 8601."""
    try:
        if isinstance(value, bool):
            return None
        if isinstance(value, int | float) and value > 0:
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str) and value:
            parsed = datetime.fromisoformat(value)
            return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def money(value: object) -> Decimal | None:
    """An amount as servers write it; None where it is none, or less than nothing."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None


def _header(headers: Mapping[str, str], name: str) -> str | None:
    """A header of the server's; LiteLLM passes those of the server behind it on with a prefix."""
    return headers.get(name) or headers.get(f"llm_provider-{name}")


def _error_words(error: object) -> tuple[str, str]:
    if isinstance(error, str):
        return "", clean(error)
    if isinstance(error, dict):
        code, kind = str(error.get("code") or ""), error.get("type")
        # LiteLLM and others repeat the HTTP code there; the word for programs is the type then.
        code = kind if isinstance(kind, str) and (not code or code.isdigit()) else code
        return clean(code, 80), clean(str(error.get("message") or error.get("msg") or code))
    if isinstance(error, list):
        return "", clean("; ".join(_error_words(item)[1] for item in error[:5]))
    return "", ""


def _progress(value: object) -> int | None:
    try:
        number = float(str(value).rstrip("%")) if isinstance(value, int | float | str) else None
    except ValueError:
        return None
    if number is None or not math.isfinite(number):
        return None
    return max(0, min(100, int(number)))


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int | float) else None


def _job(value: object) -> JobId | None:
    return JobId(value) if isinstance(value, str) and value else None


def _seconds(value: str | None, unit: float) -> float | None:
    try:
        seconds = float(value) * unit if value else None
    except ValueError:
        return None
    return seconds if seconds is not None and 0 <= seconds < 86_400 else None


def _http_date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _reset_s(value: str | None) -> float | None:
    """`1s`, `6m0s`, `250ms`: the form of the x-ratelimit-reset headers."""
    total, number = 0.0, ""
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    rest = value or ""
    while rest:
        if rest[0].isdigit() or rest[0] == ".":
            number, rest = number + rest[0], rest[1:]
            continue
        unit = "ms" if rest.startswith("ms") else rest[0]
        if unit not in units or not number:
            return None
        total, number, rest = total + float(number) * units[unit], "", rest[len(unit) :]
    return total if value and not number else _seconds(number, 1.0)
