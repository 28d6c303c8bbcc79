"""Real processes are killed at every arrow; whatever happens, the server's bill is the ledger.

The server is the simulator behind uvicorn, in a process of its own, which survives all of it.
"""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sora_batch.simulator import BillLine, SimulatorSettings, create_app
from tests.crashing import PRICE, Crasher

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and fork are POSIX")

MANIFEST = """\
version: 1
name: m
provider: box
budget: 100
defaults: {{model: sketch, size: 64x64, seconds: 1}}
limits: {{concurrency: {concurrency}, render_timeout: 24h}}
providers: {{box: {{kind: local, base_url: "{url}", price_per_second: 0.40}}}}
shots:
{shots}
"""
ONE = "  a: {case} a"
CHAIN = """\
  a: {case} a
  b: {{remix_of: a, prompt: "{case} b"}}
  t: {{prompt: "{case} t", takes: 2}}
"""
AN_HOUR_S = 3600.0


class Server:
    """A running server, and what it says it was asked for."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url

    def bill(self, case: str) -> list[BillLine]:
        """The jobs it accepted with the case's prompts."""

        async def look() -> list[BillLine]:
            settings = SimulatorSettings(speed="instant", price_per_second_usd=PRICE)
            simulator = create_app(self.folder, settings=settings).state.simulator
            await simulator.start()
            try:
                lines = simulator.bill().lines
            finally:
                await simulator.close()
            return [line for line in lines if line.prompt.startswith(f"{case} ")]

        return asyncio.run(look())


@contextmanager
def served(folder: Path, render_s: float) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", "tests.crashing", "serve", str(folder), str(port), str(render_s)]
    process = subprocess.Popen([sys.executable, *words])
    try:
        for _ in range(400):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None
            time.sleep(0.05)
        yield Server(folder, f"http://127.0.0.1:{port}/v1")
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def instant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("instant"), 0.0) as server:
        yield server


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("timed"), 0.2) as server:
        yield server


@pytest.fixture(scope="module")
def crasher() -> Iterator[Crasher]:
    process = Crasher()
    yield process
    process.close()


def write(folder: Path, server: Server, case: str, shots: str, concurrency: int = 4) -> Path:
    folder.mkdir(exist_ok=True)
    text = MANIFEST.format(url=server.url, shots=shots.format(case=case), concurrency=concurrency)
    (folder / "m.yaml").write_text(text, encoding="utf-8")
    return folder


def audit(ended: dict[str, Any], server: Server, case: str, shots: int) -> None:
    """One accepted job a shot, every clip intact, bill = ledger to the cent."""
    lines = server.bill(case)
    assert ended["exit_code"] == 0, ended
    assert (len(lines), ended["clips"]) == (shots, shots), ended
    assert len({line.key for line in lines}) == shots
    assert Decimal(ended["spent"]) == sum(line.price_usd for line in lines) == shots * PRICE
    assert Decimal(ended["open"]) == 0


@pytest.mark.parametrize("kind", ["instant", "timed"])
def test_a_run_killed_at_every_arrow_pays_once(
    kind: str, tmp_path: Path, crasher: Crasher, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(kind)
    whole = crasher.run(write(tmp_path / "whole", server, "whole", ONE))
    audit(whole, server, "whole", 1)
    assert {"before submit", "after submit", "after keep", "after end_run"} <= {*whole["steps"]}
    for kill_at, arrow in enumerate(whole["steps"], start=1):
        case = f"kill{kill_at}"
        folder = write(tmp_path / case, server, case, ONE)
        ended = crasher.run(folder, kill_at=kill_at)
        # How often a run polls depends on the machine: it may be over before so many steps.
        assert ended == {"killed": 9} or len(ended["steps"]) < kill_at, arrow
        audit(crasher.run(folder, ahead_s=AN_HOUR_S), server, case, 1)


@pytest.mark.parametrize("seed", range(4))
def test_a_run_killed_again_and_again_at_random_pays_once(
    seed: int, tmp_path: Path, crasher: Crasher, timed: Server
) -> None:
    chance, case = random.Random(seed), f"seed{seed}"
    folder = write(tmp_path, timed, case, CHAIN, concurrency=chance.choice([1, 4]))
    ended = {"killed": 9}
    for crash in range(8):
        ended = crasher.run(folder, kill_at=chance.randint(1, 40), ahead_s=crash * AN_HOUR_S)
        if "killed" not in ended:
            break
    audit(crasher.run(folder, ahead_s=10 * AN_HOUR_S), timed, case, 4)
