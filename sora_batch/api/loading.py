"""From a file to a manifest, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from sora_batch.api.music import inspect_music
from sora_batch.api.pictures import inspect_pictures
from sora_batch.api.plans import plan_of
from sora_batch.api.secrets import environment_for
from sora_batch.errors import ProblemsFound
from sora_batch.manifest import load_manifest
from sora_batch.manifest.json_schema import manifest_schema
from sora_batch.manifest.settings import Loaded, Manifest
from sora_batch.problems import Problem, in_order
from sora_batch.records import History
from sora_batch.shots import Json


def load(
    manifest: str | Path,
    *,
    profile: str | None = None,
    provider: str | None = None,
    variables: Mapping[str, str] | None = None,
    budget: Decimal | None = None,
    concurrency: int | None = None,
) -> Manifest:
    """The manifest, every shot of it decided.

    The keywords stand over what the file says, as on the command line: a profile's name, another
    provider, variables for templates, a budget in USD, jobs rendering at once. The environment,
    and a `.env` beside the manifest, are read only for addresses (`${NAME}`). Raises
    ProblemsFound with all problems at once, UsageError for a `.env` that cannot be read.
    """
    loaded = _loaded(
        manifest,
        profile=profile,
        provider=provider,
        variables=variables,
        budget=budget,
        concurrency=concurrency,
    )
    if loaded.problems or loaded.manifest is None:
        raise ProblemsFound(loaded.problems)
    return loaded.manifest


def check(
    manifest: str | Path,
    *,
    profile: str | None = None,
    provider: str | None = None,
    variables: Mapping[str, str] | None = None,
    budget: Decimal | None = None,
    concurrency: int | None = None,
) -> tuple[Problem, ...]:
    """Every problem of the manifest, its pictures and its plan, sorted by place. Offline, free."""
    loaded = _loaded(
        manifest,
        profile=profile,
        provider=provider,
        variables=variables,
        budget=budget,
        concurrency=concurrency,
    )
    if loaded.manifest is None:
        return in_order(loaded.problems)
    pictures, problems = inspect_pictures(loaded.manifest)
    plan = plan_of(loaded.manifest, History(), pictures=pictures, select=())
    music = inspect_music(loaded.manifest.cuts)
    told = {problem.code for problem in loaded.problems}
    # An address that cannot be put together is missing nowhere else.
    planned = [p for p in plan.problems if p.code != "base-url" or "variable" not in told]
    return in_order((*loaded.problems, *problems, *music, *planned))


def schema() -> dict[str, Json]:
    """The manifest's JSON Schema, for editors."""
    return manifest_schema()


def _loaded(
    manifest: str | Path,
    *,
    profile: str | None,
    provider: str | None,
    variables: Mapping[str, str] | None,
    budget: Decimal | None,
    concurrency: int | None,
) -> Loaded:
    loaded = load_manifest(
        Path(manifest),
        profile=profile,
        provider=provider,
        variables=variables,
        budget=budget,
        concurrency=concurrency,
        environment=environment_for(Path(manifest)),
    )
    if loaded.manifest is None:
        return loaded
    arguments: dict[str, Json] = {
        "profile": profile,
        "provider": provider,
        "variables": dict(variables or {}),
        "budget": None if budget is None else str(budget),
        "concurrency": concurrency,
    }
    return replace(loaded, manifest=replace(loaded.manifest, arguments=arguments))
