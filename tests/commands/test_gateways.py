"""Runs through gateways and relays: what the ledger says is what was ordered behind them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from sora_batch.simulator import Fault, FaultScript, Simulator
from tests.commands.conftest import Call
from tests.listening import dialect_listening

MANIFEST = """\
version: 1
name: night
provider: box
budget: 10
limits: {{attempts: 2}}
defaults: {{model: sketch, size: 320x180, seconds: 1}}
providers:
  box: {{kind: {kind}, base_url: "{url}", price_per_second: 0.40}}
shots:
  hero: A harbour at dawn.
  storm: Dark clouds come up.
"""


def write(folder: Path, kind: str, url: str) -> None:
    (folder / "night.yaml").write_text(MANIFEST.format(kind=kind, url=url), encoding="utf-8")


def ledger(call: Call) -> dict[str, str]:
    told = json.loads(call("status", "night.yaml", "--json").stdout)["ledger"]
    return {name: amount for name, amount in told.items() if Decimal(str(amount or 0))}


def owed(simulator: Simulator) -> Decimal:
    return Decimal("0.40") * simulator.bill().accepted


def test_a_job_that_fails_behind_litellm_is_tried_again_and_counted(
    call: Call, folder: Path
) -> None:
    faults = FaultScript((Fault(do="fail", prompt="harbour", times=1),))
    with dialect_listening(folder / "server", dialect="litellm", faults=faults) as (url, server):
        write(folder, "litellm", url)
        assert call("run", "night.yaml", "--yes").returncode == 0
        assert ledger(call).items() >= {"spent": "0.80", "uncertain": "0.40"}.items()
        assert owed(server) == Decimal("1.20")


def test_an_order_that_litellm_lost_is_on_hold_and_was_made_once(call: Call, folder: Path) -> None:
    lost = Fault(do="error", at="create", when="after", status=500, prompt="harbour")
    faults = FaultScript((lost,))
    with dialect_listening(folder / "server", dialect="litellm", faults=faults) as (url, server):
        write(folder, "litellm", url)
        assert call("run", "night.yaml", "--yes").returncode == 1
        assert ledger(call).items() >= {"spent": "0.40", "held": "0.40"}.items()
        assert owed(server) == Decimal("0.80")
        assert call("run", "night.yaml", "--yes").returncode == 1
        assert owed(server) == Decimal("0.80")


def test_a_task_found_on_the_relays_page_is_adopted(call: Call, folder: Path) -> None:
    faults = FaultScript((Fault(do="no-id", prompt="harbour"),))
    with dialect_listening(folder / "server", dialect="new-api", faults=faults) as (url, server):
        write(folder, "new-api", url)
        assert call("run", "night.yaml", "--yes").returncode == 1
        assert ledger(call).items() >= {"spent": "0.40", "held": "0.40"}.items()
        (job,) = [line.job_id for line in server.bill().lines if "harbour" in line.prompt]
        assert call("jobs", "adopt", "night.yaml", job, "--as", "hero").returncode == 0
        assert call("run", "night.yaml", "--yes").returncode == 0
        assert ledger(call) == {"spent": "0.80"}
        assert owed(server) == Decimal("0.80")


def test_an_address_that_leads_nowhere_stops_the_run_for_nothing(call: Call, folder: Path) -> None:
    with dialect_listening(folder / "server", dialect="new-api") as (url, server):
        write(folder, "new-api", url + "/nowhere")
        done = call("run", "night.yaml", "--yes", "--json")
        told = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode == 1
        assert "no such model or path (404)" in json.dumps(told)
        assert set(ledger(call)) <= {"released"}
        assert server.bill().accepted == 0
