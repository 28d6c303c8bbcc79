"""What is done with a job id that cannot be written down at once."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from sora_batch.errors import ChangeRefused, OutputUnusable, SoraBatchError, StoreBroken, StoreBusy
from sora_batch.events import Event, RunNotice
from sora_batch.records import Attempt
from sora_batch.running.attempt import write_down
from sora_batch.running.tools import Tools
from sora_batch.shots import JobId
from tests.running.parts import FastClock
from tests.store.making import make_attempt, submitted


class Desk:
    """A store that is not to be written for a while, and who hears what is said meanwhile."""

    def __init__(self, *errors: SoraBatchError) -> None:
        self.errors = list(errors)
        self.written: list[Attempt] = []
        self.said: list[Event] = []
        self.clock = FastClock()

    async def record(self, attempt: Attempt) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.written.append(attempt)

    async def write(self) -> None:
        tools = SimpleNamespace(store=self, clock=self.clock, tell=self.said.append)
        attempt = submitted(make_attempt(), "video_7")
        await write_down(cast(Tools, tools), attempt, JobId("video_7"))


@pytest.mark.parametrize("kind", [OutputUnusable, StoreBusy])
def test_a_job_id_waits_for_the_store_and_is_said_aloud(kind: type[SoraBatchError]) -> None:
    desk = Desk(kind("no"), kind("no"))
    asyncio.run(desk.write())
    assert [attempt.job_id for attempt in desk.written] == ["video_7"]
    assert len(desk.said) == 2
    assert all(isinstance(one, RunNotice) and "video_7" in one.message for one in desk.said)


def test_a_job_id_is_said_aloud_also_where_the_store_is_damaged() -> None:
    desk = Desk(*[StoreBroken("damaged")] * 9)
    with pytest.raises(StoreBroken):
        asyncio.run(desk.write())
    assert desk.said


def test_a_change_that_is_refused_is_not_tried_again() -> None:
    desk = Desk(ChangeRefused("another attempt waits for it"))
    with pytest.raises(ChangeRefused):
        asyncio.run(desk.write())
    assert (desk.said, desk.written) == ([], [])
