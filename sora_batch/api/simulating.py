"""`simulate`: the simulator as a server of its own, in a dialect, failing as a script says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import cast, get_args

from sora_batch.errors import UsageError
from sora_batch.simulator import Bill, FaultScript, Latency, SimulatorSettings, Speed
from sora_batch.simulator.fault_files import read_script
from sora_batch.simulator.serving import serve

_MANIFEST = """\
version: 1
provider: simulated
providers:
  simulated: {{kind: {kind}, base_url: "{base_url}", price_per_second: {price}}}
defaults: {{model: {model}, size: {size}, seconds: 4}}
shots:
  hero: A lighthouse at dawn, slow push-in.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """A simulator that listens: where, as what, and a manifest that renders there."""

    base_url: str
    dialect: str
    folder: Path
    manifest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorBill:
    """What a simulator was asked for and did: its whole folder's jobs, and how often each
    operation was asked for and each fault struck while it listened."""

    bill: Bill
    requests: Mapping[str, int]
    faults: Mapping[str, int]


def simulate(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8091,
    dialect: str = "local",
    speed: str = "render",
    latency: str | None = None,
    slots: int = 0,
    requests_per_minute: int | None = None,
    faults: Path | None = None,
    seed: int | None = None,
    price_per_second_usd: Decimal = Decimal(0),
    ready: Callable[[Simulation], None],
) -> SimulatorBill:
    """Serves until it is interrupted; `ready` is told where. The bill.

    A latency alone asks for `timed`. A seed here goes before the script's. Raises UsageError,
    ProblemsFound for a fault script with problems, OutputUnusable.
    """
    script = _script(faults, seed)
    settings = SimulatorSettings(
        dialect=dialect,
        speed=_speed("timed" if latency is not None else speed),
        latency=_latency(latency or "1"),
        slots=slots,
        requests_per_minute=requests_per_minute,
        faults=script,
        seed=script.seed,
        price_per_second_usd=price_per_second_usd,
    )

    def listening(at: int) -> None:
        base_url = f"http://{f'[{host}]' if ':' in host else host}:{at}{settings.speaks.prefix}"
        manifest = _manifest(base_url, settings)
        ready(Simulation(base_url=base_url, dialect=dialect, folder=folder, manifest=manifest))

    simulator = serve(folder, settings, host=host, port=port, ready=listening)
    requests, struck = simulator.mischief.requests, simulator.mischief.done
    return SimulatorBill(bill=simulator.bill(), requests=dict(requests), faults=dict(struck))


def _script(path: Path | None, seed: int | None) -> FaultScript:
    script = read_script(path) if path is not None else FaultScript()
    return script if seed is None else FaultScript(script.faults, seed)


def _speed(word: str) -> Speed:
    for speed in get_args(Speed):
        if speed == word:
            return cast(Speed, speed)
    raise UsageError(f"there is no speed `{word}`", fix=f"use {', '.join(get_args(Speed))}")


def _latency(text: str) -> Latency:
    try:
        return Latency.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _manifest(base_url: str, settings: SimulatorSettings) -> str:
    family = settings.speaks
    served = family.orders.models == "served"
    return _MANIFEST.format(
        kind=family.name,
        base_url=base_url,
        price=settings.price_per_second_usd,
        model=settings.model if served else "sora-2",
        size="1280x720",
    )
