"""From a YAML file to shots: text, data with places, a checked draft, shots.

Opens the manifest and what it names beside itself, and nothing else; knows no server, no store and
no clock.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from sora_batch.manifest.draft import Draft
from sora_batch.manifest.expand import Expansion, expansion
from sora_batch.manifest.load import load_draft
from sora_batch.manifest.settings import Loaded, Manifest
from sora_batch.problems import in_order

__all__ = ["load_manifest"]


def load_manifest(
    path: Path,
    *,
    profile: str | None = None,
    provider: str | None = None,
    variables: Mapping[str, str] | None = None,
    budget: Decimal | None = None,
    concurrency: int | None = None,
    environment: Mapping[str, str],
) -> Loaded:
    """The manifest at the path, every shot decided, and all its problems.

    The keywords stand over what the file says. `environment` fills `${NAME}` in addresses; keys
    are not read. Never raises for what is in the files; with problems, the manifest holds as much
    as could be made out.
    """
    with _nothing_collected():
        draft, problems = load_draft(
            path,
            profile=profile,
            provider=provider,
            variables=variables,
            budget=budget,
            concurrency=concurrency,
            environment=environment,
        )
        if draft is None:
            return Loaded(None, in_order(problems))
        made = expansion(draft)
        return Loaded(_manifest(draft, made), in_order([*problems, *made.problems]))


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Pauses the cyclic garbage collector.

    Everything made while loading stays; the collector walks all of it again and again and takes a
    third of the time for 10,000 shot specs.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _manifest(draft: Draft, made: Expansion) -> Manifest:
    return Manifest(
        name=draft.name,
        file=draft.file,
        folder=draft.folder,
        sha256=_digest(draft, made),
        provider=draft.provider,
        output=draft.output,
        shots=made.shots,
        budget=draft.budget,
        limits=draft.limits,
        on_unknown=draft.spec.on_unknown or "reconcile",
        cuts=made.cuts,
        disabled=made.disabled,
        profile=draft.profile,
    )


def _digest(draft: Draft, made: Expansion) -> str:
    """Over the YAML files, the command line, and the rows and fragments that were read."""
    files = sorted((str(path), digest) for path, digest in made.files.items())
    return hashlib.sha256(repr((draft.sha256, files)).encode()).hexdigest()
