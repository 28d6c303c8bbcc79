"""The log of a run without a terminal: whose it is, and what becomes of the one before."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sora_batch.api.run_log import keep_log, log_of
from sora_batch.records import RunId, RunRow


def run(name: str) -> RunRow:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    return RunRow(RunId(name), "m", "", "", None, now)


def test_a_log_is_its_runs_own_and_the_one_before_is_kept(tmp_path: Path) -> None:
    for name in ("first", "second", "third"):
        said = tmp_path / ".said.tmp"
        with said.open("w", encoding="utf-8") as log:
            log.write(f"run {name} begins\n")
            log.flush()
            assert keep_log(said, tmp_path) == tmp_path / "run.log"
            log.write("more\n")
        assert not said.exists()
    assert (tmp_path / "run.log").read_text("utf-8") == "run third begins\nmore\n"
    assert (tmp_path / "run.earlier.log").read_text("utf-8") == "run second begins\nmore\n"
    assert log_of(run("third"), tmp_path) == tmp_path / "run.log"
    assert log_of(run("second"), tmp_path) is None


def test_a_run_with_a_terminal_has_none(tmp_path: Path) -> None:
    assert log_of(run("first"), tmp_path) is None
    assert log_of(None, tmp_path) is None
