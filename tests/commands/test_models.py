"""`models` with the listing that was fetched last, and what `--refresh` is refused for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sora_batch.catalog.cached import keep_listing
from tests.commands.conftest import Call

ROWS: list[object] = [
    {
        "id": "maker/new",
        "supported_resolutions": ["720p"],
        "pricing_skus": {"cents_per_second_output": "7", "minimum_cents_per_generation": "56"},
    },
    {"id": "maker/odd", "pricing_skus": {"per_banana": "1"}},
]


@pytest.fixture
def today(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A listing that was fetched today."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(folder / "cache"))
    fetched = datetime.now(UTC).date()
    keep_listing(ROWS, on=fetched)
    return fetched.isoformat()


def test_the_listing_that_was_fetched_is_shown_with_its_day(call: Call, today: str) -> None:
    said = call("models", "openrouter").stdout
    assert "price   $0.07 a second\n            at least $0.56 a clip\n" in said
    assert "not known: listed as per_banana, which cannot be read" in said
    assert f"prices of {today}, from the maker's own pages:" in said
    told = json.loads(call("models", "openrouter", "--json").stdout)
    assert [model["prices"]["since"] for model in told["models"]] == [today, today]
    assert [model["prices"]["unread"] for model in told["models"]] == [[], ["per_banana"]]
    assert told["models"][0]["prices"]["minimum_usd"] == "0.56"
    assert "not known" in call("models").stdout


@pytest.mark.parametrize(
    ("words", "said"), [(("models", "--refresh"), "openrouter"), (
        ("models", "openai", "--refresh"), "`openai` has no listing")]
)  # fmt: skip
def test_refresh_is_for_a_provider_with_a_listing(
    words: tuple[str, ...], said: str, call: Call
) -> None:
    done = call(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.usefixtures("folder")
def test_a_provider_without_models_of_its_own_says_what_it_takes(call: Call) -> None:
    assert call("models", "local").stdout == (
        "local\n"
        "  takes any model, and keeps to the sizes and lengths of those that `sora-batch\n"
        "  models` lists\n"
    )
    refused = call("models", "nonsense")
    assert (refused.returncode, "there is no kind of provider" in refused.stderr) == (2, True)
