"""Runs what the README tells a newcomer to type, in the order in which it stands there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.commands.conftest import environment

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
# The campaign takes half a minute and is run by tests/test_manifests.py.
ELSEWHERE = "manifests/campaign.yaml"


def typed() -> list[tuple[str, list[str]]]:
    """The program's command lines without the words after `#`, each with the folder it stands in:
    a `cd` holds until its block ends."""
    lines, folder = [], "."
    for line in README.splitlines():
        words = shlex.split(line, comments=True) if line.startswith("    ") else []
        if words[:1] == ["cd"]:
            folder = words[1]
        elif words[:1] == ["sora-batch"]:
            lines.append((folder, words))
        elif not words:
            folder = "."
    return lines


def yaml_block(mark: str) -> str:
    """The first YAML block that has the words in it."""
    return next(str(text) for language, text in BLOCKS if language == "yaml" and mark in text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory with the manifests that ship, and the one that the README has."""
    shutil.copytree(ROOT / "manifests", tmp_path / "manifests")
    small = yaml_block("name: harbour").replace("8}", "4}")
    (tmp_path / "harbour.yaml").write_text(small, encoding="utf-8")
    return tmp_path


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )


def test_every_command_works_as_it_stands_there(folder: Path) -> None:
    lines = [(below, line) for below, line in typed() if ELSEWHERE not in line]
    assert len(lines) >= 8
    for below, line in lines:
        ended = run([sys.executable, "-m", "sora_batch", *line[1:]], folder / below)
        assert ended.returncode == 0, f"{shlex.join(line)}\n{ended.stdout}{ended.stderr}"
    assert len(list((folder / "outputs" / "harbour").glob("*.mp4"))) == 10


def test_the_python_of_the_readme_runs(folder: Path) -> None:
    (code,) = (text for language, text in BLOCKS if language == "python")
    ended = run([sys.executable, "-c", code], folder)
    assert ended.returncode == 0, ended.stderr
    assert "hello" in ended.stdout
    assert (folder / "outputs" / "hello" / "hello.mp4").exists()


def test_the_server_of_the_readme_is_one_line_away(folder: Path) -> None:
    """The second YAML block, over the first: `check` has nothing to say of it but remixes."""
    manifest = yaml.safe_load(yaml_block("name: harbour"))
    manifest |= yaml.safe_load(yaml_block("kind: vllm-omni"))
    manifest["shots"].pop("hero-rain")
    (folder / "box.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    ended = run([sys.executable, "-m", "sora_batch", "check", "box.yaml"], folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).is_file()
