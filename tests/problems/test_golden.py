"""Every manifest beside this file has problems; the text beside it is what a person is told.

With SORA_BATCH_UPDATE=1 in the environment the texts are written anew; read the difference. A
first line such as `# profile: draft` is said on the command line.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from sora_batch.manifest import load_manifest
from sora_batch.problems import render

HERE = Path(__file__).parent
MANIFESTS = sorted(HERE.glob("*.yaml"))
_ASKED = re.compile(rb"# (profile|provider): (\S+)")


def told(manifest: Path) -> str:
    """What loading the manifest says, all of it."""
    asked = _ASKED.match(manifest.read_bytes())
    options = {asked[1].decode(): asked[2].decode()} if asked else {}
    loaded = load_manifest(
        manifest,
        environment={},
        profile=options.get("profile"),
        provider=options.get("provider"),
    )
    return "\n\n".join(render(problem) for problem in loaded.problems) + "\n"


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.stem)
def test_the_person_is_told(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)
    text = told(Path(manifest.name))
    golden = manifest.with_suffix(".txt")
    if os.environ.get("SORA_BATCH_UPDATE"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert text.strip()


@pytest.mark.parametrize("golden", sorted(HERE.glob("*.txt")), ids=lambda path: path.stem)
def test_no_text_is_without_its_manifest(golden: Path) -> None:
    assert golden.with_suffix(".yaml").exists()


@pytest.mark.parametrize("golden", sorted(HERE.glob("*.txt")), ids=lambda path: path.stem)
def test_no_text_gives_a_secret_away(golden: Path) -> None:
    text = golden.read_text(encoding="utf-8")
    assert "verysecret" not in text
    assert "hunter2" not in text
