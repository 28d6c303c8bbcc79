"""Holds "If you come from Sora" of docs/servers.md: what the pieces of a Sora pipeline come to on
every kind of server, with nothing changed but the provider."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

from sora_batch import api
from sora_batch.problems import Problem
from sora_batch.providers import kinds
from tests.documents import blocks, page, sections
from tests.listening import dialect_listening

SMALL = "{model: sora-2, size: 1280x720, seconds: '4'}"
HEAD = f"version: 1\nprovider: box\nname: sora\ndefaults: {SMALL}\n"
HERO = "  hero: A lighthouse at dawn.\n"
PIECES: Mapping[str, str] = {
    "720p, 4, 8 or 12 s": (
        "  tall: {prompt: A pier., size: 720x1280, seconds: 8}\n"
        "  long: {prompt: A quay., seconds: '12'}\n"
    ),
    "`sora-2-pro`, 1792x1024": (
        "  wide: {prompt: A coast., model: sora-2-pro, size: 1792x1024, seconds: 4}\n"
    ),
    "a reference picture": "  start: {prompt: It moves., reference: picture.jpg}\n",
    "a chain of remixes": (
        "  storm: {remix_of: hero, prompt: A storm comes up.}\n"
        "  night: {remix_of: storm, prompt: Night falls.}\n"
    ),
    "`edit_of`": "  red: {edit_of: hero, prompt: Make it red.}\n",
    "`extend_of`": "  more: {extend_of: hero, prompt: It goes on., seconds: 8}\n",
    "a frame of another clip": (
        "  next: {prompt: It goes on., reference: {frame_of: hero, at: last}}\n"
    ),
}
LISTED = "kwaivgi/kling-v3.0"


def told() -> Mapping[str, Mapping[str, str]]:
    """What the page says of each kind, by piece."""
    section = next(one for one in sections("servers.md") if one.title == "If you come from Sora")
    lines = [line for line in section.text.split("\n") if line.startswith("|")]
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    head = table[0]
    body = {row[0]: row[1:] for row in table[2:] if len(row) == len(head)}
    return {
        kind.strip("`"): {piece: cells[place] for piece, cells in body.items()}
        for place, kind in enumerate(head[1:])
    }


TOLD = told()


def write(folder: Path, kind: str, url: str, pieces: str, models: str = "{}") -> Path:
    path = folder / "m.yaml"
    where = f", base_url: '{url}'" if url else ""
    server = f"providers:\n  box: {{kind: {kind}{where}, models: {models}, price_per_second: 1}}\n"
    path.write_text(f"{HEAD}{server}shots:\n{HERO}{pieces}", encoding="utf-8")
    return path


def refusals(path: Path, piece: str) -> list[Problem]:
    """The problems, which stand in the lines of the piece and nowhere else."""
    problems = list(api.check(path))
    lines = path.read_text("utf-8").split("\n")
    for problem in problems:
        assert lines[(problem.where.line or 0) - 1] in piece
        assert problem.fix
    return problems


def test_the_page_tells_of_every_kind_and_every_piece() -> None:
    assert set(TOLD) == set(kinds()) - {"local"}
    assert all(set(cells) == set(PIECES) for cells in TOLD.values())
    assert {cell for cells in TOLD.values() for cell in cells.values()} == {"runs", "refused"}


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind not in {"local", "openrouter"}])
def test_the_pieces_come_to_what_the_page_says(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (1600, 900), "teal").save(tmp_path / "picture.jpg")
    with dialect_listening(tmp_path / "server", dialect=kind) as (url, simulator):
        name = simulator.settings.model
        models = f"{{sora-2: '{name}', sora-2-pro: '{name}'}}" if kind == "vllm-omni" else "{}"
        running = ""
        for piece, outcome in TOLD[kind].items():
            path = write(tmp_path, kind, url, PIECES[piece], models)
            assert bool(refusals(path, PIECES[piece])) == (outcome == "refused"), piece
            running += PIECES[piece] if outcome == "runs" else ""
        plan = api.plan(api.load(write(tmp_path, kind, url, running, models)))
        report = api.run_sync(plan, accept_price=Decimal(1000))
        assert report.finished.done == len(plan.steps)
        assert simulator.bill().accepted == len(plan.steps)


@pytest.mark.parametrize("piece", PIECES)
def test_openrouter_plans_what_the_page_says(
    piece: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    Image.new("RGB", (1600, 900), "teal").save(tmp_path / "picture.jpg")
    models = f"{{sora-2: {LISTED}-std, sora-2-pro: {LISTED}-pro}}"
    path = write(tmp_path, "openrouter", "", PIECES[piece], models)
    assert bool(refusals(path, PIECES[piece])) == (TOLD["openrouter"][piece] == "refused")


def test_a_model_that_is_not_mapped_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with dialect_listening(tmp_path / "server", dialect="vllm-omni") as (url, simulator):
        plan = api.plan(api.load(write(tmp_path, "vllm-omni", url, "")))
        report = api.run_sync(plan, accept_price=Decimal(1000))
        assert (report.finished.done, simulator.bill().accepted) == (0, 0)
        assert report.finished.stopped
    (problem,) = api.check(write(tmp_path, "openrouter", "", ""))
    assert problem.message == "OpenRouter has no model `sora-2`"


@pytest.mark.parametrize(
    ("word", "meant"),
    [("input_reference", "reference"), ("duration", "seconds"), ("remix_video_id", "remix_of")],
)
def test_the_words_of_the_sdk_are_told_apart(word: str, meant: str, tmp_path: Path) -> None:
    assert f"`{word}`" in page("servers.md")
    path = write(tmp_path, "local", "", f"  other: {{prompt: A pier., {word}: x}}\n")
    (problem,) = api.check(path)
    assert problem.fix == f"did you mean `{meant}`?"


def test_the_shown_refusal_is_what_is_said(tmp_path: Path) -> None:
    shown = next(
        block.text for block in blocks("servers.md") if "cannot remix a clip" in block.text
    )
    path = write(tmp_path, "vllm-omni", "http://127.0.0.1:1", PIECES["a chain of remixes"])
    first = api.check(path)[0]
    assert first.message in shown
    assert f"fix: {first.fix}" in " ".join(shown.split())
