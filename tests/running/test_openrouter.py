"""A whole run against a server that speaks like OpenRouter: what the ledger says afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from sora_batch.manifest.settings import ProviderSettings
from sora_batch.providers.dialects import DIALECTS
from sora_batch.providers.in_process import InProcessTransport
from sora_batch.providers.openrouter import OpenRouter
from sora_batch.records import ZERO, AttemptState, FailureKind, Money
from sora_batch.running import RunReport
from sora_batch.shots import Shot
from tests.providers.fake_openrouter import KEY, FakeOpenRouter
from tests.running.parts import Bench, shot

ADDRESS = "http://router.test/api/v1"


class RouterBench(Bench):
    """A run against the fake; `lose` has the answer to one order lost on its way."""

    def __init__(self, folder: Path, shots: list[Shot], fake: FakeOpenRouter) -> None:
        super().__init__(folder, shots)
        self.fake = fake
        fake.models.append({"id": "m"})
        fake.clip = (folder / "clip.mp4").read_bytes()
        self.lose = False
        client = httpx.AsyncClient(transport=InProcessTransport(fake.app))
        client.event_hooks["response"].append(self._lose)
        self.provider = OpenRouter(  # type: ignore[assignment]
            DIALECTS["openrouter"],
            client,
            self.clock,
            base_url=ADDRESS,
            key=KEY,
            find_model=lambda _: None,
        )
        settings = ProviderSettings(
            name="router", kind="openrouter", base_url=ADDRESS, price_per_second=Decimal("0.70")
        )
        self.manifest = replace(self.manifest, provider=settings)

    async def _lose(self, response: httpx.Response) -> None:
        if self.lose and response.request.method == "POST":
            raise httpx.ReadTimeout("lost", request=response.request)


def run(bench: RouterBench) -> RunReport:
    return asyncio.run(bench.run())


@pytest.mark.parametrize("shots", [1, 3])
def test_what_is_spent_is_the_servers_figure_and_not_the_estimate(
    shots: int, tmp_path: Path
) -> None:
    bench = RouterBench(tmp_path, [shot(f"s{n}") for n in range(shots)], FakeOpenRouter())
    assert run(bench).exit_code == 0
    attempts, ledger = asyncio.run(bench.recorded())
    assert {attempt.state for attempt in attempts} == {AttemptState.DONE}
    assert (ledger.spent, ledger.reserved) == (Decimal("0.4") * shots, ZERO)
    assert len(bench.fake.orders) == shots
    assert bench.outputs.clip_path(bench.manifest.shots[0].id).read_bytes() == bench.fake.clip


def test_an_order_whose_answer_was_lost_is_on_hold_and_never_ordered_again(tmp_path: Path) -> None:
    bench = RouterBench(tmp_path, [shot("hero")], FakeOpenRouter())
    bench.lose = True
    assert run(bench).exit_code == 1
    bench.lose = False
    assert run(bench).exit_code == 1
    attempts, ledger = asyncio.run(bench.recorded())
    assert [(a.state, a.money) for a in attempts] == [(AttemptState.HELD, Money.HELD)]
    assert (ledger.held, ledger.spent) == (Decimal("0.70"), ZERO)
    assert len(bench.fake.orders) == 1


def test_without_credit_the_run_stops_and_nothing_stays_reserved(tmp_path: Path) -> None:
    shots = [shot(f"s{n}") for n in range(6)]
    bench = RouterBench(tmp_path, shots, FakeOpenRouter(credit=0))
    report = run(bench)
    assert report.exit_code == 1
    assert (report.failures, report.finished.blocked) == ({}, 6)
    assert report.finished.stopped_by is not None
    assert report.finished.stopped_by.kind is FailureKind.OUT_OF_CREDIT
    _, ledger = asyncio.run(bench.recorded())
    assert ledger.committed == 0


def test_a_job_that_failed_says_why_and_its_price_is_uncertain(tmp_path: Path) -> None:
    fake = FakeOpenRouter(ends="failed", error="Blocked by moderation: violence")
    bench = RouterBench(tmp_path, [shot("hero")], fake)
    report = run(bench)
    (failure,) = report.failures.values()
    assert failure.kind is FailureKind.REFUSED
    assert failure.server_words == "Blocked by moderation: violence"
    _, ledger = asyncio.run(bench.recorded())
    assert (ledger.uncertain, len(fake.orders)) == (Decimal("0.70"), 1)
