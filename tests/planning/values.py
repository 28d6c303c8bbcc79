"""Shots, manifests, clips and attempts for tests of planning, and `plan`, which puts them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sora_batch.catalog import load_catalog
from sora_batch.manifest.settings import Limits, Manifest, ProviderSettings
from sora_batch.planning import make_plan
from sora_batch.planning.capabilities import Capabilities, Listing
from sora_batch.planning.plan import Plan, Step
from sora_batch.problems import Where
from sora_batch.records import (
    Attempt,
    AttemptId,
    AttemptState,
    Clip,
    Failure,
    FailureKind,
    History,
    Money,
    RunId,
)
from sora_batch.shots import Fingerprint, JobId, Shot, ShotId, Size, Source

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
FILE = "manifests/harbour.yaml"

ANYTHING = Capabilities(
    remix=True,
    edit=True,
    extend=True,
    seed=True,
    whole_seconds=False,
    any_model=True,
    self_hosted=True,
    listing=Listing.PROMPTS,
)
BLIND = replace(ANYTHING, listing=Listing.NONE)
HOSTED = Capabilities(remix=True, edit=True, extend=True, listing=Listing.PROMPTS)
ADDRESSES = {
    "local": "http://local/v1",
    "openai": "https://api.openai.com/v1",
    "openrouter": "https://openrouter.ai/api/v1",
}


def at(line: int, column: int = 5) -> Where:
    """A place in the manifest."""
    return Where(FILE, line, column)


def shot(name: str, *, remix_of: str | None = None, **values: Any) -> Shot:
    """A shot of the spec its id begins with; everything else unremarkable unless given."""
    known: dict[str, Any] = {
        "id": ShotId(name),
        "spec": name.partition(".")[0],
        "where": at(10),
        "prompt": f"prompt of {name}",
        "model": "sora-2",
        "size": Size(1280, 720),
        "seconds": Decimal(8),
    }
    if remix_of is not None:
        known["source"] = Source("remix", shot=ShotId(remix_of))
    return Shot(**{**known, **values})


def manifest(*shots: Shot, kind: str = "local", **values: Any) -> Manifest:
    """A manifest of these shots; `provider` may be given as its settings beside the kind."""
    provider = {"name": kind, "kind": kind, "where": at(3), **values.pop("provider", {})}
    known: dict[str, Any] = {
        "name": "harbour",
        "file": Path(FILE),
        "folder": Path("manifests"),
        "sha256": "0" * 64,
        "provider": ProviderSettings(**provider),
        "output": Path("outputs/harbour"),
        "shots": shots,
        "limits": Limits(),
    }
    return Manifest(**{**known, **values})


def plan(
    made: Manifest,
    history: History | None = None,
    *,
    capabilities: Capabilities | None = None,
    pictures: Mapping[str, str] | None = None,
    select: Sequence[str] = (),
    today: date = TODAY,
    base_url: str | None = None,
) -> Plan:
    """The plan of a manifest with the shipped catalog, at its kind's address if none is given."""
    kind = made.provider.kind
    address = made.provider.base_url or ADDRESSES.get(kind, f"http://{kind}.example/v1")
    return make_plan(
        made,
        history or History(),
        load_catalog(),
        capabilities or (ANYTHING if kind == "local" else HOSTED),
        pictures=pictures or {},
        selection=select,
        today=today,
        base_url=address if base_url is None else base_url,
    )


def step_of(made: Plan, name: str) -> Step:
    """The step of that shot."""
    return next(step for step in made.steps if step.shot.id == name)


def clip_of(step: Step, **values: Any) -> Clip:
    """A clip that answers a step exactly."""
    known: dict[str, Any] = {
        "fingerprint": step.fingerprint,
        "shot_id": step.shot.id,
        "attempt_id": AttemptId("a1"),
        "job_id": JobId("video_1"),
        "provider": step.target.provider,
        "sha256": "0" * 64,
        "bytes": 1000,
        "mtime_ns": 1,
        "size": step.shot.size,
        "seconds": step.shot.seconds,
        "fps": Decimal(24),
        "has_audio": True,
        "origin": "made",
        "made_at": NOW,
        "inputs": step.inputs,
    }
    return Clip(**{**known, **values})


def history_of(*clips: Clip, **values: Any) -> History:
    """A history in which these clips are finished and intact."""
    return History(
        clips={clip.fingerprint: clip for clip in clips},
        latest={clip.shot_id: clip for clip in clips},
        **values,
    )


def attempt_of(
    step: Step, state: AttemptState, *, kind: FailureKind | None = None, **values: Any
) -> Attempt:
    """A try at a step; `kind` makes it a failure of that kind."""
    failure = Failure(kind, f"the server said {kind}") if kind is not None else None
    is_lost = state in {AttemptState.SUBMITTING, AttemptState.HELD}
    known: dict[str, Any] = {
        "id": AttemptId(f"a-{step.shot.id}-{state}"),
        "run_id": RunId("r1"),
        "shot_id": step.shot.id,
        "fingerprint": step.fingerprint,
        "number": 1,
        "state": state,
        "provider": step.target.provider,
        "model": step.target.model,
        "money": Money.RESERVED,
        "price_usd": Decimal("0.80"),
        "job_id": None if is_lost else JobId("video_1"),
        "failure": failure,
        "inputs": step.inputs,
        "created_at": NOW,
        "submitted_at": NOW,
    }
    return Attempt(**{**known, **values})


def failed(*attempts: Attempt) -> dict[Fingerprint, tuple[Attempt, ...]]:
    """The failures of one fingerprint, as a history has them."""
    return {attempts[0].fingerprint: attempts}
