"""Plans in files: what was approved is what is run, or nothing is.

A saved plan holds how it was made and a digest of every step. Running it plans again and compares:
if the manifest, a picture, the prices or the store moved since, it is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from sora_batch.api.loading import load
from sora_batch.api.plans import plan as plan_again
from sora_batch.errors import UsageError
from sora_batch.outputs import write_atomically
from sora_batch.planning.plan import Plan
from sora_batch.views.plans import plan_json

SAVED_PLAN_VERSION = 1

_KEY = "sora_batch_plan"
_MOVED = "the manifest, a picture, the prices or the finished clips have changed"


def save_plan(plan: Plan, path: str | Path) -> None:
    """Writes the plan, for people to read and for `load_plan`. Raises OSError."""
    saved = {
        _KEY: SAVED_PLAN_VERSION,
        "manifest": str(plan.manifest.file),
        "arguments": dict(plan.manifest.arguments),
        "select": list(plan.selection),
        "digest": digest_of(plan),
        "plan": plan_json(plan),
    }
    text = json.dumps(saved, indent=2, ensure_ascii=False, default=str)
    write_atomically(Path(path), f"{text}\n".encode())


def load_plan(path: str | Path) -> Plan:
    """The saved plan, ready to run.

    Raises UsageError where the file is no saved plan, or where planning again comes to anything
    else than it says; ProblemsFound where the manifest has problems by now.
    """
    saved = _read(Path(path))
    plan = _planned_again(saved)
    if plan is None:
        raise UsageError(
            f"{path} is out of date: {_MOVED} since it was saved",
            fix=f"plan again: sora-batch plan {saved['manifest']} -o {path}",
        )
    return plan


def load_agreed(path: Path) -> Plan:
    """The plan that somebody has just agreed to, saved for another process. Raises what
    `load_plan` raises."""
    plan = _planned_again(_read(path))
    if plan is None:
        fix = "run it again: it shows the new plan"
        raise UsageError(f"{_MOVED} since the plan was agreed to; nothing was run", fix=fix)
    return plan


def _planned_again(saved: Mapping[str, Any]) -> Plan | None:
    """The plan as it comes out now; None where that is another one than was saved."""
    arguments = saved["arguments"]
    budget = arguments.get("budget")
    manifest = load(
        saved["manifest"],
        profile=arguments.get("profile"),
        provider=arguments.get("provider"),
        variables=arguments.get("variables"),
        budget=None if budget is None else Decimal(budget),
        concurrency=arguments.get("concurrency"),
    )
    plan = plan_again(manifest, select=saved["select"])
    return plan if digest_of(plan) == saved["digest"] else None


def digest_of(plan: Plan) -> str:
    """A hash over all that would be done and for how much."""
    hashed = hashlib.sha256()
    for part in (plan.manifest.sha256, str(plan.prices_date), str(plan.manifest.budget)):
        hashed.update(part.encode() + b"\0")
    for step in plan.steps:
        line = (step.shot.id, step.action, step.fingerprint, str(step.price_usd), str(step.number))
        hashed.update("\0".join(line).encode() + b"\n")
    return hashed.hexdigest()


def _read(path: Path) -> dict[str, Any]:
    try:
        saved = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"{path} is not a saved plan: {error}") from error
    if not isinstance(saved, dict) or saved.get(_KEY) != SAVED_PLAN_VERSION:
        raise UsageError(
            f"{path} is not a plan that this version saved",
            fix="make one with `sora-batch plan MANIFEST -o plan.json`",
        )
    return saved
