"""Kills real runs at random instants under random faults, resumes them, and audits the money.

python -m benchmarks.crash_drill --kills 200 --seed 1 --dialect vllm-omni

A server in a process of its own (`sora-batch simulate`) and one `sora-batch run` after the other,
each ended by SIGKILL, campaign after campaign; each campaign is then run to its end. The server's
bill is what really happened: it is held against the stores. Both sides' clocks run faster.

duplicates   jobs that were accepted and that no attempt knows, beyond what is on hold for them
lost         shots without a clip that neither failed nor are on hold; clips paid for and not kept
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.drill_audit import Tally, audit
from sora_batch.planning.capabilities import Listing
from sora_batch.providers import capabilities, kinds

PROGRAM = [sys.executable, "-m", "benchmarks.hurried"]
ROOT = Path(__file__).parent.parent
PRICE = Decimal("0.25")
HURRY = 45
SHOTS = 36
MOST_KILLS_A_CAMPAIGN = 30
RUN_LIMIT_S = 300

FAULTS = """\
seed: {seed}
faults:
- {{at: create, do: reset, chance: 0.03}}
- {{at: create, do: error, status: 502, body: html, chance: 0.03}}
- {{at: create, do: hang, seconds: 45, chance: 0.02}}
- {{at: create, do: html, chance: 0.01}}
- {{at: create, do: throttle, form: date, seconds: 4, chance: 0.04}}
- {{do: refuse, chance: 0.01}}
- {{at: create, do: reset, when: after, chance: 0.05}}
- {{at: create, do: error, when: after, status: 500, chance: 0.04}}
- {{at: create, do: hang, when: after, seconds: 45, chance: 0.02}}
- {{at: create, do: garbage, chance: 0.02}}
- {{do: no-id, chance: 0.02}}
- {{do: fail, chance: 0.05}}
- {{do: moderate, stage: output, chance: 0.02}}
- {{do: moderate, chance: 0.02}}
- {{at: poll, do: missing, first: 1, chance: 0.2}}
- {{at: poll, do: error, status: 503, chance: 0.03}}
- {{at: poll, do: reset, chance: 0.02}}
- {{at: poll, do: html, chance: 0.02}}
- {{do: status, word: pondering, chance: 0.03}}
- {{at: list, do: error, status: 500, chance: 0.1}}
- {{at: list, do: garbage, chance: 0.05}}
- {{at: content, do: error, status: 502, chance: 0.05}}
- {{do: truncate, chance: 0.08}}
- {{do: stall, seconds: 30, chance: 0.03}}
- {{do: wrong, chance: 0.03}}
"""
MANIFEST = """\
version: 1
name: {name}
provider: box
budget: 100000
defaults: {{model: "{model}", size: {size}, seconds: {seconds}}}
limits: {{concurrency: {concurrency}, render_timeout: {timeout}}}
providers:
  box: {{kind: {kind}, base_url: "{url}", price_per_second: {price}}}
shots:
"""


@dataclass(slots=True)
class Drill:
    """One drill under way."""

    dialect: str
    folder: Path
    luck: random.Random
    environment: Mapping[str, str]
    served: Mapping[str, Any]
    kills: int = 0
    unfinished: list[str] = field(default_factory=list)
    campaigns: list[Path] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """How the client calls a server that speaks so."""
        return self.dialect if self.dialect in kinds() else "litellm"

    @property
    def proves(self) -> bool:
        """Whether the server's list shows what became of a lost order."""
        return capabilities(self.kind).listing is Listing.PROMPTS

    def manifest(self) -> Path:
        """A new campaign."""
        name = f"c{len(self.campaigns)}"
        sold = self.dialect in {"openai", "azure"}
        serves = str(self.served["manifest"]).split("{model: ")[1].split(",")[0]
        lines = [
            MANIFEST.format(
                name=name,
                kind=self.kind,
                url=self.served["base_url"],
                price=PRICE,
                # The catalog holds sora-2 to its own sizes, wherever it is rendered.
                model="sketch" if serves == "sora-2" and not sold else serves,
                size="1280x720" if sold else "64x64",
                seconds=4 if sold else 1,
                concurrency=1 if self.dialect == "unsloth" else 6 if self.proves else 24,
                # What is on hold keeps its place for so long; the longest render takes 4 minutes.
                timeout="24h" if self.proves else "15m",
            )
        ]
        for number in range(SHOTS):
            lines.append(f'  s{number}: {{prompt: "{name} shot {number}."}}\n')
        lines.append(f'  takes: {{prompt: "{name} takes", takes: 3}}\n')
        if capabilities(self.kind).remix:
            lines += [f'  r{n}: {{remix_of: s{n}, prompt: "{name} remix {n}"}}\n' for n in range(3)]
        path = self.folder / f"{name}.yaml"
        path.write_text("".join(lines), encoding="utf-8")
        self.campaigns.append(path)
        return path

    def run(self, manifest: Path, *, kill_after_s: float | None) -> int | None:
        """The exit code, None where it was killed."""
        words = [*PROGRAM, "run", manifest.name, "--yes", "--json"]
        log = manifest.with_suffix(".log").open("ab")
        with (
            log,
            subprocess.Popen(
                words, cwd=self.folder, env=dict(self.environment), stdout=log, stderr=log
            ) as process,
        ):
            try:
                return process.wait(RUN_LIMIT_S if kill_after_s is None else kill_after_s)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                return None

    def campaign(self, most_kills: int) -> None:
        """Orders a campaign, kills it again and again, and at last lets it end."""
        manifest = self.manifest()
        for _ in range(min(most_kills, self.luck.randint(10, MOST_KILLS_A_CAMPAIGN))):
            code = self.run(manifest, kill_after_s=self.luck.uniform(0.8, 3.5))
            if code is not None:
                break
            self.kills += 1
        for _ in range(6):
            code = self.run(manifest, kill_after_s=None)
            if code == 0 or (code == 1 and not audit_of(self, manifest).waiting):
                return
            if code not in {0, 1, None}:
                raise RuntimeError(f"exit code {code}; see {manifest.with_suffix('.log')}")
        self.unfinished.append(f"{manifest.stem}: exit code {code}")


def audit_of(drill: Drill, manifest: Path, bill: Mapping[str, Any] | None = None) -> Tally:
    """What a campaign came to; without a bill, by its store alone."""
    store = drill.folder / "outputs" / manifest.stem
    return audit(store, manifest.stem, drill.dialect, bill)


@contextlib.contextmanager
def simulating(
    folder: Path, dialect: str, seed: int, environment: Mapping[str, str]
) -> Iterator[tuple[Mapping[str, Any], dict[str, Any]]]:
    """What the server says when it listens; its bill once it was stopped."""
    (folder / "faults.yaml").write_text(FAULTS.format(seed=seed), encoding="utf-8")
    words = ["simulate", "--port", "0", "--json", "--dialect", dialect, "--price", str(PRICE)]
    words += ["--latency", "lognormal:12,0.7", "--slots", "64", "--faults", "faults.yaml"]
    process = subprocess.Popen(
        [*PROGRAM, *words], cwd=folder, env=dict(environment), stdout=subprocess.PIPE, text=True
    )
    bill: dict[str, Any] = {}
    assert process.stdout is not None
    with process:
        try:
            yield json.loads(process.stdout.readline()), bill
            process.send_signal(signal.SIGINT)
            bill.update(json.loads(process.stdout.readline()))
        finally:
            process.kill()


def drill(dialect: str, kills: int, seed: int, folder: Path) -> tuple[Drill, Tally]:
    """Kills so often, then audits."""
    environment = {
        **os.environ,
        "HURRY": str(HURRY),
        "HURRY_SINCE": str(time.time()),
        "PYTHONPATH": str(ROOT),
    }
    with simulating(folder, dialect, seed, environment) as (served, bill):
        luck = random.Random(seed)
        going = Drill(dialect, folder, luck, environment, served)
        while going.kills < kills:
            going.campaign(kills - going.kills)
            print(f"  {going.kills} kills, {len(going.campaigns)} campaigns", file=sys.stderr)
    total = Tally()
    for manifest in going.campaigns:
        total.add(audit_of(going, manifest, bill))
    total.faults = bill["faults"]
    return going, total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dialect", default="local")
    parser.add_argument("--folder", type=Path, help="keep everything there")
    given = parser.parse_args()
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        going, total = drill(given.dialect, given.kills, given.seed, folder)
    took_s = time.monotonic() - began
    struck = sum(total.faults.values())
    print(
        f"{given.dialect}, seed {given.seed}: {going.kills} kills, {struck} faults, {took_s:.0f} s"
    )
    print(total.text())
    bad = total.duplicates or total.lost or total.unpaid or going.unfinished
    if bad or (going.proves and total.held):
        print("\n".join(["NOT AS PROMISED", *going.unfinished, *total.words]))
        sys.exit(1)


if __name__ == "__main__":
    main()
