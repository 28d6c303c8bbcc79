"""Holds docs/manifest.md to what the program does: every example of the manual is run.

Blocks of the manual say what they are for. A `yaml` block is a whole manifest that plans without a
problem; `yaml wrong` has problems, and the `text check` after it what `check` says of them;
`text ids` are the shot ids of the manifest before it. A block with a file's name is that file.
"""

from __future__ import annotations

import re
import wave
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from PIL import Image

import sora_batch
from sora_batch.cli import group
from sora_batch.manifest.fields import field_tables, with_field_tables
from sora_batch.planning.plan import Action
from sora_batch.planning.select import STATES
from sora_batch.views.problems import problems_text
from tests.documents import Block, blocks, command_lines, page

PAGE = "manifest.md"
PAGES = ("manifest.md", "python.md", "json.md")


def examples() -> Iterator[tuple[Block, Block | None]]:
    """Every manifest of the manual with the block that says what it comes to, if one does."""
    every = blocks(PAGE)
    for block, after in zip(every, [*every[1:], None], strict=True):
        if block.language == "yaml" and block.word in {"", "wrong"}:
            yield block, after if after and after.language == "text" else None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the files that the manual's manifests name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GPU_BOX_URL", "http://gpu-box:8091/v1")
    for block in blocks(PAGE):
        if "." in block.word:
            target = tmp_path / block.word
            target.parent.mkdir(exist_ok=True)
            target.write_text(block.text.rstrip("\n"), encoding="utf-8")
    (tmp_path / "assets").mkdir()
    Image.new("RGB", (640, 480), "teal").save(tmp_path / "assets" / "hero.png")
    with wave.open(str(tmp_path / "assets" / "theme.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(16000))
    return tmp_path


def profiles_of(text: str) -> list[str | None]:
    """No profile, and each that the manifest has."""
    found = re.search(r"^profiles:\n((?:  .*\n)+)", text, re.MULTILINE)
    return [None, *(re.findall(r"^  (\w+):", found[1], re.MULTILINE) if found else [])]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("block", "after"), [pytest.param(*each, id=f"line-{each[0].line}") for each in examples()]
)
def test_an_example_is_what_the_manual_says(block: Block, after: Block | None) -> None:
    Path("manifest.yaml").write_text(block.text, encoding="utf-8")
    if block.word == "wrong":
        assert after is not None and after.word == "check"
        assert problems_text(sora_batch.check("manifest.yaml")) == after.text.rstrip("\n")
        return
    for profile in profiles_of(block.text):
        assert sora_batch.check("manifest.yaml", profile=profile) == ()
        plan = sora_batch.plan(sora_batch.load("manifest.yaml", profile=profile))
        assert {step.action for step in plan.steps} <= {Action.MAKE, Action.REUSE}
    if after is not None:
        assert after.word == "ids"
        shots = sora_batch.load("manifest.yaml").shots
        assert [shot.id for shot in shots] == after.text.split()


def test_the_field_tables_are_those_of_the_schema() -> None:
    manual = page(PAGE)
    assert field_tables() in manual, "out of date: run `make docs`"
    assert with_field_tables(manual) == manual


def test_field_tables_need_their_marks() -> None:
    with pytest.raises(ValueError, match="the manual needs one line"):
        with_field_tables("# A manual without marks\n")


def test_the_manual_names_every_state_and_every_field() -> None:
    manual = page(PAGE)
    assert all(f"`{state}`" in manual for state in STATES)
    prose = manual.split("## Every field")[0]
    fields = re.findall(r"^\| `(\w+)` \|", field_tables(), re.MULTILINE)
    assert [field for field in fields if not re.search(rf"\b{field}\b", prose)] == []


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_headings(name: str) -> None:
    text = page(name)
    headings = re.findall(r"^#+ +(.*)$", text, re.MULTILINE)
    known = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= known


@pytest.mark.parametrize("name", PAGES)
def test_command_lines_parse(name: str) -> None:
    lines = list(command_lines(name))
    assert lines
    for words in lines:
        parsed(words)


def parsed(words: list[str]) -> None:
    """Parses a command line, without doing what it says; a mere command needs no arguments."""
    context = click.Context(group, info_name="sora-batch")
    command = group.get_command(context, words[0])
    assert command is not None, f"no command: sora-batch {' '.join(words)}"
    if len(words) > 1:
        command.make_context(words[0], words[1:], parent=context)
