"""The pure parts of the benchmark that holds the project side by side with others."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from benchmarks.measure import Measured
from benchmarks.rivals.contestants import Contestant, Work, contestants
from benchmarks.rivals.counting import Pace, median_pace, money_of, table, whole
from benchmarks.rivals.tools import Tools

WORK = Work(shots=2, concurrency=1, url="http://127.0.0.1:1/v1")
FIRST, SECOND = WORK.prompts.values()


def everybody() -> dict[str, Contestant]:
    return dict(contestants(Tools(python=Path("python"), promptfoo=("node", "promptfoo"))))


def test_what_was_rendered_and_not_delivered_was_paid_for_nothing():
    bill = {"accepted": 7, "rendered": 6, "owed_usd": "2.40"}
    one = money_of(bill, wanted=5, delivered=4, runs=2, wall_s=3.0)
    assert (one.created, one.wasted, one.billed_usd) == (7, 2, Decimal("2.40"))
    both = one + one
    assert (both.wanted, both.delivered, both.wasted, both.runs) == (10, 8, 4, 4)
    assert (both.billed_usd, both.wall_s) == (Decimal("4.80"), 6.0)


def test_only_a_clip_that_is_whole_counts_as_delivered(tmp_path: Path):
    served, kept, torn = (tmp_path / name for name in ("served", "kept", "torn"))
    served.write_bytes(b"a clip")
    kept.write_bytes(b"a clip")
    torn.write_bytes(b"a cl")
    assert whole([kept, torn], served) == 1
    assert whole([kept], tmp_path / "nothing was served") == 0


def test_each_figure_has_its_own_median():
    laps = [
        Pace(Measured(wall_s=wall, cpu_s=cpu, peak_mb=50, exit_code=0), polls, delivered)
        for wall, cpu, polls, delivered in ((1, 9, 2, 10), (2, 7, 1, 9), (3, 8, 3, 10))
    ]
    middle = median_pace(laps)
    assert (middle.measured.wall_s, middle.measured.cpu_s) == (2, 8)
    assert (middle.asked_per_job, middle.delivered) == (2, 9)


def test_a_table_is_markdown():
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_all_get_the_same_orders(tmp_path: Path):
    for name, contestant in everybody().items():
        folder = tmp_path / name
        folder.mkdir()
        contestant.prepare(WORK, folder)
        (told,) = (path.read_text(encoding="utf-8") for path in folder.iterdir())
        for value in (WORK.url, "sora-2", "1280x720", FIRST, SECOND):
            assert value in told, (name, value)
        assert contestant.clips(WORK, folder) == {}


def test_clips_of_an_evaluation_are_found_by_their_prompts(tmp_path: Path):
    stored = {"storageRef": {"key": "video/1.mp4"}}
    results = [
        {"vars": {"prompt": FIRST}, "response": {"error": "no"}},
        {"vars": {"prompt": SECOND}, "response": {"video": stored}},
    ]
    told = json.dumps({"results": {"results": results}})
    (tmp_path / "results.json").write_text(told, encoding="utf-8")
    found = everybody()["promptfoo"].clips(WORK, tmp_path)
    assert found == {"shot-1": tmp_path / "promptfoo/media/video/1.mp4"}
