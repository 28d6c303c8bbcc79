"""The program with a clock that runs faster, so that hours of waiting are drilled in minutes.

python -m benchmarks.hurried run m.yaml --yes
python -m benchmarks.hurried                       (stands by, see `stand_by`)

HURRY is how many times faster; the hurry began at HURRY_SINCE (unix seconds), so that several
processes agree on the time. Nothing else is changed: all commands take their time from the one
class that is replaced here. HURRY_FAULTS is a file that a simulator writes its mischief to, as it
happens: what it counts itself is gone with a kill. HURRY_FRONT=openrouter puts that protocol before
a simulator.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import pkgutil
import signal
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

import sora_batch
import sora_batch.simulator.serving
import sora_batch.simulator.simulator
from benchmarks.openrouter_front import OpenRouterFront
from sora_batch.cli import main
from sora_batch.simulator.app import create_app
from sora_batch.simulator.faults import Fault
from sora_batch.simulator.mischief import Mischief, Subject


class HurriedClock:
    """The machine's clock, so many times faster since a moment."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._times = float(environment["HURRY"])
        self._since = float(environment["HURRY_SINCE"])

    def now(self) -> datetime:
        """Aware UTC."""
        passed_s = (time.time() - self._since) * self._times
        return datetime.fromtimestamp(self._since, UTC) + timedelta(seconds=passed_s)

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic() * self._times

    async def sleep(self, seconds: float) -> None:
        """Returns after so many of its seconds."""
        await asyncio.sleep(seconds / self._times)


class WrittenMischief(Mischief):
    """Writes down what it does, a line of JSON each."""

    def _applies(self, place: int, fault: Fault, subject: Subject) -> bool:
        if not super()._applies(place, fault, subject):
            return False
        line = {"fault": f"{fault.operation}: {fault.do}", "of": subject.key}
        with Path(os.environ["HURRY_FAULTS"]).open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(line)}\n")
        return True


def fronted(*given: Any, **named: Any) -> Starlette:
    """The simulator's application behind OpenRouter's protocol."""
    app = create_app(*given, **named)
    app.add_middleware(OpenRouterFront)
    return app


def hurry() -> None:
    """Reads the whole program in and gives it the other clock."""
    for module in pkgutil.walk_packages(sora_batch.__path__, "sora_batch."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name, loaded in list(sys.modules.items()):
        if name.startswith("sora_batch.") and hasattr(loaded, "SystemClock"):
            setattr(loaded, "SystemClock", HurriedClock)  # noqa: B010 - not theirs to give away
    if os.environ.get("HURRY_FAULTS"):
        setattr(sora_batch.simulator.simulator, "Mischief", WrittenMischief)  # noqa: B010
    if os.environ.get("HURRY_FRONT"):
        setattr(sora_batch.simulator.serving, "create_app", fronted)  # noqa: B010


def stand_by() -> None:
    """Starts and ends processes as lines of JSON ask for it, one answer a line.

    A process is forked with everything read in already, so that its start takes no second of its
    own: `{"start": words, "cwd": folder, "log": file}` answers `{"pid": n}`. `{"end": pid,
    "after_s": 1.5, "signal": 9}` sends the signal then, unless it has ended, and answers with its
    exit code; null where the signal ended it. Without a time, the process is waited for.
    """
    for line in sys.stdin:
        order = json.loads(line)
        answer = _started(order) if "start" in order else _ended(order)
        print(json.dumps(answer), flush=True)


def _started(order: Mapping[str, Any]) -> dict[str, Any]:
    child = os.fork()
    if child:
        return {"pid": child}
    code: Any = 3
    try:
        os.chdir(order["cwd"])
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        main(order["start"])
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        os._exit(int(code))


def _ended(order: Mapping[str, Any]) -> dict[str, Any]:
    process, after_s = order["end"], order["after_s"]
    deadline = float("inf") if after_s is None else time.monotonic() + after_s
    while time.monotonic() < deadline:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return {"code": os.waitstatus_to_exitcode(status)}
        time.sleep(0.005)
    os.kill(process, order["signal"])
    _, status = os.waitpid(process, 0)
    code = os.waitstatus_to_exitcode(status)
    return {"code": None if code == -signal.SIGKILL else code}


if __name__ == "__main__":
    hurry()
    if len(sys.argv) > 1:
        main()
    stand_by()
