"""Where every shot stands, told from a plan, the newest attempts and the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sora_batch.manifest.settings import Manifest, ProviderSettings
from sora_batch.planning.plan import Action, Step
from sora_batch.problems import Where
from sora_batch.records import (
    Attempt,
    AttemptId,
    AttemptState,
    Clip,
    Failure,
    FailureKind,
    Holder,
    Ledger,
    Money,
    RunId,
    RunRow,
)
from sora_batch.shots import Fingerprint, JobId, Shot, ShotId, Size, Target
from sora_batch.views.status import Standing, standing, status_json, status_text

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
FINGERPRINT = Fingerprint("f1:aa")
CLIP = Clip(
    fingerprint=FINGERPRINT,
    shot_id=ShotId("hero"),
    attempt_id=None,
    job_id=None,
    provider="gpu-box",
    sha256="00",
    bytes=1,
    mtime_ns=1,
    size=Size(1280, 720),
    seconds=Decimal(8),
    fps=Decimal(24),
    has_audio=True,
    origin="made",
    made_at=NOW,
)


@dataclass(frozen=True)
class Facts:
    """What a status shows, made by hand."""

    manifest: Manifest
    steps: tuple[Step, ...]
    clips: Mapping[ShotId, Path]
    attempts: Mapping[ShotId, Attempt]
    ledger: Ledger
    budget: Decimal | None
    running: Holder | None
    last_run: RunRow | None = None
    log: Path | None = None


def step(shot: str, action: Action, reason: str = "", **more: object) -> Step:
    """One line of the plan."""
    made = Step(
        shot=Shot(
            id=ShotId(shot),
            spec=shot,
            where=Where("harbour.yaml", 12, 5),
            prompt="dawn",
            model="sora-2",
            size=Size(1280, 720),
            seconds=Decimal(8),
        ),
        target=Target("vllm-omni", "http://gpu-box:8091/v1", "wan"),
        action=action,
        reason=reason,
        fingerprint=FINGERPRINT,
        inputs={},
    )
    return replace(made, **more)  # type: ignore[arg-type]


def attempt(shot: str, state: AttemptState, **more: object) -> Attempt:
    """The newest try at a shot, submitted four minutes ago."""
    made = Attempt(
        id=AttemptId("a1"),
        run_id=RunId("r1"),
        shot_id=ShotId(shot),
        fingerprint=FINGERPRINT,
        number=1,
        state=state,
        provider="vllm-omni",
        model="wan",
        money=Money.RESERVED,
        price_usd=Decimal("0.80"),
        job_id=JobId("vid_8a1"),
        created_at=NOW - timedelta(minutes=4),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def facts(*steps: Step, attempts: tuple[Attempt, ...] = (), running: Holder | None = None) -> Facts:
    """A status over these steps."""
    manifest = Manifest(
        name="harbour-launch",
        file=Path("harbour.yaml"),
        folder=Path(),
        sha256="",
        provider=ProviderSettings(name="gpu-box", kind="vllm-omni"),
        output=Path("outputs/harbour-launch"),
        shots=(),
    )
    ledger = Ledger(
        reserved=Decimal("0.80"),
        spent=Decimal("12.80"),
        released=Decimal("1.60"),
        held=Decimal("0.80"),
    )
    clips = {s.shot.id: Path(f"outputs/harbour-launch/{s.shot.id}.mp4") for s in steps if s.clip}
    newest = {one.shot_id: one for one in attempts}
    return Facts(manifest, steps, clips, newest, ledger, Decimal(25), running)


SUBMITTING = attempt("a", AttemptState.SUBMITTING)
SUBMITTED = attempt("a", AttemptState.SUBMITTED)
RENDERED = attempt("a", AttemptState.RENDERED)
FAILED = attempt("a", AttemptState.FAILED, failure=Failure(FailureKind.REFUSED, "refused"))
ELSE = attempt("a", AttemptState.FAILED, fingerprint=Fingerprint("f1:bb"))


@pytest.mark.parametrize(
    ("one", "newest", "running", "expected"),
    [
        (step("a", Action.REUSE, clip=CLIP), None, False, Standing.DONE),
        (step("a", Action.REUSE), None, False, Standing.PENDING),
        (step("a", Action.MAKE), None, False, Standing.PENDING),
        (step("a", Action.MAKE), FAILED, False, Standing.PENDING),
        (step("a", Action.RESUME), SUBMITTED, True, Standing.RENDERING),
        (step("a", Action.RESUME), RENDERED, True, Standing.RENDERED),
        (step("a", Action.HOLD), SUBMITTING, True, Standing.SUBMITTING),
        (step("a", Action.HOLD), SUBMITTING, False, Standing.HELD),
        (step("a", Action.HOLD), attempt("a", AttemptState.HELD), True, Standing.HELD),
        (step("a", Action.BLOCKED), FAILED, False, Standing.FAILED),
        (step("a", Action.BLOCKED), ELSE, False, Standing.BLOCKED),
        (step("a", Action.BLOCKED), None, False, Standing.BLOCKED),
    ],
)
def test_standing(one: Step, newest: Attempt | None, running: bool, expected: Standing) -> None:
    assert standing(one, newest, running=running) is expected


HOLDER = Holder(123, "box", NOW - timedelta(minutes=10), is_here=True)
STATUS = facts(
    step("hero", Action.REUSE, clip=CLIP),
    step("city.lisbon", Action.RESUME, "rendering on the server"),
    step("night.take1", Action.HOLD, "on hold"),
    step("refused", Action.BLOCKED, "failed before: refused by moderation"),
    step("descent", Action.BLOCKED, "needs `night.take1`, which is on hold"),
    step("later", Action.MAKE, "no clip yet", price_usd=Decimal("0.80")),
    attempts=(
        attempt("city.lisbon", AttemptState.SUBMITTED),
        attempt(
            "night.take1", AttemptState.HELD, note="not finished after 600 s", money=Money.HELD
        ),
        attempt("refused", AttemptState.FAILED),
    ),
    running=HOLDER,
)


def test_status_has_a_line_for_each_shot_and_the_five_columns_of_the_ledger() -> None:
    assert (
        status_text(STATUS, now=NOW, width=80)
        == """\
harbour-launch on gpu-box, run by process 123 on box since 2026-11-23 17:50 UTC

hero         done       outputs/harbour-launch/hero.mp4
city.lisbon  rendering  4 min, $0.80 reserved, job vid_8a1
night.take1  on hold    not finished after 600 s, job vid_8a1, $0.80 held
refused      failed     failed before: refused by moderation
descent      blocked    needs `night.take1`, which is on hold
later        to make    no clip yet, $0.80

6 shots: 1 done, 1 rendering, 1 on hold, 1 failed, 1 blocked, 1 to make

 spent  reserved   held  uncertain  released  left of $25.00
$12.80     $0.80  $0.80      $0.00     $1.60          $10.60"""
    )


def test_a_small_screen_has_what_is_under_way_or_in_trouble() -> None:
    text = status_text(STATUS, now=NOW, width=80, rows=4)
    assert [line.split("  ")[0] for line in text.splitlines()[2:6]] == [
        "city.lisbon",
        "night.take1",
        "refused",
        "and 3 more",
    ]
    assert "6 shots: 1 done, 1 rendering" in text
    assert status_text(STATUS, now=NOW, width=80, rows=6) == status_text(STATUS, now=NOW, width=80)


def test_long_reasons_are_wrapped_under_themselves_and_lose_nothing() -> None:
    reason = "needs `night.take1`, which is on hold, " * 3
    text = status_text(facts(step("descent", Action.BLOCKED, reason)), now=NOW, width=60)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[3].startswith(" " * len("descent  blocked  "))
    assert " ".join(text.split()).count("which is on hold,") == 3


def test_status_without_run_or_budget_says_so() -> None:
    text = status_text(replace(facts(), budget=None), now=NOW, width=80)
    assert text.startswith("harbour-launch on gpu-box, no run going on\n")
    assert "left of" not in text
    assert "no shots" in text


def test_json_has_stable_keys_and_money_in_strings() -> None:
    told = status_json(STATUS)
    assert {key: told[key] for key in ("running", "budget_usd", "left_usd", "ledger")} == {
        "running": "process 123 on box since 2026-11-23 17:50 UTC",
        "budget_usd": "25.00",
        "left_usd": "10.60",
        "ledger": {
            "reserved": "0.80",
            "spent": "12.80",
            "released": "1.60",
            "held": "0.80",
            "uncertain": "0.00",
        },
    }
    assert told["counts"] == {
        "done": 1,
        "rendering": 1,
        "rendered": 0,
        "submitting": 0,
        "on_hold": 1,
        "failed": 1,
        "blocked": 1,
        "to_make": 1,
    }
    shots = told["shots"]
    assert isinstance(shots, list)
    assert shots[1] == {
        "shot": "city.lisbon",
        "state": "rendering",
        "reason": "rendering on the server",
        "where": "harbour.yaml:12:5",
        "fingerprint": "f1:aa",
        "attempt": 1,
        "job": "vid_8a1",
        "failure": None,
        "price_usd": "0.80",
        "spent_usd": None,
        "clip": None,
        "differs": "",
    }


def test_what_was_delivered_differently_is_marked() -> None:
    other = replace(CLIP, differs="640x360 instead of 1280x720")
    status = facts(step("hero", Action.REUSE, clip=other))
    words = status_text(status, now=NOW, width=120)
    assert "hero.mp4; not as ordered: 640x360 instead of 1280x720" in words
    told = status_json(status)["shots"]
    assert isinstance(told, list)
    assert isinstance(told[0], dict)
    assert told[0]["differs"] == "640x360 instead of 1280x720"


LONG = ("opener.variant=bold.which_lens=24mm-anamorphic.take1", "opener.variant=calm.take2")


def test_a_screen_that_is_too_narrow_has_whole_ids_and_the_folder_once() -> None:
    long, short = LONG
    steps = (
        step(long, Action.REUSE, clip=CLIP),
        step(short, Action.BLOCKED, "needs `opener`, which is on hold and may have been paid for"),
    )
    lines = status_text(facts(*steps), now=NOW, width=80).splitlines()
    assert lines[2:8] == [
        "clips  outputs/harbour-launch/SHOT.mp4",
        "",
        f"{long}  done",
        f"{short:{len(long)}}  blocked",
        "    needs `opener`, which is on hold and may have been paid for",
        "",
    ]
    wide = status_text(facts(*steps), now=NOW, width=160)
    assert f"done     outputs/harbour-launch/{long}.mp4" in wide


def test_a_clip_that_is_elsewhere_is_shown_where_it_is() -> None:
    """Under its shot, as what there is to say stands there; whole, so that it can be copied."""
    shown = facts(step(LONG[0], Action.REUSE, clip=CLIP))
    path = f"outputs/harbour-launch/earlier/{LONG[0]}.f1-0000000000000000.mp4"
    shown = replace(shown, clips={ShotId(LONG[0]): Path(path)})
    lines = status_text(shown, now=NOW, width=80).splitlines()
    assert lines[2:4] == [f"{LONG[0]}  done", f"    {path}"]
