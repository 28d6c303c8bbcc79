"""Kills real runs and their server at random instants under random faults, and audits the money.

python -m benchmarks.crash_drill --kills 200 --seed 1 --dialect vllm-omni

Campaigns, a few at a time: one `sora-batch run` after the other, each ended by SIGKILL, then as
many as it takes to bring the campaign to its end, and a person who asks (`resolve`) and sometimes
pays again. The server is a process of its own (`sora-batch simulate`) that is killed and started
again all the while: what its family keeps in memory only is then forgotten. Its bill is what
really happened; `drill_audit.py` holds it against the stores. All clocks run faster.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.drill_audit import Tally, audit
from benchmarks.drill_processes import Server, Standby
from benchmarks.drill_truth import Campaign, Truth
from sora_batch.planning.capabilities import Listing
from sora_batch.providers import capabilities, kinds
from sora_batch.simulator.dialects import DIALECTS

ROOT = Path(__file__).parent.parent
PRICE = Decimal("0.25")
HURRY = 45
SHOTS = 36
CAMPAIGN_KILLS = (8, 24)
CAMPAIGN_KILLS_ALONE = (40, 60)
KILL_AFTER_S = (0.05, 1.6)
SERVER_PAUSE_S = (2.0, 12.0)
RUN_LIMIT_S = 300
MOST_RUNS = 15

MANIFEST = """\
version: 1
name: {name}
provider: box
budget: {budget}
defaults: {{model: "{model}", size: {size}, seconds: {seconds}}}
limits: {{concurrency: {concurrency}, render_timeout: {timeout_s}s}}
providers:
  box: {{kind: {kind}, base_url: "{url}", price_per_second: {price}}}
shots:
"""
TIMEOUT_S = 900
WAITING = {"submitting", "rendering", "rendered", "to_make"}
MOVED = {"found", "rendered", "not_accepted", "failed"}


@dataclass(slots=True)
class Drill:
    """One drill under way."""

    dialect: str
    folder: Path
    seed: int
    server: Server
    wanted: int
    kills: int = 0
    runs: int = 0
    campaigns: list[Campaign] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def kind(self) -> str:
        """How the client calls a server that speaks so."""
        return self.dialect if self.dialect in kinds() else "litellm"

    @property
    def proves(self) -> bool:
        """Whether the server's list shows what became of a lost order."""
        return capabilities(self.kind).listing is Listing.PROMPTS

    def work(self, standby: Standby) -> None:
        """One campaign after the other, until there were kills enough."""
        try:
            while True:
                with self.lock:
                    if self.kills >= self.wanted:
                        return
                    number = len(self.campaigns)
                    luck = random.Random(f"{self.seed}/{number}")
                    campaign = self._new(number)
                    self.campaigns.append(campaign)
                self._order(campaign, standby, luck)
                print(f"  {self.kills} kills, {campaign.name} ended", file=sys.stderr)
        finally:
            standby.close()

    def _new(self, number: int) -> Campaign:
        name = f"c{number}"
        sold = self.dialect in {"openai", "azure", "openrouter"}
        remixes = 3 if capabilities(self.kind).remix else 0
        seconds = 4 if sold else 1
        lines = [f'  s{n}: {{prompt: "{name} shot {n}."}}\n' for n in range(SHOTS)]
        lines.append(f'  takes: {{prompt: "{name} takes", takes: 3}}\n')
        lines += [
            f'  r{n}: {{remix_of: s{n}, prompt: "{name} remix {n}"}}\n' for n in range(remixes)
        ]
        shots = SHOTS + 3 + remixes
        # Every fourth may pay for its shots and for hardly anything that goes wrong.
        budget = PRICE * seconds * (shots + 1 if number % 4 == 3 else 100 * shots)
        campaign = Campaign(
            name=name,
            folder=self.folder / "outputs" / name,
            shots=shots,
            # What is on hold keeps its place for so long; more places let the others go on.
            concurrency=1 if self.dialect == "unsloth" else 6 if self.proves else 24,
            budget=budget,
            timeout_s=TIMEOUT_S,
            is_tight=number % 4 == 3,
        )
        head = MANIFEST.format(
            name=name,
            kind=self.kind,
            url=self.server.base_url,
            price=PRICE,
            model=self._model(),
            size="1280x720" if sold else "64x64",
            seconds=seconds,
            budget=budget,
            concurrency=campaign.concurrency,
            timeout_s=TIMEOUT_S,
        )
        path = self.folder / f"{name}.yaml"
        path.write_text(head + "".join(lines), encoding="utf-8")
        return campaign

    def _model(self) -> str:
        if self.dialect == "openrouter":
            return "x-ai/grok-imagine-video"
        serves = str(self.server.said["manifest"]).split("{model: ")[1].split(",")[0]
        # The catalog holds sora-2 to its own sizes, wherever it is rendered.
        is_sold = self.dialect in {"openai", "azure"}
        return "sketch" if serves == "sora-2" and not is_sold else serves

    def _order(self, campaign: Campaign, standby: Standby, luck: random.Random) -> None:
        """Orders a campaign, kills it again and again, lets it end, asks what is on hold."""
        most = CAMPAIGN_KILLS_ALONE if campaign.concurrency == 1 else CAMPAIGN_KILLS
        for _ in range(luck.randint(*most)):
            code = self._call(standby, campaign, "run", kill_after_s=luck.uniform(*KILL_AFTER_S))
            if code is not None:
                break
            with self.lock:
                self.kills += 1
                if self.kills >= self.wanted:
                    break
        self._end(campaign, standby)
        held = [one["shot"] for one in campaign.standing if one["state"] == "on_hold"]
        given_up = [shot for shot in held if luck.random() < 0.3]
        if given_up and not campaign.is_tight:
            words = [word for shot in given_up for word in ("--pay-again", shot)]
            self._call(standby, campaign, "resolve", *words)
        make_old(campaign.folder)
        self._end(campaign, standby)

    def _end(self, campaign: Campaign, standby: Standby) -> None:
        """Runs and resolves until nothing moves any more."""
        code: int | None = None
        for _ in range(MOST_RUNS):
            code = self._call(standby, campaign, "run")
            if code not in ({0, 1, 2, None} if campaign.is_tight else {0, 1, None}):
                raise RuntimeError(f"exit code {code}; see the logs of {campaign.name}")
            for state in ("resume", "done") if code == 2 else ():  # the budget lets make no more
                self._call(standby, campaign, "run", "--select", f"state:{state}")
            self._call(standby, campaign, "resolve")
            moved = {one["became"] for one in self._said(campaign, "resolve")["resolved"]} & MOVED
            self._call(standby, campaign, "status")
            campaign.standing = self._said(campaign, "status")["shots"]
            self._tell_blocked(campaign, is_over_budget=code == 2)
            if not moved and not {one["state"] for one in campaign.standing} & WAITING:
                return
        campaign.words.append(f"not at its end: exit code {code}; see its logs")

    def _tell_blocked(self, campaign: Campaign, *, is_over_budget: bool) -> None:
        """What is still to make and will not be, by the words of the last run."""
        log = (self.folder / f"{campaign.name}.run.log").read_text(encoding="utf-8")
        events = map(json.loads, log.rpartition('{"event": "run_started"')[2].splitlines()[1:])
        blocked = {e["shot_id"]: e["reason"] for e in events if e.get("event") == "shot_blocked"}
        for one in campaign.standing:
            reason = "the budget" if is_over_budget else blocked.get(one["shot"], "")
            if one["state"] == "to_make" and "budget" in reason:
                one["state"] = "unaffordable"
            elif one["state"] == "to_make" and reason.startswith("needs "):
                one["state"] = "blocked"

    def _call(
        self,
        standby: Standby,
        campaign: Campaign,
        command: str,
        *more: str,
        kill_after_s: float | None = None,
    ) -> int | None:
        """The exit code, None where it was killed."""
        words = [command, f"{campaign.name}.yaml", "--json", *more]
        words += ["--yes"] if command == "run" else []
        log = self.folder / f"{campaign.name}.{command}.log"
        process = standby.start(words, cwd=self.folder, log=log)
        self.runs += command == "run"
        code = standby.end(process, RUN_LIMIT_S if kill_after_s is None else kill_after_s)
        if code == 3:
            raise RuntimeError(f"{command} ended with 3; see {log}")
        return code

    def _said(self, campaign: Campaign, command: str) -> dict[str, Any]:
        log = (self.folder / f"{campaign.name}.{command}.log").read_text(encoding="utf-8")
        return dict(json.loads(log.splitlines()[-1]))


def make_old(folder: Path) -> None:
    """Makes half-written files older than anybody would take to write them."""
    for path in folder.rglob(".*.tmp"):
        os.utime(path, (0, 0))


def drill(dialect: str, kills: int, seed: int, folder: Path, at_once: int) -> tuple[Drill, Tally]:
    """Kills so often, then audits."""
    faults = folder / "mischief.jsonl"
    environment = {
        **{name: value for name, value in os.environ.items() if "API_KEY" not in name},
        "HURRY": str(HURRY),
        "HURRY_SINCE": str(time.time()),
        "HURRY_FAULTS": str(faults),
        "HURRY_PRICE": str(PRICE),
        "OPENROUTER_API_KEY": "drill",
        "OPENAI_API_KEY": "drill",
        "PYTHONPATH": str(ROOT),
    }
    served = environment
    family = dialect
    if dialect not in DIALECTS:
        served, family = {**environment, "HURRY_FRONT": dialect}, "local"
    is_alone = DIALECTS[family].orders.one_at_a_time
    rules = (ROOT / "benchmarks" / "drill_faults.yaml").read_text(encoding="utf-8")
    rules = rules if not is_alone else rules[: rules.index("# Left out")]
    (folder / "faults.yaml").write_text(rules, encoding="utf-8")
    words = ["--price", str(PRICE), "--latency", "lognormal:12,0.7", "--slots", "256"]
    server = Server(folder, served, family, [*words, "--faults", "faults.yaml"])
    server.start(seed)
    going = Drill(dialect, folder, seed, server, kills)
    server.kill_at_random(random.Random(f"{seed}/server"), SERVER_PAUSE_S)
    try:
        with ThreadPoolExecutor(at_once) as pool:
            doing = [pool.submit(going.work, Standby(environment)) for _ in range(at_once)]
        for one in doing:
            one.result()
    finally:
        bill = server.stop()
    truth = Truth.of(bill, server, faults, self_hosted=capabilities(going.kind).self_hosted)
    total = Tally(faults=Counter(truth.faults))
    for campaign in going.campaigns:
        total.add(audit(campaign, truth))
    return going, total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dialect", default="local", help="a simulator's dialect, or openrouter")
    parser.add_argument("--at-once", type=int, default=3, help="campaigns side by side")
    parser.add_argument("--folder", type=Path, help="keep everything there")
    given = parser.parse_args()
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        alone = given.dialect == "unsloth"
        going, total = drill(
            given.dialect, given.kills, given.seed, folder.resolve(), 1 if alone else given.at_once
        )
    print(
        f"{given.dialect}, seed {given.seed}: {going.kills} kills of {going.runs} runs, "
        f"{going.server.restarts} of the server, {sum(total.faults.values())} faults, "
        f"{len(going.campaigns)} campaigns, {time.monotonic() - began:.0f} s"
    )
    print(total.text())
    if total.words or (going.proves and total.doubtful_holds):
        print("\n".join(["NOT AS PROMISED", *total.words]))
        sys.exit(1)


if __name__ == "__main__":
    main()
