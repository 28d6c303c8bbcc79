"""Writes a manifest and the files beside it, and expands it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sora_batch.manifest.expand import Expansion, expansion
from sora_batch.manifest.load import load_draft
from sora_batch.problems import Problem
from sora_batch.shots import Shot

HEAD = "version: 1\ndefaults: {model: sora-2, size: 1280x720, seconds: 8}\n"


def expanded(
    folder: Path,
    text: str,
    files: Mapping[str, str | bytes] | None = None,
    *,
    profile: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Expansion:
    """The manifest `m.yaml` with this text (a head is put before it), expanded."""
    for name, content in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    manifest = folder / "m.yaml"
    manifest.write_text(text if text.startswith("version") else HEAD + text, encoding="utf-8")
    draft, problems = load_draft(manifest, profile=profile, variables=variables, environment={})
    assert draft is not None and not problems, [str(problem) for problem in problems]
    return expansion(draft)


def ids(made: Expansion) -> list[str]:
    """The ids of the shots; there must be no problem."""
    assert not made.problems, [str(problem) for problem in made.problems]
    return [str(shot.id) for shot in made.shots]


def shot(made: Expansion, name: str) -> Shot:
    """The shot of that id; there must be no problem."""
    assert name in ids(made)
    return next(shot for shot in made.shots if shot.id == name)


def only(made: Expansion) -> Problem:
    """The one problem there is."""
    assert len(made.problems) == 1, [str(problem) for problem in made.problems]
    return made.problems[0]
