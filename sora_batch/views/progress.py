"""Shows a run while it goes on: bars on a terminal, lines in a log, JSON lines for programs.

A reader who goes away does not end the run: what is being rendered is paid for, so the observer
falls silent and the run goes on. Nor does one who does not keep up: see `background.py`.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import NoReturn, TextIO

from tqdm import tqdm

from sora_batch.events import Event, RunFinished, RunStarted, ShotDone, ShotSubmitted
from sora_batch.shots import Json
from sora_batch.views.facts import as_json
from sora_batch.views.paint import PLAIN, Paint
from sora_batch.views.text import cut, printable, span, table, wrapped
from sora_batch.views.tracking import Rendering, Tally, colour_of, sentence

MOST_LINES = 8
_ID_COLUMNS = 40
_BAR = "{percentage:3.0f}% |{bar}| {desc} {elapsed}"
_REDRAW_S = 0.1
_HEARTBEAT_S = 60.0


class JsonObserver:
    """Every event as one line of JSON: `event`, `at`, and the event's own fields by name."""

    def __init__(self, stream: TextIO | None, *, now: Callable[[], datetime] | None = None) -> None:
        self._say = Lines(stream)
        self._now = now or (lambda: datetime.now(UTC))

    def __call__(self, event: Event) -> None:
        """Writes the event down."""
        self._say(json.dumps(event_json(event, self._now()), ensure_ascii=False))

    def tick(self) -> None:
        """Time is no event."""

    def close(self) -> None:
        """Nothing is left open."""


def event_json(event: Event, at: datetime) -> dict[str, Json]:
    """The event by its name in snake case, its time and its fields; a clip without its inputs,
    which stand in the sidecar."""
    facts = as_json(event)
    assert isinstance(facts, dict)
    clip = facts.get("clip")
    if isinstance(clip, dict):
        clip.pop("inputs", None)
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
    return {"event": name, "at": at.isoformat(timespec="milliseconds"), **facts}


class PlainObserver:
    """One line for every event that matters, and a heartbeat when none has come for a minute."""

    def __init__(
        self,
        stream: TextIO | None,
        *,
        attempts: int,
        paint: Paint = PLAIN,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say: Callable[[str], None] = Lines(stream)
        self._attempts = attempts
        self._paint = paint
        self._now = now
        self._tally = Tally(now=now)
        self._started_at = self._said_at = now()

    def __call__(self, event: Event) -> None:
        """Says what happened, if it is worth a line."""
        self._tally(event)
        line = sentence(event, attempts=self._attempts)
        if line:
            self._say(colour_of(event, self._paint)(line))
            self._said_at = self._now()

    def tick(self) -> None:
        """Says where the run stands when nothing else was said for a while."""
        now = self._now()
        if now - self._said_at < _HEARTBEAT_S or not self._tally.total:
            return
        self._said_at = now
        tally = self._tally
        rendering = f"{len(tally.rendering):,} rendering"
        parts = [tally.headline(), rendering, tally.troubles(), span(now - self._started_at)]
        self._say(", ".join(filter(None, parts)))

    def close(self) -> None:
        """Nothing is left open."""


class LogObserver(PlainObserver):
    """Lines for a log that is read later: each begins with its time, the first names the run."""

    def __init__(
        self,
        stream: TextIO | None,
        *,
        attempts: int,
        now: Callable[[], float] = time.monotonic,
        at: Callable[[], datetime] | None = None,
    ) -> None:
        super().__init__(stream, attempts=attempts, now=now)
        self._at = at or (lambda: datetime.now(UTC))
        say = self._say
        self._say = lambda line: say(f"{self._at():%Y-%m-%d %H:%M:%S} UTC  {line}")

    def __call__(self, event: Event) -> None:
        """Says what happened, and when."""
        if isinstance(event, RunStarted):
            self._say(f"run {event.run_id} begins")
        super().__call__(event)


class TqdmObserver:
    """A bar for the whole run, a line for each shot that is rendering, and what went wrong above.

    All of it is gone when the run is over: the summary says what came of it.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        attempts: int,
        paint: Paint = PLAIN,
        now: Callable[[], float] = time.monotonic,
        columns: int | None = None,
    ) -> None:
        self._stream = stream
        self._attempts = attempts
        self._paint = paint
        self._now = now
        self._columns = columns
        self._tally = Tally(now=now)
        self._bar: tqdm[NoReturn] | None = None
        self._lines: list[tqdm[NoReturn]] = []
        self._drawn_at = 0.0

    def __call__(self, event: Event) -> None:
        """Moves the bar, and says above it what went wrong."""
        self._tally(event)
        with suppress(OSError, ValueError):
            if isinstance(event, RunStarted):
                # With its words from the start, or an empty bar is seen before it.
                self._bar = self._shown(0, _BAR, event.shots, self._tally.headline())
                self._drawn_at = self._now()
            if not _is_routine(event):
                self._say(event)
            if self._now() - self._drawn_at >= _REDRAW_S:
                self._draw()

    def tick(self) -> None:
        """Lets the seconds be seen passing."""
        with suppress(OSError, ValueError):
            self._draw()

    def close(self) -> None:
        """Clears the bar and its lines away."""
        with suppress(OSError, ValueError):
            for line in reversed(self._lines):
                line.close()
            if self._bar is not None:
                self._bar.close()
        self._lines, self._bar = [], None

    def _say(self, event: Event) -> None:
        words = sentence(event, attempts=self._attempts)
        colour = colour_of(event, self._paint)
        width = self._columns or shutil.get_terminal_size().columns
        for line in wrapped(words, width) if words else ():
            tqdm.write(colour(line), file=self._stream)

    def _draw(self) -> None:
        if self._bar is None:
            return
        self._drawn_at = self._now()
        rows = rendering_lines(self._tally, self._drawn_at)
        while len(self._lines) < len(rows):
            self._lines.append(self._shown(len(self._lines) + 1, "{desc}"))
        for place, line in enumerate(self._lines):
            line.set_description_str(rows[place] if place < len(rows) else "")
        self._bar.n = self._tally.settled
        words = filter(None, [self._tally.headline(), self._tally.troubles()])
        self._bar.set_description_str(", ".join(words))

    def _shown(
        self, position: int, form: str, total: int | None = None, words: str = ""
    ) -> tqdm[NoReturn]:
        bar: tqdm[NoReturn] = tqdm(
            desc=words,
            total=total,
            file=self._stream,
            position=position,
            bar_format=form,
            leave=False,
            ncols=self._columns,
            dynamic_ncols=self._columns is None,
        )
        return bar


def rendering_lines(tally: Tally, now: float) -> list[str]:
    """What is with the server, longest there first: at most eight lines and "and 12 more"."""
    shots = list(tally.rendering.items())
    shown = shots if len(shots) <= MOST_LINES else shots[: MOST_LINES - 1]
    rows = [
        (cut(shot_id, _ID_COLUMNS), _status(shot), _percent(shot), span(int(now - shot.since)))
        for shot_id, shot in shown
    ]
    lines = table(rows, right=frozenset({2, 3}), indent="  ")
    more = len(shots) - len(shown)
    return [*lines, f"  and {more:,} more"] if more else lines


class Lines:
    """Writes lines to a stream until nobody reads it any more; then says nothing, for good."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def __call__(self, line: str) -> None:
        """Writes one line and sends it on its way."""
        if self._stream is None:
            return
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None


def _is_routine(event: Event) -> bool:
    return isinstance(event, ShotSubmitted | RunFinished) or (
        isinstance(event, ShotDone) and not event.clip.differs
    )


def _status(shot: Rendering) -> str:
    return printable(shot.status, 20).replace("_", " ")


def _percent(shot: Rendering) -> str:
    return "" if shot.progress is None else f"{shot.progress} %"
