"""The file that remembers."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from sora_batch.shots import Json
from sora_batch.simulator.journal import Journal


def job(name: str, **values: Json) -> dict[str, Json]:
    """A line of the journal."""
    return {"id": name, "number": 1, **values}


def write(path: Path, *changes: dict[str, Json]) -> None:
    """Appends the changes, all at once."""

    async def story() -> None:
        journal = Journal(path)
        await asyncio.gather(*(journal.append(change) for change in changes))
        await journal.close()

    asyncio.run(story())


def test_later_lines_change_earlier_ones(tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    write(path, job("a", status="queued"), job("b"), {"id": "a", "status": "completed"})
    known = Journal(path).read()
    assert list(known) == ["a", "b"]
    assert known["a"] == {"id": "a", "number": 1, "status": "completed"}


def test_lines_that_come_together_share_a_write(tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    writes = 0

    class Counting(Journal):
        def _write(self, data: bytes) -> None:
            nonlocal writes
            writes += 1
            super()._write(data)

    async def story() -> None:
        journal = Counting(path)
        await asyncio.gather(*(journal.append(job(str(n))) for n in range(200)))

    asyncio.run(story())
    assert len(Journal(path).read()) == 200
    assert writes < 5


def test_a_half_line_is_cut_off_and_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    write(path, job("a"), job("b"))
    whole = path.read_bytes()
    for length in range(1, 30):
        path.write_bytes(whole + b'{"id":"c","number":3,"prompt":'[:length])
        assert list(Journal(path).mend()) == ["a", "b"]
        assert path.read_bytes() == whole
    write(path, job("c"))
    assert list(Journal(path).read()) == ["a", "b", "c"]


def test_a_damaged_line_is_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "jobs.jsonl"
    write(path, job("a"))
    path.write_bytes(b"\xff\xfe not json\n[1]\n" + path.read_bytes())
    with caplog.at_level(logging.WARNING):
        assert list(Journal(path).read()) == ["a"]
    assert "jobs.jsonl:1: unreadable line" in caplog.text
    assert "jobs.jsonl:2: unreadable line" in caplog.text


def test_a_long_history_is_made_short_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    changes: list[dict[str, Json]] = [{"id": "a", "served": n} for n in range(1500)]
    write(path, job("a"), *changes)
    assert Journal(path).mend() == {"a": job("a", served=1499)}
    assert path.read_bytes().count(b"\n") == 1


def test_a_note_goes_along_with_what_is_written_next(tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"

    async def story() -> None:
        journal = Journal(path)
        await journal.append(job("a"))
        journal.note({"id": "a", "served": 1})
        assert b"served" not in path.read_bytes()
        await journal.append(job("b"))
        assert b"served" in path.read_bytes()
        journal.note({"id": "b", "served": 1})
        await journal.close()

    asyncio.run(story())
    assert Journal(path).read()["b"]["served"] == 1


def test_a_write_that_fails_is_told_to_whom_it_concerns(tmp_path: Path) -> None:
    async def story() -> None:
        journal = Journal(tmp_path / "missing" / "jobs.jsonl")
        with pytest.raises(FileNotFoundError):
            await journal.append(job("a"))
        journal.path.parent.mkdir()
        await journal.append(job("b"))

    asyncio.run(story())
    assert list(Journal(tmp_path / "missing" / "jobs.jsonl").read()) == ["b"]
