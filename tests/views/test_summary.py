"""The lines that close a run."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from sora_batch.events import RunFinished, ShotBlocked, ShotFailed, ShotHeld, ShotSubmitted
from sora_batch.manifest.settings import Manifest, ProviderSettings
from sora_batch.planning.plan import Plan
from sora_batch.records import AttemptState, Failure, FailureKind, History, Ledger
from sora_batch.shots import JobId, ShotId
from sora_batch.views.summary import plan_line, summary_text
from sora_batch.views.tracking import Tally
from tests.planning.values import attempt_of, manifest, plan, shot, step_of

PLAN = Plan(
    manifest=Manifest(
        name="harbour",
        file=Path("manifests/harbour launch.yaml"),
        folder=Path("manifests"),
        sha256="",
        provider=ProviderSettings(name="gpu-box", kind="vllm-omni"),
        output=Path("outputs/harbour"),
        shots=(),
    ),
    steps=(),
)
DONE = RunFinished("r1", 2, 1, 0, 0, 0, 0, Ledger(spent=Decimal("1.60")), 12.3)


def test_all_well_is_four_lines() -> None:
    assert (
        summary_text(PLAN, Tally(), DONE, width=80)
        == """\
harbour: 2 made, 1 reused in 12 s

clips  outputs/harbour/ (3 clips, 2 of this run)

spent  reserved   held  uncertain  released
$1.60     $0.00  $0.00      $0.00     $0.00"""
    )


def test_clips_that_were_there_are_not_called_this_runs() -> None:
    text = summary_text(PLAN, Tally(), replace(DONE, done=0, reused=7), width=80)
    assert "(7 clips, there already)" in text
    text = summary_text(PLAN, Tally(), replace(DONE, done=1, reused=0), width=80)
    assert "(1 clip of this run)" in text


def test_trouble_is_named_shot_by_shot_with_what_to_type_next() -> None:
    tally = Tally()
    refused = Failure(FailureKind.REFUSED, "refused by moderation (prompt)", "violence")
    tally(ShotFailed(ShotId("night"), 1, refused, Decimal(0)))
    tally(ShotHeld(ShotId("dusk"), 1, "not finished after 600 s", Decimal("0.80")))
    tally(ShotBlocked(ShotId("dawn"), "needs `night`, which failed"))
    tally(ShotSubmitted(ShotId("noon"), 1, JobId("vid_1"), None))
    finished = RunFinished("r1", 0, 0, 1, 1, 1, 1, Ledger(), 75.0, interrupted=True)
    assert (
        summary_text(PLAN, tally, finished, width=80)
        == """\
harbour: 1 failed, 1 on hold, 1 blocked, 1 in flight; interrupted after 1 min 15 s

failed
  night: refused by moderation (prompt) (the server said: violence)

on hold
  dusk: not finished after 600 s

blocked
  dawn: needs `night`, which failed

in flight
  noon: job vid_1

next   sora-batch run 'manifests/harbour launch.yaml'
         1 shot is still on the server; it picks it up and pays nothing again
       sora-batch retry 'manifests/harbour launch.yaml'
         tries again what has failed
       sora-batch resolve 'manifests/harbour launch.yaml'
         asks the server what became of the shots on hold"""
    )


def test_many_failures_are_counted_and_not_all_listed() -> None:
    tally = Tally()
    for number in range(30):
        failure = Failure(FailureKind.TRANSIENT, f"failed {number}")
        tally(ShotFailed(ShotId(f"shot{number}"), 3, failure, None))
    finished = replace(DONE, done=0, reused=0, failed=30, stopped="the key is not accepted")
    text = summary_text(PLAN, tally, finished, width=80)
    assert "  and 18 more" in text
    assert "stopped  the key is not accepted" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_plan_of_nothing_is_said_to_be_one() -> None:
    assert plan_line(PLAN) == "harbour on gpu-box: no shots"


def test_what_is_said_of_many_shots_is_said_once() -> None:
    tally = Tally()
    for number in range(5):
        failure = Failure(FailureKind.REFUSED, "no such model" if number != 2 else "too long")
        tally(ShotFailed(ShotId(f"shot{number}"), 1, failure, None))
    finished = replace(DONE, done=0, reused=0, failed=5, stopped="no such model")
    text = summary_text(PLAN, tally, finished, width=80)
    assert "  shot0, shot1, shot3 and shot4: no such model\n  shot2: too long\n" in text


def test_an_interrupted_run_that_made_nothing_had_something_to_do() -> None:
    finished = replace(DONE, done=0, reused=0, interrupted=True)
    assert "nothing made; interrupted after" in summary_text(PLAN, Tally(), finished, width=80)


def next_of(plan: Plan, tally: Tally, finished: RunFinished) -> list[str]:
    """The lines under `next`, without the manifest's name."""
    text = summary_text(plan, tally, finished, width=100).partition("\nnext ")[2]
    return [line.split(" 'manifests")[0].strip() for line in text.splitlines()]


STOPPED = replace(DONE, done=0, reused=0, blocked=3, stopped="it stopped")
GOES_ON = "goes on where this run stopped"


@pytest.mark.parametrize(
    ("failure", "lines"),
    [
        (
            Failure(FailureKind.INVALID, "no such model", "", "target"),
            [
                "sora-batch doctor",
                "says what the server has; "
                "mend `models` or `base_url` of `gpu-box` in the manifest",
                "sora-batch run",
                f"{GOES_ON}, once that is mended",
            ],
        ),
        (
            Failure(FailureKind.UNAUTHORISED, "bad key"),
            [
                "sora-batch doctor",
                "says whether the key is good; mend it first",
                "sora-batch run",
                f"{GOES_ON}, once that is mended",
            ],
        ),
        (
            Failure(FailureKind.OUT_OF_CREDIT, "no credit"),
            ["sora-batch run", f"{GOES_ON}, once the account has credit"],
        ),
        (None, ["sora-batch run", GOES_ON]),
    ],
)
def test_what_stopped_a_run_is_mended_before_it_goes_on(
    failure: Failure | None, lines: list[str]
) -> None:
    assert next_of(PLAN, Tally(), replace(STOPPED, stopped_by=failure)) == lines


def test_a_server_that_no_order_reached_is_looked_at_first() -> None:
    tally, finished = Tally(), replace(DONE, done=0, reused=0, failed=1)
    away = Failure(FailureKind.TRANSIENT, "cannot reach http://gpu-box/v1")
    tally(ShotFailed(ShotId("hero"), 8, away, Decimal(0)))
    assert next_of(PLAN, tally, finished) == [
        "sora-batch doctor",
        "says whether the server can be reached",
        "sora-batch retry",
        "tries again what has failed",
    ]
    tally(ShotFailed(ShotId("rain"), 3, away, None))
    assert next_of(PLAN, tally, finished)[0] == "sora-batch retry"


def test_what_earlier_failures_block_is_offered_to_retry() -> None:
    made = manifest(shot("a"), shot("b", remix_of="a"))
    failed = attempt_of(step_of(plan(made), "a"), AttemptState.FAILED, kind=FailureKind.INVALID)
    history = History(failed={failed.fingerprint: (failed,)})
    blocked = replace(DONE, done=0, reused=0, blocked=2)
    assert next_of(plan(made, history), Tally(), blocked)[0].startswith("sora-batch retry")
