"""What may be done about an order whose answer was lost, as a person reads it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sora_batch.api.cancelling import Cancelled
from sora_batch.api.library import ListedJob
from sora_batch.providers.provider import JobReport, JobStatus
from sora_batch.records import AttemptState, Ledger
from sora_batch.shots import JobId, ShotId
from sora_batch.views.paint import Paint
from sora_batch.views.servers import candidates_text, fates_text, jobs_text
from tests.views.test_status import attempt

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


LONG = ListedJob(
    job=JobReport(
        id=JobId("video_gen_984a74a52348ad62cb10a155ed70b0c4"),
        status=JobStatus.RENDERING,
        raw_status="in_progress",
        created_at=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
        model="Wan-AI/Wan2.2-T2V-A14B-Diffusers",
        size="1280x720",
        seconds="4",
        prompt="A lighthouse at dusk.",
    ),
    whose="shot",
    shots=(ShotId("grid.hour=dusk"),),
)


def test_whose_a_job_is_can_be_read_in_a_narrow_terminal() -> None:
    assert jobs_text([LONG], width=80) == (
        """\
job                                         created              status
  whose           prompt                 model                             size…
video_gen_984a74a52348ad62cb10a155ed70b0c4  2026-11-23 09:30:00  in_progress
  grid.hour=dusk  A lighthouse at dusk.  Wan-AI/Wan2.2-T2V-A14B-Diffusers  1280…"""
    )


def test_what_an_orphan_may_be_is_said_once_below_the_list() -> None:
    orphan = replace(LONG, whose="orphan")
    text = jobs_text([orphan, LONG, orphan], width=80)
    assert "orphan, like grid.hour=dusk" in text
    assert (
        text.partition("\n\n")[2].split()
        == (
            "Such a job is a lost order of yours, or another manifest's or person's on the same "
            "server; `sora-batch jobs adopt` makes it a shot's, with its price, and the next run "
            "fetches its clip"
        ).split()
    )
    assert max(map(len, text.splitlines())) <= 80


def test_where_there_is_room_a_job_is_a_line() -> None:
    assert len(jobs_text([LONG], width=200).splitlines()) == 2
    assert len(jobs_text([LONG], width=None).splitlines()) == 2


@pytest.mark.parametrize("paint", [Paint(), Paint(on=True)])
def test_long_words_about_a_job_hang_two_columns_in(paint: Paint) -> None:
    words = "job video_gen_984a74a52348ad62cb10a155ed70b0c4 is rendered already"
    shot = "grid.hour=dusk.lens=85mm.wind=1"
    fate = Cancelled(attempt=attempt(shot, AttemptState.RENDERED), became="rendered", words=words)
    shown = fates_text([fate], Ledger(), width=80, paint=paint).splitlines()
    assert shown[0] == f"{shot}: {paint.good('rendered')}, job"
    assert shown[1].startswith("  video_gen_984a74a52348ad62cb10a155ed70b0c4 is rendered")
