"""The processes of a drill: those that stand by to start others, and the server that is killed.

A server that is killed begins again on its port with what its journal has. What is in the journal
at that moment is what a server of a family that forgets has then forgotten: `forgotten` has it.
"""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.hurried import HurriedClock
from sora_batch.simulator.dialects import dialect_named
from sora_batch.simulator.journal import Journal

_START_LIMIT_S = 60.0


class Standby:
    """A process that starts others without a delay (`hurried.stand_by`)."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.hurried"],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, words: Sequence[str], *, cwd: Path, log: Path) -> int:
        """The program with these words; its process id."""
        order = {"start": list(words), "cwd": str(cwd), "log": str(log)}
        return int(self._told(order)["pid"])

    def end(self, process: int, after_s: float | None, number: int = signal.SIGKILL) -> int | None:
        """Sends the signal in so many seconds; the exit code, None where it was killed."""
        code = self._told({"end": process, "after_s": after_s, "signal": int(number)})["code"]
        return None if code is None else int(code)

    def close(self) -> None:
        """Lets it go; what it started must be over."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _told(self, order: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return dict(json.loads(self._process.stdout.readline()))


class Server:
    """A simulator that is killed and started again at random.

    `words` are what `simulate` is told; the luck is that of its faults too, other each time.
    """

    def __init__(
        self, folder: Path, environment: Mapping[str, str], dialect: str, words: Sequence[str]
    ) -> None:
        self.folder = folder
        self.dialect = dialect_named(dialect)
        self.log = folder / "server.log"
        self.restarts = 0
        self.forgotten: dict[str, float] = {}
        self._environment = environment
        self._clock = HurriedClock(environment)
        self._standby = Standby(environment)
        self._port = _free_port()
        self._words = ["simulate", "--port", str(self._port), "--json", "--folder", "server"]
        self._words += ["--dialect", dialect, *words]
        self._pid = 0
        self._over = threading.Event()
        self._killer: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}{self.dialect.prefix}"

    @property
    def said(self) -> dict[str, Any]:
        """What it said last: when it listens, where; at its end, the bill."""
        return dict(json.loads(self._lines[-1]))

    @property
    def _lines(self) -> list[str]:
        text = self.log.read_text(encoding="utf-8") if self.log.exists() else ""
        return [line for line in text.splitlines() if line.startswith("{")]

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        """What its journal has of each job."""
        return Journal(self.folder / "server" / "jobs.jsonl").read()

    def start(self, luck: int) -> None:
        """Returns when it listens."""
        words, before = [*self._words, "--seed", str(luck)], len(self._lines)
        self._pid = self._standby.start(words, cwd=self.folder, log=self.log)
        deadline = time.monotonic() + _START_LIMIT_S
        while len(self._lines) == before:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the server does not listen; see {self.log}")
            time.sleep(0.01)

    def kill(self) -> None:
        """Ends it in the middle of whatever it does."""
        self._standby.end(self._pid, 0.0)
        self.restarts += 1
        if self.dialect.forgets:
            now = self._clock.now().timestamp()
            for job in self.jobs:
                self.forgotten.setdefault(job, now)

    def kill_at_random(self, luck: random.Random, pause_s: tuple[float, float]) -> None:
        """Kills it again and again from now on, until it is stopped."""

        def killing() -> None:
            while not self._over.wait(luck.uniform(*pause_s)):
                self.kill()
                self._over.wait(luck.uniform(0.0, 1.0))
                self.start(luck.randrange(10**9))

        self._killer = threading.Thread(target=killing)
        self._killer.start()

    def stop(self) -> dict[str, Any]:
        """Its bill."""
        self._over.set()
        if self._killer is not None:
            self._killer.join()
        self._standby.end(self._pid, 0.0, signal.SIGINT)
        self._standby.close()
        return self.said


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
