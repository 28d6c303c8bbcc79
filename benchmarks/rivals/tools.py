"""Installs the rivals, each in a folder of its own outside the project, by the ordinary clients.

Versions are fixed, so that figures can be compared; a folder that is complete is used again.
promptfoo wants a newer Node than many machines have, so npm brings that along.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

OPENAI = "3.54.0"
PROMPTFOO = "0.123.1"
NODE = "22.23.3"

_DONE = "installed"


@dataclass(frozen=True, slots=True)
class Tools:
    """Where the rivals are: a Python with `openai`, and the words that start promptfoo."""

    python: Path
    promptfoo: tuple[str, ...]


def install(folder: Path) -> Tools:
    """Installs what is not there yet. Raises CalledProcessError."""
    sdk = folder / f"openai-{OPENAI}"
    if not (sdk / _DONE).exists():
        print(f"installing openai {OPENAI} into {sdk}", file=sys.stderr)
        _run(sys.executable, "-m", "venv", str(sdk))
        _run(str(sdk / "bin/python"), "-m", "pip", "install", "-q", f"openai[aiohttp]=={OPENAI}")
        (sdk / _DONE).touch()
    node = folder / f"promptfoo-{PROMPTFOO}"
    if not (node / _DONE).exists():
        print(f"installing promptfoo {PROMPTFOO} into {node}: minutes, 1.6 GB", file=sys.stderr)
        node.mkdir(parents=True, exist_ok=True)
        packages = (f"promptfoo@{PROMPTFOO}", f"node@{NODE}")
        _run("npm", "install", "--no-audit", "--no-fund", "--prefix", str(node), *packages)
        (node / _DONE).touch()
    programs = node / "node_modules/.bin"
    return Tools(
        python=sdk / "bin/python",
        promptfoo=(str(programs / "node"), str(programs / "promptfoo")),
    )


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)
