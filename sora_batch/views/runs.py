"""Who runs a manifest, or how its last run ended; and where that has written what it did."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path

from sora_batch.records import Holder, RunRow
from sora_batch.shots import Json
from sora_batch.views.facts import as_json
from sora_batch.views.text import printable, shown_path


def run_sentence(
    running: Holder | None, last: RunRow | None, log: Path | None, *, manifest: Path
) -> str:
    """What there is to know of the newest run, for a person; empty where there was none."""
    its_log = f"its log is {shown_path(log)}" if log is not None else ""
    if running is not None:
        stops = f"`kill {running.pid}` stops it" if its_log and running.is_here else ""
        return "; ".join(filter(None, [its_log, stops]))
    if last is None:
        return ""
    return "; ".join(filter(None, [f"the last run {_ended(last, manifest)}", its_log]))


def holder_json(running: Holder | None) -> Json:
    """`pid`, `host`, `since`; null where nobody runs it."""
    if running is None:
        return None
    since = as_json(running.since)
    return {"pid": running.pid, "host": running.host, "since": since}


def run_json(run: RunRow | None) -> Json:
    """`run_id`, `started_at`, `ended_at`, `outcome`; null where there was none."""
    if run is None:
        return None
    started, ended = as_json(run.started_at), as_json(run.ended_at)
    return {"run_id": run.id, "started_at": started, "ended_at": ended, "outcome": run.outcome}


def _ended(run: RunRow, manifest: Path) -> str:
    if run.ended_at is None:
        again = f"`sora-batch run {shlex.quote(shown_path(manifest))}` goes on with it"
        return f"began {_minute(run.started_at)} and was cut off; {again}"
    when = _minute(run.ended_at)
    match run.outcome:
        case "finished":
            return f"finished {when}"
        case "interrupted":
            return f"was interrupted {when}"
        case why:
            return f"stopped {when}: {printable(why)}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
