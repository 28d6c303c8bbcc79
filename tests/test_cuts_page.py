"""Holds docs/cuts.md to the language: its manifest is loaded, and so is the order it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from sora_batch import api
from tests.documents import blocks

EXAMPLE, PART = (block for block in blocks("cuts.md") if block.language == "yaml")
DESCENT = "  descent: The far side.\n"


@pytest.mark.parametrize("order", ['shots: [hero, "city.*"]', PART.text.strip()])
def test_its_manifest_has_no_problems(tmp_path: Path, order: str) -> None:
    text = EXAMPLE.text.replace('shots: [hero, "city.*"]', order)
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "theme.mp3").write_bytes(b"ID3 a sound")
    manifest = tmp_path / "film.yaml"
    manifest.write_text(text.replace("  city:\n", f"{DESCENT}  city:\n"), encoding="utf-8")
    assert api.check(manifest, provider="local") == ()
    (cut,) = api.load(manifest, provider="local").cuts
    assert cut.shots[-2:] == ("city.lisbon", "city.kyoto")
    assert cut.caption_texts[-1] == "Kyoto"
    assert [str(seconds) for seconds in cut.crossfades_s][-1] == "0.5"
