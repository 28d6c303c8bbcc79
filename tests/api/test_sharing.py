"""Two manifests that write the same folder: whoever plans one of them is told of the other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sora_batch import api

MANIFEST = """\
version: 1
name: harbour
defaults: {model: sketch, size: 64x64, seconds: 1}
shots: {hero: A harbour at dawn.}
"""


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest that was run, and a copy of it for an A/B trial."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "harbour.yaml").write_text(MANIFEST, encoding="utf-8")
    api.run_sync(api.plan(api.load("harbour.yaml")))
    (tmp_path / "b.yaml").write_text(MANIFEST.replace("dawn", "dusk"), encoding="utf-8")
    return tmp_path


def notices(file: str) -> list[str]:
    return [said for said in api.plan(api.load(file)).notices if "the last run in" in said]


def test_a_plan_says_that_another_file_was_run_into_its_folder(copied: Path) -> None:
    assert notices("harbour.yaml") == []
    (said,) = notices("b.yaml")
    assert said.startswith("the last run in outputs/harbour was of harbour.yaml: the two manifests")
    assert "its own `name:` or `output:`" in said
    api.run_sync(api.plan(api.load(copied / "b.yaml")))
    assert notices("b.yaml") == []
    (said,) = notices("harbour.yaml")
    assert "was of b.yaml" in said


def test_one_that_writes_another_folder_by_now_is_not_named(copied: Path) -> None:
    other = (copied / "b.yaml").read_text(encoding="utf-8").replace("harbour\n", "harbour-b\n")
    (copied / "b.yaml").write_text(other, encoding="utf-8")
    assert notices("b.yaml") == []
    (copied / "b.yaml").write_text(MANIFEST, encoding="utf-8")
    (copied / "harbour.yaml").write_text(MANIFEST + "output: elsewhere\n", encoding="utf-8")
    assert notices("b.yaml") == []
    (copied / "harbour.yaml").write_text("shots: [", encoding="utf-8")
    assert notices("b.yaml") == []


def test_a_manifest_that_was_renamed_is_the_same_one(copied: Path) -> None:
    (copied / "harbour.yaml").rename(copied / "port.yaml")
    assert notices("port.yaml") == []


def test_a_project_that_was_copied_as_a_whole_has_nothing_in_common(
    copied: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "project"
    shutil.copytree(copied, elsewhere)
    monkeypatch.chdir(elsewhere)
    assert notices("harbour.yaml") == []
    (said,) = notices("b.yaml")
    assert "was of harbour.yaml" in said
