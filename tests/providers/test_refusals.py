"""The table that money hangs on: what an answer to create proves."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from sora_batch.providers import refusals
from sora_batch.providers.provider import NotAccepted, OutcomeUnknown
from sora_batch.records import FailureKind

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def answer(
    code: int, error: object = None, busy: frozenset[int] = frozenset()
) -> NotAccepted | OutcomeUnknown:
    body = json.dumps({"error": error}).encode()
    return refusals.of_create(code, {"retry-after": "3"}, body, busy=busy, now=NOW)


@pytest.mark.parametrize("code", [300, 303, 304, 408, 418, 425, 451, 500, 502, 503, 504, 520, 599])
def test_a_code_that_proves_nothing_is_unknown(code: int) -> None:
    assert isinstance(answer(code, "words"), OutcomeUnknown)


@pytest.mark.parametrize(
    ("code", "error", "kind", "stops_run"),
    [
        (400, {"message": "bad size"}, FailureKind.INVALID, False),
        (405, None, FailureKind.INVALID, False),
        (406, None, FailureKind.INVALID, False),
        (409, None, FailureKind.INVALID, False),
        (413, None, FailureKind.INVALID, False),
        (415, None, FailureKind.INVALID, False),
        (422, None, FailureKind.INVALID, False),
        (400, {"code": "moderation_blocked", "message": "no"}, FailureKind.REFUSED, False),
        (403, {"code": "content_policy_violation", "message": ""}, FailureKind.REFUSED, False),
        (401, None, FailureKind.UNAUTHORISED, True),
        (403, None, FailureKind.UNAUTHORISED, True),
        (402, None, FailureKind.OUT_OF_CREDIT, True),
        (404, {"message": "Not Found"}, FailureKind.INVALID, True),
        (404, {"message": "No such video"}, FailureKind.INVALID, False),
        (410, None, FailureKind.INVALID, True),
        (400, {"code": "model_not_found", "message": ""}, FailureKind.INVALID, True),
        (307, None, FailureKind.INVALID, True),
        (429, {"code": "rate_limit_exceeded", "message": ""}, FailureKind.THROTTLED, False),
        (429, {"code": "insufficient_quota", "message": ""}, FailureKind.OUT_OF_CREDIT, True),
    ],
)
def test_what_is_refused_for_certain(
    code: int, error: object, kind: FailureKind, stops_run: bool
) -> None:
    refusal = answer(code, error)
    assert isinstance(refusal, NotAccepted)
    assert (refusal.failure.kind, refusal.stops_run) == (kind, stops_run)
    at_fault = "target" if stops_run and kind is FailureKind.INVALID else ""
    assert kind is FailureKind.REFUSED or refusal.failure.stage == at_fault


@pytest.mark.parametrize("busy", [frozenset(), frozenset({409})])
@pytest.mark.parametrize(
    "error",
    [
        {"code": "idempotency_key_in_use", "message": "already being processed"},
        {"message": "A request with this Idempotency-Key is in progress"},
    ],
)
def test_an_order_that_a_proxy_sent_twice_is_unknown(error: object, busy: frozenset[int]) -> None:
    assert isinstance(answer(409, error, busy), OutcomeUnknown)


def test_a_busy_server_is_asked_again_when_it_said() -> None:
    refusal = answer(429)
    assert isinstance(refusal, NotAccepted)
    assert refusal.retry_after_s == 3.0


def test_one_family_says_409_when_it_is_busy() -> None:
    refusal = answer(409, busy=frozenset({409}))
    assert isinstance(refusal, NotAccepted)
    assert refusal.failure.kind is FailureKind.THROTTLED
