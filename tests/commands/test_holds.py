"""`resolve`, `cancel`, `jobs` and `doctor` as the real program, against real servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import sora_batch
from benchmarks.serving import serving
from sora_batch.clock import SystemClock
from sora_batch.manifest.settings import ProviderSettings
from sora_batch.planning.plan import Step
from sora_batch.providers.opening import open_provider
from sora_batch.providers.provider import RenderRequest
from sora_batch.records import (
    Attempt,
    AttemptId,
    AttemptState,
    Failure,
    FailureKind,
    Money,
    RunId,
)
from sora_batch.shots import JobId, ShotId
from sora_batch.store import open_store
from tests.commands.conftest import Call

MANIFEST = """\
version: 1
name: harbour
provider: box
defaults: {{model: sketch, size: 320x180, seconds: 1}}
providers:
  box: {{kind: {kind}, base_url: {url}, price_per_second: 0.40}}
shots:
  hero: A harbour at dawn.
  storm: Dark clouds come up.
"""
CLOCK = SystemClock()


@pytest.fixture(scope="session")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of the protocol on which a render takes an hour."""
    folder = tmp_path_factory.mktemp("slow")
    with serving(folder, speed="timed", render_s=3600.0) as url:
        yield url


def write(folder: Path, url: str, kind: str = "vllm-omni") -> Path:
    manifest = folder / "harbour.yaml"
    manifest.write_text(MANIFEST.format(url=url, kind=kind), encoding="utf-8")
    return manifest


def ordered(folder: Path, url: str, shot: str = "hero", *, prompt: str = "") -> JobId:
    """A job for the shot that the store has never heard of."""

    async def order() -> JobId:
        settings = ProviderSettings(name="box", kind="vllm-omni", base_url=url or None)
        if not url:
            settings = replace(settings, kind="local")
        provider = await open_provider(
            settings,
            environment={},
            local_folder=folder / "outputs/harbour/.local",
            clock=CLOCK,
        )
        step = step_of(folder, shot)
        try:
            report = await provider.submit(
                RenderRequest(
                    key="k",
                    prompt=prompt or step.shot.prompt,
                    model=step.target.model,
                    size=step.shot.size,
                    seconds=step.shot.seconds,
                )
            )
        finally:
            await provider.close()
        return report.id

    return asyncio.run(order())


def step_of(folder: Path, shot: str) -> Step:
    manifest = sora_batch.load(folder / "harbour.yaml")
    manifest = replace(manifest, output=folder / "outputs/harbour")
    return next(step for step in sora_batch.plan(manifest).steps if step.shot.id == shot)


def remember(folder: Path, shot: str = "hero", **values: Any) -> None:
    """An attempt of an earlier run: an order on its way, unless said otherwise."""
    step = step_of(folder, shot)
    known: dict[str, Any] = {
        "id": AttemptId(f"attempt-{shot}"),
        "run_id": RunId("earlier"),
        "shot_id": ShotId(shot),
        "fingerprint": step.fingerprint,
        "number": 1,
        "state": AttemptState.SUBMITTING,
        "provider": step.target.provider,
        "model": step.target.model,
        "money": Money.RESERVED,
        "price_usd": Decimal("0.40"),
        "inputs": step.inputs,
        "created_at": CLOCK.now() - timedelta(seconds=5),
        **values,
    }

    async def put() -> None:
        store = open_store(folder / "outputs/harbour", clock=CLOCK)
        await store.record(Attempt(**known))
        await store.close()

    asyncio.run(put())


@pytest.mark.usefixtures("folder")
def test_there_is_nothing_to_resolve_or_cancel_before_any_run(call: Call, folder: Path) -> None:
    assert call("resolve", "harbour.yaml").stdout == "nothing is on hold\n"
    assert call("cancel", "harbour.yaml").stdout == "nothing is rendering\n"
    assert not (folder / "outputs").exists()


def test_a_lost_order_is_found_by_resolve_and_fetched_by_run(call: Call, folder: Path) -> None:
    remember(folder)
    job = ordered(folder, "")
    found = call("resolve", "harbour.yaml")
    assert found.returncode == 0
    assert f"hero: found, its job was found: {job}" in found.stdout
    done = call("run", "harbour.yaml", "--select", "hero", "--json")
    assert done.returncode == 0
    events = [json.loads(line) for line in done.stdout.splitlines()]
    submitted = next(event for event in events if event["event"] == "shot_submitted")
    assert (submitted["job_id"], submitted["resumed"]) == (job, True)


def test_an_order_that_never_arrived_is_free_again(call: Call, folder: Path) -> None:
    remember(folder)
    told = json.loads(call("resolve", "harbour.yaml", "--json").stdout)
    (one,) = told["resolved"]
    assert (one["shot"], one["became"], one["money"]) == ("hero", "not_accepted", "released")
    assert told["ledger"]["released"] == "0.40"
    assert call("run", "harbour.yaml").returncode == 0


def test_a_young_order_stays_on_hold_until_it_can_be_told(
    call: Call, folder: Path, slow_server: str
) -> None:
    write(folder, slow_server)
    remember(folder)
    done = call("resolve", "harbour.yaml")
    assert done.returncode == 1
    assert "it may still appear until" in done.stdout
    assert "sora-batch resolve harbour.yaml --pay-again hero" in done.stdout


def test_pay_again_is_a_persons_word(call: Call, folder: Path, slow_server: str) -> None:
    write(folder, slow_server, kind="litellm")
    remember(folder, state=AttemptState.HELD, money=Money.HELD, note="the server answered 502")
    held = call("resolve", "harbour.yaml")
    assert held.returncode == 1
    assert "no list of jobs" in held.stdout.replace("\n", " ").replace("  ", " ")
    assert call("resolve", "harbour.yaml", "--pay-again", "storm").returncode == 2
    assert "did you mean `hero`?" in call("resolve", "harbour.yaml", "--pay-again", "heero").stderr
    told = json.loads(call("resolve", "harbour.yaml", "--pay-again", "hero", "--json").stdout)
    (one,) = told["resolved"]
    assert (one["became"], one["state"], one["money"]) == ("given_up", "failed", "uncertain")
    assert told["ledger"]["uncertain"] == "0.40"
    plan = json.loads(call("plan", "harbour.yaml", "--json").stdout)
    assert {step["shot"]: step["action"] for step in plan["steps"]}["hero"] == "make"


def test_candidates_are_shown_where_the_list_has_no_prompts(
    call: Call, folder: Path, slow_server: str
) -> None:
    write(folder, slow_server, kind="vllm-omni")
    prompt = "A harbour at dawn, for candidates."
    manifest = folder / "harbour.yaml"
    manifest.write_text(manifest.read_text().replace("A harbour at dawn.", prompt))
    remember(folder)
    jobs = {ordered(folder, slow_server), ordered(folder, slow_server)}
    done = call("resolve", "harbour.yaml", "--json")
    (one,) = json.loads(done.stdout)["resolved"]
    assert {candidate["job"] for candidate in one["candidates"]} == jobs
    chosen = sorted(jobs)[0]
    adopted = call("jobs", "adopt", "harbour.yaml", chosen, "--as", "hero")
    assert (adopted.returncode, chosen in adopted.stdout) == (0, True)
    again = call("jobs", "adopt", "harbour.yaml", sorted(jobs)[1], "--as", "hero")
    assert again.returncode == 2
    orphans = json.loads(call("jobs", "list", "harbour.yaml", "--orphans", "--json").stdout)
    assert [one["job"] for one in orphans["jobs"]] == [sorted(jobs)[1]]
    assert orphans["jobs"][0]["shots"] == ["hero"]
    refused = call("jobs", "delete", "harbour.yaml", chosen)
    assert refused.returncode == 2
    assert "`hero` waits for" in refused.stderr
    assert call("jobs", "delete", "harbour.yaml", sorted(jobs)[1]).returncode == 0


def test_cancel_stops_what_can_be_stopped(call: Call, folder: Path, slow_server: str) -> None:
    write(folder, slow_server)
    job = ordered(folder, slow_server)
    moment = CLOCK.now()
    remember(folder, state=AttemptState.SUBMITTED, job_id=job, submitted_at=moment)
    remember(folder, "storm")
    done = call("cancel", "harbour.yaml")
    assert done.returncode == 1
    assert f"hero: cancelled, job {job} is stopped" in done.stdout
    assert "storm: unknown" in done.stdout
    told = json.loads(call("cancel", "harbour.yaml", "--json").stdout)
    assert [one["shot"] for one in told["cancelled"]] == ["storm"]
    assert told["ledger"]["released"] == "0.40"


def test_what_cannot_be_stopped_is_said_with_its_price(
    call: Call, folder: Path, slow_server: str
) -> None:
    write(folder, slow_server, kind="sglang")
    job = ordered(folder, slow_server)
    remember(folder, state=AttemptState.SUBMITTED, job_id=job, submitted_at=CLOCK.now())
    done = call("cancel", "harbour.yaml", "--select", "hero")
    assert done.returncode == 1
    assert "goes on" in done.stdout
    assert "$0.40 reserved" in " ".join(done.stdout.split())


def test_a_job_made_elsewhere_is_adopted_and_downloaded(call: Call, folder: Path) -> None:
    job = ordered(folder, "")
    assert call("jobs", "adopt", "harbour.yaml", job, "--as", "nobody").returncode == 2
    assert call("jobs", "adopt", "harbour.yaml", "video_x", "--as", "hero").returncode == 2
    assert call("jobs", "adopt", "harbour.yaml", job, "--as", "hero").returncode == 0
    assert call("run", "harbour.yaml", "--select", "hero").returncode == 0
    sidecar = json.loads((folder / "outputs/harbour/hero.json").read_text("utf-8"))
    assert (sidecar["job"]["id"], sidecar["clip"]["origin"]) == (job, "adopted")
    listed = call("jobs", "list", "harbour.yaml")
    assert job in listed.stdout
    assert "hero" in listed.stdout
    assert call("jobs", "download", "harbour.yaml", job, "-o", "copy.mp4").returncode == 0
    assert (folder / "copy.mp4").stat().st_size > 1000
    assert call("jobs", "download", "harbour.yaml", job, "-o", "copy.mp4").returncode == 2


def test_a_job_that_was_given_up_and_turns_up_again_is_adopted(call: Call, folder: Path) -> None:
    """Its price was counted when it failed, and is not counted again."""
    job = ordered(folder, "")
    failure = Failure(FailureKind.GONE, "the server answered 404")
    remember(
        folder,
        state=AttemptState.FAILED,
        job_id=job,
        submitted_at=CLOCK.now(),
        money=Money.UNCERTAIN,
        failure=failure,
    )
    assert call("jobs", "adopt", "harbour.yaml", job, "--as", "hero").returncode == 0
    assert call("jobs", "adopt", "harbour.yaml", job, "--as", "hero").returncode == 2
    assert call("run", "harbour.yaml", "--select", "hero").returncode == 0
    ledger = json.loads(call("status", "harbour.yaml", "--json").stdout)["ledger"]
    assert (ledger["uncertain"], Decimal(ledger["spent"])) == ("0.40", Decimal(0))


def test_doctor_looks_at_a_server_without_ordering(
    call: Call, folder: Path, slow_server: str
) -> None:
    well = call("doctor")
    assert (well.returncode, "needs no key" in well.stdout) == (0, True)
    write(folder, slow_server, kind="openai")
    told = json.loads(call("doctor", "harbour.yaml", "--json").stdout)
    checks = {check["name"]: check for check in told["checks"]}
    assert (told["well"], checks["server"]["ok"], checks["list"]["ok"]) == (True, True, True)
    assert "openai" in checks["dialect"]["words"]
    ordered(folder, slow_server)
    told = json.loads(call("doctor", "harbour.yaml", "--json").stdout)
    assert "shows prompts: an order" in {c["name"]: c for c in told["checks"]}["list"]["words"]
    write(folder, "http://127.0.0.1:9/v1")
    gone = call("doctor", "harbour.yaml")
    assert gone.returncode == 1
    assert "cannot be reached" in gone.stdout
    missing = call("doctor", "openrouter")
    assert missing.returncode == 1
    assert "OPENROUTER_API_KEY" in missing.stdout
