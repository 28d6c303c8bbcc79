"""Turns records into rows and rows into records, so that what is read equals what was written.

The order of the columns below is the order of the values; both SQL and Python are made from it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias, cast

from sora_batch.records import (
    Attempt,
    AttemptId,
    AttemptState,
    Clip,
    Failure,
    FailureKind,
    Money,
    RunId,
    RunRow,
)
from sora_batch.shots import Fingerprint, JobId, Json, ShotId, Size

Row: TypeAlias = Sequence[Any]
"""What sqlite3 hands out: its types are those of the schema."""

ATTEMPT_COLUMNS = (
    "id", "run_id", "shot_id", "fingerprint", "number", "state", "provider", "model", "money",
    "price_usd", "spent_usd", "job_id", "failure", "note", "forgiven", "inputs", "request_sha256",
    "created_at", "submitted_at", "rendered_at", "ended_at",
)  # fmt: skip
DERIVED_COLUMNS = ("base_url", "seconds", "render_s")
"""Columns of an attempt that SQL needs by themselves; they are read from its other values."""

CLIP_COLUMNS = (
    "fingerprint", "shot_id", "attempt_id", "job_id", "provider", "sha256", "bytes", "mtime_ns",
    "width", "height", "seconds", "fps", "has_audio", "origin", "made_at", "inputs", "spent_usd",
    "differs",
)  # fmt: skip
RUN_COLUMNS = (
    "id", "manifest", "manifest_sha256", "prices_date", "budget_usd", "started_at", "ended_at",
    "outcome", "file",
)  # fmt: skip


def attempt_row(attempt: Attempt) -> tuple[object, ...]:
    """Values for ATTEMPT_COLUMNS, then for DERIVED_COLUMNS.

    Raises ValueError for money that is no finite, positive number and for a time without a zone.
    """
    inputs = attempt.inputs
    return (
        attempt.id,
        attempt.run_id,
        attempt.shot_id,
        attempt.fingerprint,
        attempt.number,
        attempt.state.value,
        attempt.provider,
        attempt.model,
        attempt.money.value,
        _money(attempt.price_usd),
        _money(attempt.spent_usd),
        _text_or_none(attempt.job_id),
        _failure(attempt.failure),
        _text(attempt.note),
        int(attempt.forgiven),
        _json(inputs),
        attempt.request_sha256,
        _time(attempt.created_at),
        _time_or_none(attempt.submitted_at),
        _time_or_none(attempt.rendered_at),
        _time_or_none(attempt.ended_at),
        str(inputs.get("base_url", "")),
        str(inputs.get("seconds", "")),
        _render_s(attempt),
    )


def attempt_from(row: Row) -> Attempt:
    """The attempt whose ATTEMPT_COLUMNS these are."""
    return Attempt(
        id=AttemptId(row[0]),
        run_id=RunId(row[1]),
        shot_id=ShotId(row[2]),
        fingerprint=Fingerprint(row[3]),
        number=row[4],
        state=AttemptState(row[5]),
        provider=row[6],
        model=row[7],
        money=Money(row[8]),
        price_usd=decimal_or_none(row[9]),
        spent_usd=decimal_or_none(row[10]),
        job_id=None if row[11] is None else JobId(row[11]),
        failure=_failure_from(row[12]),
        note=row[13],
        forgiven=bool(row[14]),
        inputs=cast("Mapping[str, Json]", json.loads(row[15])),
        request_sha256=row[16],
        created_at=datetime.fromisoformat(row[17]),
        submitted_at=_time_from(row[18]),
        rendered_at=_time_from(row[19]),
        ended_at=_time_from(row[20]),
    )


def clip_row(clip: Clip) -> tuple[object, ...]:
    """Values for CLIP_COLUMNS. Raises ValueError as `attempt_row` does."""
    return (
        clip.fingerprint,
        clip.shot_id,
        clip.attempt_id,
        _text_or_none(clip.job_id),
        clip.provider,
        clip.sha256,
        clip.bytes,
        clip.mtime_ns,
        clip.size.width,
        clip.size.height,
        str(clip.seconds),
        str(clip.fps),
        int(clip.has_audio),
        clip.origin,
        _time(clip.made_at),
        _json(clip.inputs),
        _money(clip.spent_usd),
        _text(clip.differs),
    )


def clip_from(row: Row) -> Clip:
    """The clip whose CLIP_COLUMNS these are."""
    return Clip(
        fingerprint=Fingerprint(row[0]),
        shot_id=ShotId(row[1]),
        attempt_id=None if row[2] is None else AttemptId(row[2]),
        job_id=None if row[3] is None else JobId(row[3]),
        provider=row[4],
        sha256=row[5],
        bytes=row[6],
        mtime_ns=row[7],
        size=Size(row[8], row[9]),
        seconds=Decimal(row[10]),
        fps=Decimal(row[11]),
        has_audio=bool(row[12]),
        origin=row[13],
        made_at=datetime.fromisoformat(row[14]),
        inputs=cast("Mapping[str, Json]", json.loads(row[15])),
        spent_usd=decimal_or_none(row[16]),
        differs=row[17],
    )


def run_row(run: RunRow) -> tuple[object, ...]:
    """Values for RUN_COLUMNS. Raises ValueError as `attempt_row` does."""
    return (
        run.id,
        _text(run.manifest),
        run.manifest_sha256,
        run.prices_date,
        _money(run.budget_usd),
        _time(run.started_at),
        _time_or_none(run.ended_at),
        _text(run.outcome),
        _text(run.file),
    )


def run_from(row: Row) -> RunRow:
    """The run whose RUN_COLUMNS these are."""
    return RunRow(
        id=RunId(row[0]),
        manifest=row[1],
        manifest_sha256=row[2],
        prices_date=row[3],
        budget_usd=decimal_or_none(row[4]),
        started_at=datetime.fromisoformat(row[5]),
        ended_at=_time_from(row[6]),
        outcome=row[7],
        file=row[8],
    )


def decimal_or_none(text: str | None) -> Decimal | None:
    """The amount a column holds."""
    return None if text is None else Decimal(text)


def time_text(value: datetime) -> str:
    """The moment as a column holds it: UTC, always six digits, so that text sorts as time does."""
    return _time(value)


def _money(value: Decimal | None) -> str | None:
    if value is None:
        return None
    if not value.is_finite() or value < 0:
        raise ValueError(f"{value} is no amount of money")
    return str(value)


def _time(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"{value} has no time zone")
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _time_or_none(value: datetime | None) -> str | None:
    return None if value is None else _time(value)


def _time_from(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _text(value: str) -> str:
    # Servers may send lone surrogates, which UTF-8 cannot hold: a failure must still be recorded.
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _text_or_none(value: str | None) -> str | None:
    return None if value is None else _text(value)


def _json(value: Mapping[str, Json]) -> str:
    return json.dumps(dict(value), separators=(",", ":"), allow_nan=False)


def _failure(failure: Failure | None) -> str | None:
    if failure is None:
        return None
    return _json(
        {
            "kind": failure.kind.value,
            "message": failure.message,
            "server_words": failure.server_words,
            "stage": failure.stage,
        }
    )


def _failure_from(text: str | None) -> Failure | None:
    if text is None:
        return None
    data = json.loads(text)
    return Failure(
        kind=FailureKind(data["kind"]),
        message=data["message"],
        server_words=data["server_words"],
        stage=data["stage"],
    )


def _render_s(attempt: Attempt) -> float | None:
    if attempt.submitted_at is None or attempt.rendered_at is None:
        return None
    return max(0.0, (attempt.rendered_at - attempt.submitted_at).total_seconds())
