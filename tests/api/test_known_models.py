"""The catalog's models by kind of provider, found without anything that plans."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sora_batch import api
from sora_batch.errors import UsageError
from sora_batch.providers import kinds


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_of_provider_is_known(kind: str) -> None:
    assert all(entry.service == kind for entry in api.models(kind))


def test_a_kind_that_there_is_not_is_refused_with_what_was_meant() -> None:
    with pytest.raises(UsageError) as refusal:
        api.models("openroutr")
    assert refusal.value.message == "there is no kind of provider `openroutr`"
    assert refusal.value.fix == "did you mean `openrouter`?"
    with pytest.raises(UsageError) as refusal:
        api.models("nonsense")
    assert refusal.value.fix.startswith("use `local`, `openai`, ")


def test_looking_up_models_loads_nothing_that_plans() -> None:
    code = "import sys; from sora_batch import api; api.models(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "sora_batch.api.known_models" in loaded
    assert not loaded & {"sora_batch.planning", "sora_batch.manifest.schema", "pydantic", "jinja2"}
