"""A server that does not know a job is asked again before it is believed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from sora_batch.api.asking import ask
from sora_batch.providers.provider import JobMissing, JobReport, JobStatus, JobUnreachable
from sora_batch.shots import JobId
from tests.running.parts import START, FastClock, ScriptedProvider

JOB = JobId("job-1")
GONE = JobMissing("no such job")


def asked(answers: Sequence[Exception | JobStatus], *, age_s: float = 60.0) -> JobReport:
    provider, clock = ScriptedProvider(Path("clip.mp4")), FastClock()
    provider.knows(JOB, "hero")
    provider.on_poll["hero"] = list(answers)
    ordered_at = START - timedelta(seconds=age_s)
    return asyncio.run(ask(provider, clock, JOB, ordered_at=ordered_at))


@pytest.mark.parametrize("slips", [0, 1, 2])
def test_a_job_that_was_missing_for_a_moment_is_there(slips: int) -> None:
    assert asked([GONE] * slips + [JobStatus.RENDERING]).status is JobStatus.RENDERING


def test_a_job_that_is_missing_three_times_is_gone() -> None:
    with pytest.raises(JobMissing, match="no such job"):
        asked([GONE] * 3)


def test_nothing_is_concluded_of_an_order_that_is_young() -> None:
    with pytest.raises(JobUnreachable, match="does not know job job-1"):
        asked([GONE] * 3, age_s=10.0)


def test_what_has_expired_is_believed_at_once() -> None:
    with pytest.raises(JobMissing, match="expired"):
        asked([JobMissing("expired", expired=True), JobStatus.RENDERING])
