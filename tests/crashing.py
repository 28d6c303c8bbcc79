"""A run that kills itself, for real, at a chosen step; forked from a process that has everything
imported, so that a hundred crashes take seconds.

A step is one side of an arrow of `docs/money.md`: before or after a change of the store, a request,
or a rename. Commands come as lines of JSON, answers go back as lines of JSON.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import uvicorn

import sora_batch
from sora_batch.engines import local_engine
from sora_batch.outputs import Outputs
from sora_batch.providers.opening import open_provider
from sora_batch.running import execute
from sora_batch.simulator import SimulatorSettings, create_app
from sora_batch.simulator.latency import Latency
from sora_batch.store import open_store

PRICE = Decimal("0.40")

ARROWS = {
    "begin_run": "store",
    "record": "store",
    "keep": "store",
    "end_run": "store",
    "submit": "provider",
    "poll": "provider",
    "list_jobs": "provider",
    "download": "provider",
    "run": "engine",
    "place": "outputs",
    "write_sidecar": "outputs",
}


class HastyClock:
    """The real time, but long waits are jumped over."""

    def __init__(self, ahead_s: float) -> None:
        self.ahead_s = ahead_s

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead_s)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead_s

    async def sleep(self, seconds: float) -> None:
        jump = max(0.0, seconds - 0.2)
        await asyncio.sleep(seconds - jump)
        self.ahead_s += jump


@dataclass
class Steps:
    """Counts steps and kills the process at one of them; 0 counts only."""

    kill_at: int
    taken: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, name: str) -> None:
        with self.lock:
            self.taken.append(name)
            if len(self.taken) == self.kill_at:
                os.kill(os.getpid(), signal.SIGKILL)


class Stepping:
    """The real thing, with a step on either side of each of its arrows."""

    def __init__(self, real: Any, steps: Steps) -> None:
        self._real = real
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        if name not in ARROWS or not callable(value):
            return value
        if inspect.iscoroutinefunction(value):

            async def stepping(*words: Any, **more: Any) -> Any:
                self._steps.take(f"before {name}")
                answer = await value(*words, **more)
                self._steps.take(f"after {name}")
                return answer

            return stepping

        def stepping_now(*words: Any, **more: Any) -> Any:
            self._steps.take(f"before {name}")
            answer = value(*words, **more)
            self._steps.take(f"after {name}")
            return answer

        return stepping_now


async def run_once(folder: Path, kill_at: int, ahead_s: float) -> dict[str, Any]:
    """One `run` of the manifest in the folder, as `api.run` makes it, with steps."""
    os.chdir(folder)
    clock = HastyClock(ahead_s)
    plan = sora_batch.plan(sora_batch.load("m.yaml"))
    outputs = Outputs(plan.manifest.output)
    outputs.ensure()
    steps = Steps(kill_at)
    store = open_store(plan.manifest.output, clock=clock)
    engine = local_engine(1)
    provider = await open_provider(
        plan.manifest.provider, environment={}, local_folder=outputs.local_folder, clock=clock
    )
    parts: dict[str, Any] = {
        "store": Stepping(store, steps),
        "provider": Stepping(provider, steps),
        "engine": Stepping(engine, steps),
        "outputs": Stepping(outputs, steps),
    }
    try:
        report = await execute(plan, clock=clock, **parts)
        ledger = store.ledger()
        return {
            "exit_code": report.exit_code,
            "steps": steps.taken,
            "spent": str(ledger.spent),
            "open": str(ledger.reserved + ledger.held + ledger.uncertain),
            "attempts": [f"{a.shot_id} {a.state} {a.note}" for a in store.attempts()],
            "clips": sum(outputs.intact(clip) for clip in store.clips()),
        }
    finally:
        await provider.close()
        await engine.close()
        await store.close()


def forked(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the work answers in a process of its own; `killed` where it was."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            answer = work()
        except BaseException:  # noqa: BLE001 - the parent is to hear of everything
            answer = {"failed": traceback.format_exc()}
        with os.fdopen(write, "w") as out:
            json.dump(answer, out)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as out:
        text = out.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"killed": os.WTERMSIG(status)}
    return dict(json.loads(text))


def obey() -> None:
    """Runs what stdin says, one fork after the other."""
    for line in sys.stdin:
        order = json.loads(line)
        answer = forked(
            lambda order=order: asyncio.run(  # type: ignore[misc]
                run_once(Path(order["folder"]), order["kill_at"], order["ahead_s"])
            )
        )
        print(json.dumps(answer), flush=True)


def serve(folder: Path, port: int, render_s: float) -> None:
    """The server of the protocol, with prices."""
    speed = "timed" if render_s else "instant"
    settings = SimulatorSettings(
        speed=speed,  # type: ignore[arg-type]
        slots=16,
        latency=Latency.fixed(render_s),
        price_per_second_usd=PRICE,
    )
    app = create_app(folder, settings=settings)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


class Crasher:
    """The process that forks runs."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crashing", "obey"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, folder: Path, *, kill_at: int = 0, ahead_s: float = 0.0) -> dict[str, Any]:
        """A run in the folder, killed at that step."""
        order = {"folder": str(folder), "kill_at": kill_at, "ahead_s": ahead_s}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        answer = dict(json.loads(self._process.stdout.readline()))
        assert "failed" not in answer, answer["failed"]
        return answer

    def close(self) -> None:
        """Lets the process go."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


if __name__ == "__main__":
    if sys.argv[1] == "obey":
        obey()
    else:
        serve(Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
