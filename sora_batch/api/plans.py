"""From a manifest and what the store remembers to a plan. Nothing is spent and nothing is sent."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sora_batch import api
from sora_batch.api.music import inspect_music
from sora_batch.api.pictures import inspect_pictures, unfetched, unpinned
from sora_batch.catalog.cached import current_catalog
from sora_batch.clock import SystemClock
from sora_batch.errors import ProblemsFound, UsageError
from sora_batch.manifest.load import load_draft
from sora_batch.manifest.settings import Manifest
from sora_batch.outputs import Outputs
from sora_batch.planning import make_plan
from sora_batch.planning.explain import Explanation, explain_shot
from sora_batch.planning.plan import Action, Plan, Step
from sora_batch.providers import address_of, capabilities
from sora_batch.records import History
from sora_batch.shots import ImageReference
from sora_batch.store import read_store
from sora_batch.views.text import shown_path

__all__ = [
    "Action",
    "Plan",
    "Step",
    "explain",
    "plan",
    "plan_of",
    "read_history",
    "store_path",
]


def plan(manifest: Manifest, *, select: Sequence[str] = ()) -> Plan:
    """What a run would do now, why, and for how much.

    `select` is as on the command line. A picture named by URL is fetched the first time. Raises
    ProblemsFound, UsageError (a selection that matches nothing), StoreBroken.
    """
    missing = unfetched(manifest)
    problems = api.fetch_pictures(manifest, only=unpinned(manifest, missing)) if missing else ()
    pictures, wrong = inspect_pictures(manifest)
    history = read_history(manifest)
    made = plan_of(manifest, history, pictures=pictures, select=select)
    if missing:
        # A picture that is known and lost from the cache is fetched only where it is sent.
        problems += api.fetch_pictures(manifest, only=_sent(made))
    if problems := (*problems, *wrong, *inspect_music(manifest.cuts), *made.problems):
        raise ProblemsFound(problems)
    places = (*_stores_elsewhere(manifest), *_shared(manifest, history))
    return replace(made, notices=(*made.notices, *places))


def _stores_elsewhere(manifest: Manifest) -> list[str]:
    """That the manifest seems to have been run in another folder, where its clips are."""
    if manifest.output.is_absolute() or store_path(manifest).exists():
        return []
    here, beside = Path.cwd(), manifest.folder.resolve()
    places = dict.fromkeys([beside, *beside.parents, *here.parents])
    there = next((one for one in places if (one / store_path(manifest)).exists()), None)
    if there is None:
        return []
    return [
        f"{manifest.output} is new here, and {there / manifest.output} has clips: if they are this "
        f"manifest's, run it in {there} to reuse them; here they are paid for again"
    ]


def _shared(manifest: Manifest, history: History) -> list[str]:
    """That another manifest writes the same folder: the last run was of it, and it still would."""
    folder = manifest.output.resolve()
    other = Path(os.path.normpath(folder / history.last_file))
    if not history.last_file or not other.is_file() or other.samefile(manifest.file):
        return []
    draft, _ = load_draft(other, environment={})
    if draft is None or draft.output.resolve() != folder:
        return []
    return [
        f"the last run in {manifest.output} was of {shown_path(other)}: the two manifests share "
        "its ledger and budget, and each moves the other's clips to `earlier/`; to keep them "
        "apart, give this one its own `name:` or `output:`"
    ]


def _sent(made: Plan) -> set[str]:
    """The pictures that a run of the plan would send."""
    return {
        step.shot.reference.image
        for step in made.steps
        if step.action is Action.MAKE and isinstance(step.shot.reference, ImageReference)
    }


def explain(manifest: Manifest, shot: str) -> Explanation:
    """Why this shot would (not) be made again: what changed, old and new, with places.

    Raises UsageError for a shot that the manifest does not have.
    """
    pictures, _ = inspect_pictures(manifest)
    history = read_history(manifest)
    made = plan_of(manifest, history, pictures=pictures, select=())
    return explain_shot(made, history, shot)


def plan_of(
    manifest: Manifest,
    history: History,
    *,
    pictures: Mapping[str, str],
    select: Sequence[str],
) -> Plan:
    """A plan from values; its problems are in it."""
    today = SystemClock().now().date()
    made = make_plan(
        manifest,
        history,
        current_catalog(manifest.provider.kind, today=today),
        capabilities(manifest.provider.kind),
        pictures=pictures,
        selection=select,
        today=today,
        base_url=address_of(manifest.provider),
        store=store_path(manifest),
    )
    return replace(made, as_of=history.as_of)


def read_history(manifest: Manifest) -> History:
    """What the store remembers; nothing where there is no store."""
    reader = read_store(manifest.output)
    if reader is None:
        return History()
    try:
        return reader.history(intact=Outputs(manifest.output).intact)
    finally:
        reader.close()


def require_settled(step: Step) -> None:
    """Raises UsageError for a shot whose inputs nobody knows before another shot's clip is there.

    Whatever were kept for them would not be what the next plan asks for.
    """
    if step.awaits is not None:
        raise UsageError(
            f"`{step.shot.id}` depends on a frame of `{step.awaits}`, which has no clip yet",
            fix=f"run or accept `{step.awaits}` first",
        )


def store_path(manifest: Manifest) -> Path:
    """Where the manifest's store is, whether or not it is there yet."""
    return manifest.output / "state.db"
