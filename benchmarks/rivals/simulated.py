"""The server all of them render on: `sora-batch simulate` in its own process, with its bill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.measure import PROGRAM
from benchmarks.rivals.contestants import PRICE_PER_SECOND, ROOT, SECONDS, SIZE
from sora_batch.shots import Size
from sora_batch.simulator.orders import frame_count
from sora_batch.simulator.renderers import plain_clip

FRAMES = frame_count(Decimal(SECONDS))


@contextmanager
def simulating(
    folder: Path, *, slots: int, faults: str = "", seed: int = 1
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Its address, and a dict that has its bill once it has ended. Renders take a second."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["simulate", "--port", "0", "--json", "--dialect", "openai", "--folder", str(folder)]
    words += ["--speed", "timed", "--latency", "1", "--slots", str(slots)]
    words += ["--price", PRICE_PER_SECOND, "--seed", str(seed)]
    if faults:
        script = folder / "faults.yaml"
        script.write_text(f"seed: {seed}\nfaults:\n{faults}", encoding="utf-8")
        words += ["--faults", str(script)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # An unbuffered Python loses what a pipe does not take at once, and a bill is long.
    environment.pop("PYTHONUNBUFFERED", None)
    process = subprocess.Popen(
        [*PROGRAM, *words], stdout=subprocess.PIPE, text=True, env=environment
    )
    bill: dict[str, Any] = {}
    assert process.stdout is not None
    with process:
        try:
            yield json.loads(process.stdout.readline())["base_url"], bill
            process.send_signal(signal.SIGINT)
            bill.update(json.loads(process.stdout.readline()))
        finally:
            process.kill()


def accepted_in(folder: Path) -> int:
    """How many jobs it has accepted so far, by its journal; nobody's request is counted for it."""
    journal = folder / "jobs.jsonl"
    return journal.read_bytes().count(b'"prompt"') if journal.exists() else 0


def served_clip(folder: Path) -> Path:
    """The clip that every job of this server gets."""
    return folder / f"plain-{SIZE}-{FRAMES}.mp4"


def lay_out_big_clip(folder: Path, size_bytes: int) -> None:
    """Before it starts: every job gets a clip of that many bytes.

    A real clip, grown by a `free` box of noise, which players and checks skip.
    """
    folder.mkdir(parents=True, exist_ok=True)
    width, height = map(int, SIZE.split("x"))
    clip = plain_clip(Size(width, height), FRAMES)
    more = size_bytes - len(clip)
    box = more.to_bytes(4, "big") + b"free" + os.urandom(more - 8)
    served_clip(folder).write_bytes(clip + box)


def requests_per_job(bill: Mapping[str, Any], jobs: int) -> float:
    """How often it was asked how jobs are, one by one or by its list, for each job wanted."""
    asked = bill["requests"]
    return float((asked.get("poll", 0) + asked.get("list", 0)) / jobs)
