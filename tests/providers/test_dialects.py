"""What the records say, as a person meets it: options that are known, names that need no map."""

from __future__ import annotations

from pathlib import Path

import pytest

from sora_batch import api
from sora_batch.providers import kinds
from sora_batch.providers.dialects import DIALECTS


def manifest(folder: Path, kind: str, shot: str) -> Path:
    path = folder / "m.yaml"
    path.write_text(
        "version: 1\nprovider: box\n"
        f"providers: {{box: {{kind: {kind}, base_url: 'http://box/v1', price_per_second: 1}}}}\n"
        "defaults: {model: sora-2, size: 1280x720, seconds: 4}\n"
        f"shots:\n  hero: {{prompt: A pier., {shot}}}\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("kind", ["vllm-omni", "sglang"])
def test_an_option_that_would_be_dropped_without_a_word_is_a_problem(
    kind: str, tmp_path: Path
) -> None:
    path = manifest(tmp_path, kind, "options: {guidence_scale: 4}")
    (problem,) = api.check(path)
    assert problem.fix == "did you mean `guidance_scale`?"
    known = "options: {guidance_scale: 4, fps: 16, extra_params: {cfg_interval: 2}}"
    assert api.check(manifest(tmp_path, kind, known)) == ()


@pytest.mark.parametrize("kind", ["litellm", "new-api", "unsloth"])
def test_what_is_passed_on_is_not_judged(kind: str, tmp_path: Path) -> None:
    assert api.check(manifest(tmp_path, kind, "options: {guidence_scale: 4}")) == ()


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind not in {"local", "openrouter"}])
def test_only_a_server_that_minds_the_name_asks_for_a_map(kind: str, tmp_path: Path) -> None:
    notices = " ".join(api.plan(api.load(manifest(tmp_path, kind, "takes: 1"))).notices)
    asks = "box renders what it serves" in notices
    assert asks == (kind == "vllm-omni")


@pytest.mark.parametrize("kind", kinds())
def test_what_orders_again_by_itself_says_so(kind: str) -> None:
    dialect = DIALECTS[kind]
    assert bool(dialect.capabilities.may_repeat) == (kind in {"litellm", "new-api"})
    assert dict(dialect.order_headers) == (
        {"x-litellm-num-retries": "0"} if kind == "litellm" else {}
    )


def test_a_download_asks_for_the_rest_where_that_can_do_good() -> None:
    assert {kind for kind in kinds() if DIALECTS[kind].ranges} == {
        "local",
        "vllm-omni",
        "sglang",
        "new-api",
    }
