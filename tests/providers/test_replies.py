"""What servers answer, in all the forms that were seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_batch.providers import replies
from sora_batch.providers.provider import JobStatus
from sora_batch.records import FailureKind

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("queued", JobStatus.QUEUED),
        ("NOT_START", JobStatus.QUEUED),
        ("in_progress", JobStatus.RENDERING),
        ("processing", JobStatus.RENDERING),
        ("completed", JobStatus.COMPLETED),
        ("failed", JobStatus.FAILED),
        ("canceled", JobStatus.CANCELLED),
        ("deleted", JobStatus.CANCELLED),
        ("expired", JobStatus.EXPIRED),
        ("somewhere_else", JobStatus.RENDERING),
    ],
)
def test_a_word_nobody_knows_is_not_the_end(word: str, status: JobStatus) -> None:
    assert replies.status_of(word) is status


def test_only_id_and_status_are_relied_on() -> None:
    report = replies.job_report({"id": "v1", "status": "completed"})
    assert report is not None
    assert (report.id, report.status, report.progress, report.cost_usd) == (
        "v1",
        JobStatus.COMPLETED,
        None,
        None,
    )


@pytest.mark.parametrize("data", [{}, {"id": "", "status": "queued"}, {"id": 4, "status": "x"}])
def test_an_object_without_id_and_status_is_no_job(data: dict[str, object]) -> None:
    assert replies.job_report(data) is None


def test_everything_else_is_read_where_it_makes_sense() -> None:
    report = replies.job_report(
        {
            "id": "v1",
            "status": "in_progress",
            "progress": "41.7%",
            "created_at": NOW.timestamp(),
            "expires_at": NOW.isoformat(),
            "usage": {"cost": 0.25},
            "seconds": 4,
        }
    )
    assert report is not None
    assert report.progress == 41
    assert report.created_at == report.expires_at == NOW
    assert report.cost_usd == Decimal("0.25")
    assert report.seconds == "4"


@pytest.mark.parametrize(
    ("error", "kind", "stage"),
    [
        ({"code": "moderation_blocked", "message": "blocked"}, FailureKind.REFUSED, "prompt"),
        ({"code": "moderation_blocked", "message": "output"}, FailureKind.REFUSED, "output"),
        ({"code": "invalid_size", "message": "no"}, FailureKind.INVALID, ""),
        ({"message": "CUDA out of memory"}, FailureKind.TRANSIENT, ""),
        ("a plain string", FailureKind.TRANSIENT, ""),
        (None, FailureKind.TRANSIENT, ""),
    ],
)
def test_why_a_job_failed(error: object, kind: FailureKind, stage: str) -> None:
    failure = replies.job_failure(error, JobStatus.FAILED)
    assert (failure.kind, failure.stage) == (kind, stage)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b'{"error": {"code": "c", "message": "m"}}', "c", "m"),
        (b'{"error": "m"}', "", "m"),
        (b'{"detail": "m"}', "", "m"),
        (b'{"detail": [{"loc": ["a"], "msg": "m1"}, {"msg": "m2"}]}', "", "m1; m2"),
        (b"<html><body>Bad Gateway</body></html>", "", "an HTML page"),
        (b"\xff\x00plain", "", "� plain"),
        (b"[" * 100_000, "", "[" * (replies.WORDS_LIMIT - 1) + "…"),
    ],
)
def test_words_are_found_in_every_envelope(body: bytes, code: str, words: str) -> None:
    assert replies.error_words(body) == (code, words)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Mon, 23 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"x-ratelimit-reset-requests": "1m2s"}, 62.0),
        ({"x-ratelimit-reset-requests": "250ms"}, 0.25),
        ({"llm_provider-retry-after": "7"}, 7.0),
        ({"llm_provider-x-ratelimit-reset-requests": "9s"}, 9.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_every_form_of_being_told_to_wait(headers: dict[str, str], wait: float | None) -> None:
    assert replies.retry_after_s(headers, NOW) == (pytest.approx(wait) if wait else wait)


def test_a_servers_words_cannot_steer_a_terminal() -> None:
    assert replies.clean("a\x1b[31mred\r\nb") == "a [31mred b"


@given(st.one_of(st.integers(), st.floats(), st.text(), st.none(), st.booleans()))
def test_a_time_nobody_can_read_is_no_time(value: object) -> None:
    moment = replies.moment(value)
    assert moment is None or moment.utcoffset() == timedelta(0) or moment.tzinfo is not None


@given(st.binary(max_size=300))
def test_no_body_can_break_the_reader(body: bytes) -> None:
    code, words = replies.error_words(body)
    assert len(words) <= replies.WORDS_LIMIT
    assert len(code) <= 80


@pytest.mark.parametrize(("took_s", "ahead_s"), [(2, -0.5), (80, None), (-3600, None)])
def test_an_answer_that_took_long_does_not_tell_the_time(
    took_s: int, ahead_s: float | None
) -> None:
    """Its date may be that of its beginning or of its end; half a minute off loses a job."""
    began = datetime(2026, 11, 23, 12, tzinfo=UTC)
    headers = {"date": "Mon, 23 Nov 2026 12:00:00 GMT"}
    assert replies.ahead_s(headers, began, began + timedelta(seconds=took_s)) == ahead_s
