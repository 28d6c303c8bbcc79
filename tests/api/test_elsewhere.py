"""A manifest that was run in another folder: nobody pays twice without having been told."""

from __future__ import annotations

from pathlib import Path

import pytest

from sora_batch import api

MANIFEST = """\
version: 1
name: harbour
defaults: {model: sketch, size: 64x64, seconds: 1}
shots: {hero: A harbour at dawn.}
"""


def notices(place: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> list[str]:
    monkeypatch.chdir(place)
    return [said for said in api.plan(api.load(file)).notices if "is new here" in said]


def test_a_plan_says_where_the_clips_of_a_manifest_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "campaign"
    below.mkdir()
    (below / "harbour.yaml").write_text(MANIFEST, encoding="utf-8")
    assert notices(tmp_path, monkeypatch, "campaign/harbour.yaml") == []
    api.run_sync(api.plan(api.load("campaign/harbour.yaml")))
    assert notices(tmp_path, monkeypatch, "campaign/harbour.yaml") == []
    (said,) = notices(below, monkeypatch, "harbour.yaml")
    assert f"run it in {tmp_path} to reuse them" in said


def test_the_clips_beside_the_manifest_are_seen_from_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "campaign"
    below.mkdir()
    (below / "harbour.yaml").write_text(MANIFEST, encoding="utf-8")
    monkeypatch.chdir(below)
    api.run_sync(api.plan(api.load("harbour.yaml")))
    (said,) = notices(tmp_path, monkeypatch, "campaign/harbour.yaml")
    assert f"run it in {below} to reuse them" in said
