"""The environment a manifest is read and run with: the process's own, and a `.env` beside it.

The process's own wins. What stands in the file is never exported: programs that are started from
here do not get to see it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from sora_batch.errors import UsageError
from sora_batch.planning.plan import Action, Plan
from sora_batch.providers.keys import key_of

NAME = ".env"

_LIMIT_BYTES = 1024 * 1024
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")


def environment_for(manifest: Path) -> Mapping[str, str]:
    """Names and values for this manifest. Raises UsageError for a `.env` that cannot be read."""
    return {**read_env(manifest.parent / NAME), **os.environ}


def check_access(plan: Plan) -> None:
    """Looks whether the key is there that running the plan will need, before anybody is asked to
    agree to its price. Raises UsageError."""
    if needs_server(plan):
        key_of(plan.manifest.provider, environment_for(plan.manifest.file))


def needs_server(plan: Plan) -> bool:
    """Whether a run of the plan will ask its server anything."""
    return bool(plan.salvage) or any(step.action is not Action.REUSE for step in plan.steps)


def read_env(path: Path) -> dict[str, str]:
    """The `NAME=value` lines of a file; nothing where there is none.

    A value may stand in quotes. What no such line is, is passed over without being shown: it may
    be part of a secret.
    """
    try:
        if not path.is_file():
            return {}
        data = path.read_bytes()[: _LIMIT_BYTES + 1]
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    if len(data) > _LIMIT_BYTES:
        raise UsageError(f"{path} is too large to be a file of settings")
    values = {}
    for line in data.decode("utf-8-sig", "replace").splitlines():
        found = _LINE.fullmatch(line.strip())
        if found is not None:
            values[found[1]] = _value(found[2])
    return values


def _value(text: str) -> str:
    for quote in ("'", '"'):
        if len(text) >= 2 and text.startswith(quote) and quote in text[1:]:
            return text[1 : text.index(quote, 1)]
    return text.split(" #", 1)[0].strip()
