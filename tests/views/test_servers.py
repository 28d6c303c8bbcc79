"""What may be done about an order whose answer was lost, as a person reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sora_batch.providers.provider import JobReport, JobStatus
from sora_batch.shots import JobId, ShotId
from sora_batch.views.servers import candidates_text

MANIFEST = Path("harbour.yaml")
A, B = ShotId("a"), ShotId("b")


def test_jobs_it_may_be_stand_above_the_two_ways_on() -> None:
    job = JobReport(
        id=JobId("v1"),
        status=JobStatus.QUEUED,
        raw_status="queued",
        created_at=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
        model="sora-2",
        size="1280x720",
        seconds="4",
    )
    assert candidates_text([A], [job], MANIFEST, width=80) == (
        """\
a may be one of these:
  job  created              status  model   size      s
  v1   2026-11-23 09:30:00  queued  sora-2  1280x720  4
  sora-batch jobs adopt harbour.yaml JOB --as a
    it is there: the next run fetches its clip
  sora-batch resolve harbour.yaml --pay-again a
    it is not, or you take the risk: the next run orders it anew"""
    )


def test_without_a_list_it_says_where_to_look_once_for_all() -> None:
    assert candidates_text([A, B], [], MANIFEST, width=80) == (
        """\
a, b: look for the job where you see the account, or in the server's log:
  sora-batch jobs adopt harbour.yaml JOB --as SHOT
    it is there: the next run fetches its clip
  sora-batch resolve harbour.yaml --pay-again SHOT
    it is not, or you take the risk: the next run orders it anew"""
    )
