"""Who runs a manifest, or how its last run ended, as sentences and as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sora_batch.records import Holder, RunId, RunRow
from sora_batch.views.runs import holder_json, run_json, run_sentence

BEGAN = datetime(2026, 11, 23, 19, 22, 5, tzinfo=UTC)
ENDED = BEGAN + timedelta(minutes=8)
LOG = Path("outputs/m/run.log")
HERE = Holder(12, "box", BEGAN, is_here=True)


def run(outcome: str = "", ended: datetime | None = ENDED) -> RunRow:
    return RunRow(
        id=RunId("r1"),
        manifest="m",
        manifest_sha256="",
        prices_date="",
        budget_usd=None,
        started_at=BEGAN,
        ended_at=ended,
        outcome=outcome,
    )


@pytest.mark.parametrize(
    ("running", "last", "log", "expected"),
    [
        (None, None, None, ""),
        (HERE, run(), None, ""),
        (HERE, run(), LOG, "its log is outputs/m/run.log; `kill 12` stops it"),
        (Holder(12, "far", BEGAN), run(), LOG, "its log is outputs/m/run.log"),
        (Holder(), run(), LOG, "its log is outputs/m/run.log"),
        (None, run("finished"), None, "the last run finished 2026-11-23 19:30 UTC"),
        (
            None,
            run("finished"),
            LOG,
            "the last run finished 2026-11-23 19:30 UTC; its log is outputs/m/run.log",
        ),
        (None, run("interrupted"), None, "the last run was interrupted 2026-11-23 19:30 UTC"),
        (
            None,
            run("the key was\nrefused"),
            None,
            "the last run stopped 2026-11-23 19:30 UTC: the key was refused",
        ),
        (
            None,
            run(ended=None),
            None,
            "the last run began 2026-11-23 19:22 UTC and was cut off; "
            "`sora-batch run 'my m.yaml'` goes on with it",
        ),
    ],
)
def test_what_there_is_to_know_of_the_newest_run(
    running: Holder | None, last: RunRow | None, log: Path | None, expected: str
) -> None:
    assert run_sentence(running, last, log, manifest=Path("my m.yaml")) == expected


def test_who_has_a_store_in_words() -> None:
    assert str(HERE) == "process 12 on box since 2026-11-23 19:22 UTC"
    assert str(Holder()) == "another process"


def test_json_has_the_facts() -> None:
    assert holder_json(None) is None
    assert holder_json(HERE) == {"pid": 12, "host": "box", "since": "2026-11-23T19:22:05+00:00"}
    assert holder_json(Holder()) == {"pid": None, "host": "", "since": None}
    assert run_json(None) is None
    assert run_json(run(ended=None)) == {
        "run_id": "r1",
        "started_at": "2026-11-23T19:22:05+00:00",
        "ended_at": None,
        "outcome": "",
    }
