"""Holds docs/servers.md to the program: its manifests load, its table says what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from sora_batch import api
from sora_batch.problems import Problem
from sora_batch.providers import capabilities, kinds
from tests.documents import Block, blocks, rows, sections

PAGE = "servers.md"
MANIFESTS = [block for block in blocks(PAGE) if block.language == "yaml"]
KEYS = ("AZURE_OPENAI_API_KEY", "LITELLM_KEY", "MY_HOST_KEY", "RELAY_KEY")


def problems_of(block: Block, folder: Path) -> tuple[Problem, ...]:
    path = folder / "manifest.yaml"
    path.write_text(block.text, encoding="utf-8")
    return api.check(path)


@pytest.mark.parametrize("block", MANIFESTS, ids=lambda block: f"line {block.line}")
def test_every_manifest_runs_there(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in KEYS:
        monkeypatch.setenv(name, "sk-test")
    assert problems_of(block, tmp_path) == ()


def test_there_is_a_section_with_a_manifest_for_every_kind() -> None:
    titles = {section.title for section in sections(PAGE)}
    assert set(kinds()) - {"openai"} <= titles
    assert {"OpenAI-shaped hosts", "If you come from Sora"} <= titles
    told = " ".join(block.text for block in MANIFESTS)
    assert all(f"kind: {kind}" in told or f"provider: {kind}" in told for kind in kinds())


def test_the_table_says_what_the_code_does() -> None:
    table = rows(sections(PAGE)[0])
    by_name = {row[0].strip("`"): [cell.strip("`") for cell in row[1:]] for row in table}
    for kind, made, seed, listed, stops in zip(
        by_name["kind"],
        by_name["remix, edit, extend"],
        by_name["seed"],
        by_name["its list shows lost orders"],
        by_name["stops a job"],
        strict=True,
    ):
        can = capabilities(kind)
        makes = [word for word in ("remix", "edit", "extend") if getattr(can, word)]
        said = {"all": 3, "as upstream": 3, "remix": 1, "none": 0}[made]
        assert len(makes) == said, kind
        assert can.seed == (seed in {"yes", "per model"}), kind
        expected = {"yes": "prompts", "no prompts in it": "bare", "no list": "none"}[listed]
        assert can.listing == expected, kind
        assert can.cancels == (stops == "yes"), kind
