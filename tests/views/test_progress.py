"""A run while it goes on: sentences, bars, lines, JSON lines."""

from __future__ import annotations

import io
import json
import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from sora_batch.events import (
    Event,
    RunFinished,
    RunNotice,
    RunStarted,
    ShotBlocked,
    ShotDone,
    ShotFailed,
    ShotHeld,
    ShotProgress,
    ShotRendered,
    ShotRetrying,
    ShotSubmitted,
)
from sora_batch.records import Clip, Failure, FailureKind, Ledger
from sora_batch.shots import Fingerprint, JobId, ShotId, Size
from sora_batch.views.background import Background
from sora_batch.views.progress import (
    JsonObserver,
    LogObserver,
    PlainObserver,
    TqdmObserver,
    rendering_lines,
)
from sora_batch.views.tracking import Tally, sentence

HERO, CITY = ShotId("hero"), ShotId("city.lisbon")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEATHER = Failure(FailureKind.TRANSIENT, "the render failed on the server", "CUDA out of memory")


def clip(shot: ShotId = HERO, *, spent: str | None = "0.80", differs: str = "") -> Clip:
    """A finished clip of the shot."""
    return Clip(
        fingerprint=Fingerprint("f1:00"),
        shot_id=shot,
        attempt_id=None,
        job_id=JobId("vid_1"),
        provider="openrouter",
        sha256="00",
        bytes=10,
        mtime_ns=1,
        size=Size(1280, 720),
        seconds=Decimal(8),
        fps=Decimal(24),
        has_audio=True,
        origin="made",
        made_at=NOON,
        inputs={"prompt": "long"},
        spent_usd=Decimal(spent) if spent else None,
        differs=differs,
    )


def submitted(shot: ShotId = HERO, *, price: str = "0.80", resumed: bool = False) -> Event:
    """The shot is with the server."""
    return ShotSubmitted(shot, 1, JobId("vid_1"), Decimal(price), resumed)


FINISHED = RunFinished("r1", 2, 0, 0, 0, 0, 0, Ledger(spent=Decimal("1.60")), 12.0)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (submitted(), "hero: submitted (job vid_1, $0.80)"),
        (submitted(price="0", resumed=True), "hero: job found again (job vid_1)"),
        (ShotProgress(HERO, "queued", 0), ""),
        (ShotRendered(HERO, JobId("vid_1")), ""),
        (ShotDone(HERO, clip(), "outputs/x/hero.mp4"), "hero: done, outputs/x/hero.mp4, $0.80"),
        (
            ShotDone(HERO, clip(spent=None, differs="1280x704 and not 1280x720"), "hero.mp4"),
            "hero: done, hero.mp4; not as ordered: 1280x704 and not 1280x720",
        ),
        (ShotDone(HERO, clip(), "hero.mp4", reused=True), ""),
        (
            ShotRetrying(HERO, 2, WEATHER, 8.0),
            "hero: attempt 2 of 3: the render failed on the server "
            "(the server said: CUDA out of memory); trying again in 8 s",
        ),
        (
            ShotRetrying(HERO, 3, Failure(FailureKind.TRANSIENT, "cannot be reached"), 8.0),
            "hero: attempt 3: cannot be reached; trying again in 8 s",
        ),
        (
            ShotFailed(HERO, 3, Failure(FailureKind.REFUSED, "refused"), Decimal(0)),
            "hero: attempt 3 of 3: refused; failed, nothing spent",
        ),
        (
            ShotFailed(HERO, 4, Failure(FailureKind.REFUSED, "refused"), Decimal("0.8")),
            "hero: attempt 4: refused; failed, $0.80 spent",
        ),
        (
            ShotFailed(HERO, 1, Failure(FailureKind.REFUSED, "refused"), None),
            "hero: attempt 1 of 3: refused; failed; whether it is billed is not known",
        ),
        (
            ShotHeld(HERO, 2, "timed out after 600 s (job vid_8a1)", Decimal("0.80")),
            "hero: attempt 2 of 3: timed out after 600 s (job vid_8a1); "
            "on hold, $0.80 reserved; nobody pays again",
        ),
        (ShotHeld(HERO, 0, "unclear", None), "hero: unclear; on hold; nobody pays again"),
        (ShotBlocked(HERO, "needs sea, which failed"), "hero: not made: needs sea, which failed"),
        (RunNotice("the clock jumped"), "the clock jumped"),
        (FINISHED, ""),
    ],
)
def test_sentences(event: Event, text: str) -> None:
    assert sentence(event, attempts=3) == text


def test_what_a_server_says_cannot_steer_the_terminal() -> None:
    rude = Failure(FailureKind.TRANSIENT, "failed", "\x1b]0;owned\x07\nline two")
    said = sentence(ShotRetrying(HERO, 1, rude, 1.0), attempts=3)
    assert "\x1b" not in said
    assert "\n" not in said


def test_tally_counts_every_shot_once_and_the_money_of_this_run() -> None:
    tally = Tally(now=lambda: 5.0)
    for event in (
        RunStarted("r1", 5, 4, Decimal("3.20")),
        ShotDone(ShotId("old"), clip(), "old.mp4", reused=True),
        submitted(HERO),
        submitted(CITY),
        ShotRetrying(CITY, 1, WEATHER, 1.0),
        ShotDone(HERO, clip(), "hero.mp4"),
        ShotFailed(CITY, 2, WEATHER, Decimal("0.80")),
        ShotHeld(ShotId("night"), 1, "?", Decimal("0.80")),
        ShotBlocked(ShotId("dawn"), "needs night"),
    ):
        tally(event)
    assert tally.settled == 5
    assert not tally.rendering
    assert tally.headline() == "5 of 5 shots, $1.60 of about $3.20"
    assert tally.troubles() == "1 failed, 1 on hold, 1 blocked"


def test_money_is_not_mentioned_where_nothing_costs_anything() -> None:
    tally = Tally()
    tally(RunStarted("r1", 1, 1, Decimal(0)))
    tally(ShotDone(HERO, clip(spent="0"), "hero.mp4"))
    assert tally.headline() == "1 of 1 shot"


def test_at_most_eight_lines_for_what_is_rendering() -> None:
    tally = Tally(now=lambda: 0.0)
    for number in range(8):
        tally(submitted(ShotId(f"shot{number}")))
    tally(ShotProgress(ShotId("shot0"), "in_progress", 62))
    eight = rendering_lines(tally, 45.0)
    assert eight[0] == "  shot0  in progress  62 %  45 s"
    assert eight[7] == "  shot7  submitted          45 s"
    tally(submitted(ShotId("shot8")))
    nine = rendering_lines(tally, 45.0)
    assert len(nine) == 8
    assert nine[-1] == "  and 2 more"


def test_a_log_has_the_time_of_every_line_and_begins_with_its_run() -> None:
    stream, time = io.StringIO(), [0.0]
    observer = LogObserver(stream, attempts=3, now=lambda: time[0], at=lambda: NOON)
    observer(RunStarted("r1", 2, 2, Decimal("1.60")))
    observer(ShotProgress(HERO, "in_progress", 5))
    observer(submitted())
    time[0] = 61.0
    observer.tick()
    first, second, third = stream.getvalue().splitlines()
    assert first == "2026-11-23 12:00:00 UTC  run r1 begins"
    assert second.startswith("2026-11-23 12:00:00 UTC  hero: submitted (job ")
    assert third.startswith("2026-11-23 12:00:00 UTC  0 of 2 shots, ")


def test_plain_says_a_line_per_event_and_a_heartbeat_after_a_silent_minute() -> None:
    time = [0.0]
    stream = io.StringIO()
    observer = PlainObserver(stream, attempts=3, now=lambda: time[0])
    observer.tick()
    observer(RunStarted("r1", 2, 2, Decimal("1.60")))
    observer(submitted())
    time[0] = 59.0
    observer.tick()
    time[0] = 61.0
    observer.tick()
    observer.tick()
    observer(ShotDone(HERO, clip(), "hero.mp4"))
    observer.close()
    assert stream.getvalue() == (
        "hero: submitted (job vid_1, $0.80)\n"
        "0 of 2 shots, $0.00 of about $1.60, 1 rendering, 1 min 1 s\n"
        "hero: done, hero.mp4, $0.80\n"
    )


def test_json_lines_carry_name_time_and_fields_and_no_floats_for_money() -> None:
    stream = io.StringIO()
    observer = JsonObserver(stream, now=lambda: NOON)
    observer(submitted())
    observer(ShotDone(HERO, clip(), "hero.mp4"))
    observer(FINISHED)
    first, second, third = map(json.loads, stream.getvalue().splitlines())
    assert first == {
        "event": "shot_submitted",
        "at": "2026-11-23T12:00:00.000+00:00",
        "shot_id": "hero",
        "attempt": 1,
        "job_id": "vid_1",
        "price_usd": "0.80",
        "resumed": False,
    }
    assert second["clip"]["size"] == "1280x720"
    assert "inputs" not in second["clip"]
    assert third["ledger"]["spent"] == "1.60"


class Gone(io.StringIO):
    """A pipe whose reader has left after the first line."""

    def write(self, text: str) -> int:
        """Takes one line, then breaks."""
        if self.getvalue():
            raise BrokenPipeError
        return super().write(text)


def test_a_reader_who_leaves_does_not_end_the_run() -> None:
    stream = Gone()
    observer = PlainObserver(stream, attempts=3)
    for _ in range(3):
        observer(submitted())
    assert stream.getvalue() == "hero: submitted (job vid_1, $0.80)\n"
    JsonObserver(None)(submitted())


def test_bar_says_what_goes_wrong_and_leaves_nothing_behind() -> None:
    stream = io.StringIO()
    observer = TqdmObserver(stream, attempts=3, columns=80, now=lambda: 1.0)
    observer(RunStarted("r1", 2, 2, Decimal("1.60")))
    observer(submitted())
    observer.tick()
    observer(ShotDone(CITY, clip(CITY), "city.mp4"))
    observer(ShotFailed(HERO, 3, WEATHER, Decimal(0)))
    observer.tick()
    observer.close()
    shown = stream.getvalue()
    assert "2 of 2 shots, $0.80 of about $1.60, 1 failed" in shown
    assert "hero: attempt 3 of 3: the render failed" in shown
    assert "city.lisbon: done" not in shown
    widest = max(
        len(part) for part in shown.replace("\n", "\r").split("\r") if "attempt" not in part
    )
    assert widest <= 80
    assert shown.rstrip("\n").endswith("\r")


def test_the_bar_begins_with_its_words() -> None:
    stream = io.StringIO()
    observer = TqdmObserver(stream, attempts=3, columns=80, now=lambda: 1.0)
    observer(RunStarted("r1", 2, 2, Decimal(0)))
    frames = [frame for frame in stream.getvalue().split("\r") if "%" in frame]
    observer.close()
    assert [("0 of 2 shots" in frame) for frame in frames] == [True]


def test_a_terminal_that_stands_still_does_not_hold_the_run() -> None:
    release = threading.Event()
    seen: list[Event] = []

    class Stuck:
        def __call__(self, event: Event) -> None:
            release.wait()
            seen.append(event)

        def tick(self) -> None:
            pass

        def close(self) -> None:
            seen.append(RunNotice("closed"))

    with Background(Stuck()) as observer:
        for number in range(100):
            observer(RunNotice(str(number)))
        assert not seen
        release.set()
    assert len(seen) == 101


def test_a_broken_display_is_told_when_the_run_is_over() -> None:
    class Broken:
        def __call__(self, event: Event) -> None:
            raise ZeroDivisionError

        def tick(self) -> None:
            pass

        def close(self) -> None:
            pass

    observer = Background(Broken())
    with pytest.raises(ZeroDivisionError), observer:
        observer(RunNotice("one"))
        observer(RunNotice("two"))


def test_time_is_seen_to_pass_when_nothing_happens() -> None:
    ticked = threading.Event()

    class Waiting:
        def __call__(self, event: Event) -> None:
            raise AssertionError(event)

        def tick(self) -> None:
            ticked.set()

        def close(self) -> None:
            pass

    with Background(Waiting(), tick_s=0.01):
        assert ticked.wait(5)


def test_a_clip_is_shown_by_the_path_it_has() -> None:
    done = ShotDone(HERO, clip(spent=None), str(Path("outputs") / "x" / "hero.mp4"))
    assert "outputs/x/hero.mp4" in sentence(done, attempts=3).replace("\\", "/")
