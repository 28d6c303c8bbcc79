"""The jobs that the stores beside a store know."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sora_batch.shots import JobId
from sora_batch.store import jobs_beside
from tests.store.making import make_attempt, opened, submitted

HERE, ELSEWHERE = "http://box/v1", "http://other/v1"


def fill(folder: Path, name: str, *, base_url: str = HERE) -> JobId:
    """A store with an attempt that has a job on that server, and one that has none yet."""
    attempt = make_attempt(name, inputs={"base_url": base_url, "seconds": "8"})

    async def scenario() -> None:
        async with opened(folder) as store:
            await store.record(attempt)
            await store.record(submitted(attempt))
            await store.record(make_attempt(f"{name}-on-its-way"))

    asyncio.run(scenario())
    return JobId(f"vid_{name}")


def test_the_jobs_of_the_folders_beside_are_known_and_its_own_are_not(tmp_path: Path) -> None:
    fill(tmp_path / "harbour", "own")
    beside = {fill(tmp_path / "port", "theirs"), fill(tmp_path / "port-b", "another")}
    fill(tmp_path / "port", "elsewhere", base_url=ELSEWHERE)
    assert jobs_beside(tmp_path / "harbour", HERE) == beside
    assert jobs_beside(tmp_path / "harbour", "http://nobody/v1") == set()


def test_what_is_no_store_beside_it_knows_no_jobs(tmp_path: Path) -> None:
    job = fill(tmp_path / "port", "theirs")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/state.db").write_bytes(b"overwritten")
    (tmp_path / "empty").mkdir()
    assert jobs_beside(tmp_path / "harbour", HERE) == {job}
