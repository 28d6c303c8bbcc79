"""What becomes of a clip that is paid for and cannot be fetched, or was fetched by a killed run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from sora_batch.planning.plan import Action
from sora_batch.providers.provider import JobMissing, JobUnreachable
from sora_batch.records import FailureKind
from sora_batch.running import RunReport
from sora_batch.shots import ShotId
from tests.running.parts import Bench, shot

GONE = JobMissing("410 Gone", expired=True)


def run(bench: Bench) -> RunReport:
    return asyncio.run(bench.run())


def left_rendered(bench: Bench) -> None:
    """A run that knows of a rendered clip and could not fetch it."""
    bench.provider.on_download["a"] = [JobUnreachable("reset")] * 6
    assert run(bench).finished.in_flight == 1


def part_of(bench: Bench) -> Path:
    attempts, _ = asyncio.run(bench.recorded())
    return bench.outputs.part_path(attempts[0].id)


def test_a_service_whose_storage_is_behind_loses_no_clip(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    bench.provider.on_download["a"] = [JobMissing("404")] * 6
    report = run(bench)
    assert (report.finished.in_flight, report.finished.failed) == (1, 0)
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 1)


def test_a_clip_that_is_missing_long_after_is_gone(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    left_rendered(bench)
    bench.clock.advance(3600)
    bench.provider.on_download["a"] = [JobMissing("404")] * 6
    report = run(bench)
    assert report.failures[ShotId("a")].kind is FailureKind.GONE
    assert (len(bench.provider.on_download["a"]), len(bench.provider.orders)) == (3, 1)


def test_ones_own_server_that_forgets_a_clip_renders_it_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")], self_hosted=True)
    bench.provider.on_download["a"] = [JobMissing("404")] * 3
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 2)


@pytest.mark.parametrize(
    ("cut", "done"), [(lambda data: data, 1), (lambda data: data[: len(data) // 2], 0)]
)
def test_what_a_killed_run_had_fetched_is_kept_where_it_is_whole(
    tmp_path: Path, cut: Callable[[bytes], bytes], done: int
) -> None:
    bench = Bench(tmp_path, [shot("a")])
    left_rendered(bench)
    part = part_of(bench)
    part.write_bytes(cut((tmp_path / "clip.mp4").read_bytes()))
    bench.provider.on_download["a"] = [GONE]
    report = run(bench)
    assert (report.finished.done, report.finished.failed) == (done, 1 - done)
    assert report.finished.ledger.spent == Decimal("0.10")
    assert not part.exists()


def test_a_clip_that_was_placed_and_not_written_down_is_kept(tmp_path: Path) -> None:
    """A kill after the rename, and the server's clip expires before the next run."""
    bench = Bench(tmp_path, [shot("a")])
    left_rendered(bench)
    attempt, placed = part_of(bench).stem, bench.outputs.clip_path(ShotId("a"))
    placed.write_bytes((tmp_path / "clip.mp4").read_bytes())
    bench.outputs.write_sidecar(ShotId("a"), {"job": {"attempt_id": attempt}})
    bench.provider.on_download["a"] = [GONE]
    report = run(bench)
    assert (report.finished.done, len(bench.provider.orders)) == (1, 1)
    run(bench)
    assert [step.action for step in bench.plan.steps] == [Action.REUSE]


def test_a_clip_of_another_attempt_is_not_taken_for_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [shot("a")])
    left_rendered(bench)
    placed = bench.outputs.clip_path(ShotId("a"))
    placed.write_bytes((tmp_path / "clip.mp4").read_bytes())
    bench.outputs.write_sidecar(ShotId("a"), {"job": {"attempt_id": "another"}})
    bench.provider.on_download["a"] = [GONE]
    assert run(bench).failures[ShotId("a")].kind is FailureKind.EXPIRED
