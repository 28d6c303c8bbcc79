"""What `accept` leaves to be made: the shots that go on from the accepted ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from sora_batch import api
from sora_batch.manifest.settings import Manifest

MANIFEST = """\
version: 1
name: harbour
provider: paid
providers: {paid: {kind: local, price_per_second: 0.40}}
defaults: {model: sketch, size: 64x64, seconds: 1}
shots:
  hero: A harbour at dawn.
  storm: {remix_of: hero, prompt: Dark clouds come up.}
  calm: {extend_of: storm, prompt: The wind drops.}
  still: {reference: {frame_of: hero}, prompt: A gull lands.}
  beside: {needs: [hero], prompt: A lighthouse.}
"""


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """The manifest with another `hero` than was made."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "harbour.yaml"
    file.write_text(MANIFEST, encoding="utf-8")
    plan = api.plan(api.load(file))
    api.run_sync(plan, accept_price=plan.estimate_usd)
    later = MANIFEST.replace("dawn", "dusk") + "  night: {remix_of: hero, prompt: Night.}\n"
    file.write_text(later, encoding="utf-8")
    return api.load(file)


def left(manifest: Manifest, *shots: str) -> dict[str, str]:
    return {step.shot.id: str(step.price_usd) for step in api.made_again(manifest, shots)}


def test_what_goes_on_from_an_accepted_shot_and_has_a_clip_is_named(changed: Manifest) -> None:
    api.accept(changed, ["hero"])
    # The frame is of the same clip as before, `night` has no clip, and `beside` only came after.
    assert left(changed, "hero") == {"storm": "0.4", "calm": "0.4"}
    api.accept(changed, ["storm", "calm"])
    assert left(changed, "hero") == left(changed, "storm") == {}


def test_what_was_accepted_along_is_not_named(changed: Manifest) -> None:
    api.accept(changed, ["hero", "storm"])
    assert left(changed, "hero", "storm") == {"calm": "0.4"}
    assert left(changed, "beside") == {}
