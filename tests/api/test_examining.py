"""`doctor` on every kind of server: what it finds, and that it orders nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sora_batch import api
from sora_batch.providers import kinds
from sora_batch.providers.dialects import DIALECTS
from sora_batch.simulator import Fault, FaultScript
from tests.listening import dialect_listening, listening
from tests.providers.fake_openrouter import KEY, FakeOpenRouter

VIDEOS = [kind for kind in kinds() if DIALECTS[kind].protocol == "videos"]
ROW = {
    "id": "kwaivgi/kling-v3.0-std",
    "supported_durations": [5],
    "pricing_skus": {"duration_seconds": "0.25"},
}
ABOUT_KEY = {
    "usage": 25.5,
    "limit": 100,
    "limit_remaining": 74.5,
    "expires_at": "2027-12-31T23:59:59Z",
}


def manifest(folder: Path, kind: str, url: str, model: str = "sora-2", more: str = "") -> str:
    path = folder / "m.yaml"
    path.write_text(
        "version: 1\nprovider: box\n"
        f"defaults: {{model: {model}, size: 1280x720, seconds: 5}}\n"
        f"providers:\n  box: {{kind: {kind}, base_url: '{url}', price_per_second: 1{more}}}\n"
        "shots: {hero: A lighthouse.}\n",
        encoding="utf-8",
    )
    return str(path)


def checks(found: api.Examination) -> dict[str, api.Check]:
    return {check.name: check for check in found.checks}


@pytest.fixture
def router(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeOpenRouter, str]]:
    """A server like OpenRouter, and a manifest that renders there."""
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    monkeypatch.setenv("ROUTER_KEY", KEY)
    fake = FakeOpenRouter(models=[ROW], key=ABOUT_KEY)
    with listening(fake.app) as url:
        model, key = "kwaivgi/kling-v3.0-std", ", api_key: '${ROUTER_KEY}'"
        yield fake, manifest(tmp_path, "openrouter", f"{url}/api/v1", model, key)


@pytest.mark.parametrize("kind", VIDEOS)
def test_every_server_is_known_and_nothing_is_ordered(kind: str, tmp_path: Path) -> None:
    with dialect_listening(tmp_path / "server", dialect=kind) as (url, simulator):
        model = simulator.settings.model if kind == "vllm-omni" else "sora-2"
        found = api.examine(manifest(tmp_path, kind, url, f"'{model}'"))
        said = checks(found)
        assert found.is_well, found.checks
        assert said["server"].ok
        assert said["dialect"].ok
        assert "shots" not in said
        listing = DIALECTS[kind].capabilities.listing
        assert said["list"].ok == (True if listing == "prompts" else None)
        assert ("not seen yet" in said["list"].words) == (listing == "prompts")
        assert ("repeats" in said) == (kind in {"litellm", "new-api"})
        assert simulator.bill().accepted == 0
        assert simulator.mischief.requests["create"] == 0


def test_a_model_that_a_server_of_one_model_does_not_have_is_in_the_way(tmp_path: Path) -> None:
    with dialect_listening(tmp_path / "server", dialect="vllm-omni") as (url, simulator):
        found = api.examine(manifest(tmp_path, "vllm-omni", url))
        shots = checks(found)["shots"]
        assert (found.is_well, shots.ok) == (False, False)
        assert shots.fix == f"under `providers`: models: {{sora-2: {simulator.settings.model}}}"
        mapped = f", models: {{sora-2: '{simulator.settings.model}'}}"
        assert api.examine(manifest(tmp_path, "vllm-omni", url, more=mapped)).is_well


def test_a_server_that_answers_with_an_error_is_not_called_well(tmp_path: Path) -> None:
    faults = FaultScript((Fault(do="error", at="list", status=500),))
    with dialect_listening(tmp_path / "server", dialect="litellm", faults=faults) as (url, _):
        server = checks(api.examine(manifest(tmp_path, "litellm", url)))["server"]
        assert server.ok is None
        assert "with an error (500)" in server.words


def test_a_name_that_a_gateway_does_not_list_is_a_remark(tmp_path: Path) -> None:
    with dialect_listening(tmp_path / "server", dialect="litellm") as (url, _):
        found = api.examine(manifest(tmp_path, "litellm", url, "wan"))
        shots = checks(found)["shots"]
        assert (found.is_well, shots.ok) == (True, None)
        assert "`wan`, which it does not name" in shots.words


def test_openrouter_is_asked_about_key_credit_models_and_prices(
    router: tuple[FakeOpenRouter, str],
) -> None:
    fake, path = router
    found = api.examine(path)
    said = checks(found)
    assert found.is_well
    assert said["account"].ok
    assert said["account"].words == (
        "the key is accepted, has spent $25.50, has $74.50 left of its limit of $100.00 "
        "and is good until 2027-12-31"
    )
    assert "management keys only" in said["credit"].words
    assert said["models"].words.startswith("1 video models, 1 of them")
    assert said["shots"].words.startswith("kwaivgi/kling-v3.0-std: $0.25 a second; plans go by $")
    assert "--refresh" in said["shots"].fix
    assert "stays on hold" in said["list"].words
    assert {path for _, path in fake.requests} == {
        "/api/v1/key",
        "/api/v1/credits",
        "/api/v1/videos/models",
    }
    assert all(method == "GET" for method, _ in fake.requests)
    assert fake.orders == []
    assert KEY not in repr(found)


def test_openrouter_says_when_nothing_can_be_ordered(router: tuple[FakeOpenRouter, str]) -> None:
    fake, path = router
    fake.key = {"usage": 10, "limit": 10, "limit_remaining": -0.5}
    fake.account = {"total_credits": 10, "total_usage": 10.25}
    fake.models = [{"id": "maker/other"}]
    said = checks(api.examine(path))
    assert (said["account"].ok, said["credit"].ok, said["shots"].ok) == (False, False, False)
    assert said["credit"].words == "-$0.25 is left in the account"
    assert said["shots"].words == "it does not list kwaivgi/kling-v3.0-std"


def test_openrouter_says_that_a_key_is_wrong_and_lists_models_all_the_same(
    router: tuple[FakeOpenRouter, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, path = router
    monkeypatch.setenv("ROUTER_KEY", "sk-or-wrong")
    said = checks(api.examine(path))
    assert said["account"].ok is False
    assert said["account"].words.startswith("OpenRouter does not accept the key (401)")
    assert "models" in said
    monkeypatch.delenv("ROUTER_KEY")
    said = checks(api.examine(path))
    assert said["key"].ok is False
    assert "account" not in said
    assert "models" in said


def test_an_address_where_nobody_is_is_said_once(tmp_path: Path) -> None:
    found = api.examine(manifest(tmp_path, "openrouter", "http://127.0.0.1:9/api/v1"))
    said = checks(found)
    assert said["server"].ok is False
    assert "cannot be reached" in said["server"].words
    assert "models" not in said


def test_a_service_that_has_closed_is_said_before_its_key_is_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    found = api.examine("openai")
    assert [check.name for check in found.checks][:2] == ["service", "key"]
    assert "closed this service on 2026-09-24" in found.checks[0].words
    azure = checks(api.examine("azure"))["service"]
    assert azure.ok is None
    assert "2026-11-02, has passed" in azure.words


@pytest.mark.parametrize(("version", "well"), [("1.106.2", True), ("1.82.8", False)])
def test_a_gateway_that_is_known_to_steal_keys_is_in_the_way(
    version: str, well: bool, tmp_path: Path
) -> None:
    async def answer(_: Request) -> JSONResponse:
        headers = {"x-litellm-version": version}
        return JSONResponse({"error": {"message": "litellm.", "code": "400"}}, 400, headers)

    with listening(Starlette(routes=[Route("/{path:path}", answer)])) as url:
        found = api.examine(manifest(tmp_path, "litellm", f"{url}/v1"))
        assert found.is_well is well
        assert ("version" in checks(found)) is not well
