"""Runs a plan in a process of its own, which goes on when the terminal is closed.

That process is `sora-batch run` with the plan as it was agreed to, saved. Through a pipe it says
that it has the store and begins, or why it cannot, which is raised where it was started. Nothing
is ordered by a run of which nobody has heard that it begins.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from sora_batch.api.executing import require_budget, require_consent
from sora_batch.api.run_log import LOG, keep_log
from sora_batch.api.saved import load_agreed, save_plan
from sora_batch.clock import SystemClock
from sora_batch.durable import beside
from sora_batch.errors import OutputUnusable, ProblemsFound, RunStopped, SoraBatchError, UsageError
from sora_batch.events import Event, RunStarted
from sora_batch.outputs import Outputs
from sora_batch.planning.plan import Plan
from sora_batch.records import RunId
from sora_batch.store.lock import require_free

__all__ = ["Detached", "Starter", "detach"]

_MOST_WAIT_S = 120.0
_SHOWN_BYTES = 2000
_SAVED = "run.json"

# Unbuffered, or the log is empty until the end; and nothing is imported from the working folder.
_PROGRAM = ("-u", "-P", "-m", "sora_batch", "run", "--yes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Detached:
    """A run that has begun in a process of its own, and where it writes what it does."""

    pid: int
    run_id: RunId
    log: Path


def detach(
    plan: Plan,
    *,
    keep_going: bool = True,
    accept_price: Decimal | None = None,
    json_log: bool = False,
) -> Detached:
    """Runs the plan in a process of its own; returns once that has the store and begins.

    It outlives this process and its terminal, and finds the environment of this one; SIGTERM ends
    it as it ends `run_sync`. With `json_log` its log holds events as lines of JSON. Raises what
    `run` raises, all before anything is sent; UsageError where the system has no such processes
    (Windows), RunStopped where it has not begun after two minutes and is called off.
    """
    if not hasattr(os, "fork"):
        fix = "leave `--detach` out, and run it in a window that stays open"
        raise UsageError("this system has no processes that outlive their terminal", fix=fix)
    require_consent(plan, accept_price)
    require_budget(plan)
    outputs = Outputs(plan.manifest.output)
    outputs.ensure()
    require_free(outputs.folder)
    saved = beside(outputs.folder / _SAVED)
    said = _said(saved)
    more = [*([] if keep_going else ["--fail-fast"]), *(["--json"] if json_log else [])]
    try:
        _write(plan, saved, said)
        return _begun(_answer([str(saved), *more], said), said)
    finally:
        # The process has read the one and renamed the other by now, or never will.
        saved.unlink(missing_ok=True)
        said.unlink(missing_ok=True)


class Starter:
    """The process that started this one and waits to hear whether its run begins; an observer.

    `saved` is the plan it was started for.
    """

    def __init__(self, saved: Path, pipe: int) -> None:
        os.set_inheritable(pipe, False)
        self._saved = saved
        self._pipe: int | None = pipe
        self._folder: Path | None = None

    def plan(self) -> Plan:
        """The plan that was agreed to, whose file is removed. Raises what `load_plan` raises."""
        try:
            plan = load_agreed(self._saved)
        finally:
            self._saved.unlink(missing_ok=True)
        self._folder = plan.manifest.output
        return plan

    def __call__(self, event: Event) -> None:
        """Says that the run begins. Raises RunStopped where nobody is there to hear it."""
        if not isinstance(event, RunStarted) or self._folder is None:
            return
        try:
            log = keep_log(_said(self._saved), self._folder)
            self._say({"pid": os.getpid(), "run_id": event.run_id, "log": str(log)})
        except BrokenPipeError as error:
            raise RunStopped("whoever started this run is gone; nothing was ordered") from error
        except OSError as error:
            raise OutputUnusable.because(error, self._folder) from error

    def refuse(self, error: SoraBatchError) -> None:
        """Says why the run could not begin; nothing where it has begun."""
        # A manifest's problems are not told apart here: they came up since the plan was agreed to.
        kind = UsageError if isinstance(error, ProblemsFound) else type(error)
        with suppress(BrokenPipeError):
            self._say({"error": kind.__name__, "message": error.message, "fix": error.fix})

    def _say(self, facts: dict[str, object]) -> None:
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            with os.fdopen(pipe, "wb", buffering=0) as out:
                out.write(json.dumps(facts).encode() + b"\n")


def _said(saved: Path) -> Path:
    """Where the process writes until its run begins, beside its plan."""
    return saved.with_name(saved.name.replace(_SAVED, LOG))


def _write(plan: Plan, saved: Path, said: Path) -> None:
    try:
        save_plan(plan, saved)
        said.touch()
    except OSError as error:
        raise OutputUnusable.because(error, saved.parent) from error


def _answer(words: Sequence[str], said: Path) -> bytes:
    """What the process answers, a line; nothing where it ended without a word."""
    ours, theirs = os.pipe()
    try:
        try:
            with said.open("ab") as log:
                subprocess.run(
                    [sys.executable, *_PROGRAM, *words, "--started-by", str(theirs)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(theirs,),
                    start_new_session=True,
                    check=False,
                    timeout=_MOST_WAIT_S,
                )
        except subprocess.TimeoutExpired as error:
            raise _late() from error
        finally:
            os.close(theirs)
        return _heard(ours)
    finally:
        os.close(ours)


def _heard(pipe: int) -> bytes:
    clock = SystemClock()
    until = clock.monotonic() + _MOST_WAIT_S
    heard = b""
    while not heard.endswith(b"\n"):
        ready, _, _ = select.select([pipe], [], [], max(0.0, until - clock.monotonic()))
        if not ready:
            raise _late()
        part = os.read(pipe, 65536)
        if not part:
            break
        heard += part
    return heard


def _late() -> RunStopped:
    words = f"the run did not begin within {_MOST_WAIT_S:.0f} s and is called off"
    fix = "run it without `--detach` to see what holds it up"
    return RunStopped(f"{words}; nothing was ordered", fix=fix)


def _begun(answer: bytes, said: Path) -> Detached:
    if not answer:
        words = said.read_bytes()[-_SHOWN_BYTES:].decode("utf-8", "replace").strip()
        raise SoraBatchError(f"the run ended before it began: {words or 'it was killed'}")
    told = json.loads(answer)
    if "error" in told:
        kinds = {kind.__name__: kind for kind in SoraBatchError.__subclasses__()}
        raise kinds.get(told["error"], SoraBatchError)(told["message"], fix=told["fix"])
    return Detached(pid=told["pid"], run_id=RunId(told["run_id"]), log=Path(told["log"]))
