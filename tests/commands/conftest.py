"""A folder with a manifest of small clips, and the program in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from sora_batch.cli import main

MANIFEST = """\
version: 1
name: harbour
defaults: {model: sketch, size: 320x180, seconds: 1}
providers:
  paid: {kind: local, price_per_second: 0.40}
  box: {kind: litellm, base_url: "http://127.0.0.1:1/v1"}
shots:
  hero: A harbour at dawn.
  storm:
    remix_of: hero
    prompt: Dark clouds come up.
"""
SORA_BATCH = (sys.executable, "-m", "sora_batch")


@dataclass(frozen=True)
class Called:
    """What a command said, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


Call: TypeAlias = Callable[..., Called]


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a process finds around it: 80 columns, a home of its own, nothing of ours."""
    kept = {k: v for k, v in os.environ.items() if k in {"PATH", "SYSTEMROOT"}}
    return {**kept, "HOME": str(home), "COLUMNS": "80", "LANG": "C.UTF-8", **(more or {})}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with `harbour.yaml`: two shots, one made from the other."""
    (tmp_path / "harbour.yaml").write_text(MANIFEST, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.fixture
def call(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """The program from its entry point on, in this process and without a terminal."""

    def called(*words: str, more: Mapping[str, str] | None = None) -> Called:
        for name, value in (more or {}).items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Called(code, said.out, said.err)

    return called


@pytest.fixture(scope="session")
def finished_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the manifest has been run, by a process of its own."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "harbour.yaml").write_text(MANIFEST, encoding="utf-8")
    run = [*SORA_BATCH, "run", "harbour.yaml"]
    subprocess.run(run, cwd=folder, env=environment(folder), check=True, capture_output=True)
    return folder


@pytest.fixture
def finished(finished_once: Path, folder: Path) -> Path:
    """The folder, with the clips and the store of a finished run in it."""
    shutil.copytree(finished_once / "outputs", folder / "outputs")
    return folder
