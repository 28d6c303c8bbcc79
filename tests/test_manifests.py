"""Plans and runs everything in manifests/: what is shipped is what works."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import sora_batch
from sora_batch.media.clips import verify
from sora_batch.planning.plan import Action
from sora_batch.shots import ImageReference

FOLDER = Path(__file__).parent.parent / "manifests"
PROFILES: dict[str, list[str | None]] = {
    "hello": [None],
    "ab-test": [None, "draft"],
    "storyboard": [None],
    "campaign": [None, "draft", "final"],
}
SHOTS = {"hello": 2, "ab-test": 12, "storyboard": 7, "campaign": 16}
FREE: dict[str, str | None] = {name: profiles[-1] for name, profiles in PROFILES.items()} | {
    "campaign": "draft"
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs go to the working directory, so the tests work in one of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STUDIO_KEY", "a-key-for-tests")


def test_every_manifest_is_known_here() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(PROFILES)


@pytest.mark.parametrize(
    ("name", "profile"), [(name, each) for name, every in PROFILES.items() for each in every]
)
def test_a_manifest_plans_without_a_problem_and_within_its_budget(
    name: str, profile: str | None
) -> None:
    manifest = FOLDER / f"{name}.yaml"
    assert sora_batch.check(manifest, profile=profile) == ()
    loaded = sora_batch.load(manifest, profile=profile)
    plan = sora_batch.plan(loaded)
    assert len(plan.steps) == SHOTS[name]
    assert {step.action for step in plan.steps} == {Action.MAKE}
    assert not plan.unpriced
    assert plan.estimate_usd <= (loaded.budget or Decimal(0))


def test_the_final_campaign_has_a_price_and_the_rehearsal_has_none() -> None:
    prices = [
        sora_batch.plan(sora_batch.load(FOLDER / "campaign.yaml", profile=profile)).estimate_usd
        for profile in (None, "final")
    ]
    assert prices == [Decimal(0), Decimal("11.60")]


def test_the_storyboard_ends_on_the_picture_it_began_with() -> None:
    steps = sora_batch.plan(sora_batch.load(FOLDER / "storyboard.yaml")).steps
    morning = next(step for step in steps if step.shot.id == "morning")
    assert morning.awaits == "island"
    assert {"island", "lamp"} == set(morning.needed)


@pytest.mark.parametrize("name", PROFILES)
def test_a_manifest_runs_and_the_second_time_makes_nothing(name: str) -> None:
    manifest = sora_batch.load(FOLDER / f"{name}.yaml", profile=FREE[name])
    report = sora_batch.run_sync(sora_batch.plan(manifest))
    assert report.exit_code == 0
    assert (report.finished.done, report.finished.failed) == (SHOTS[name], 0)
    for shot in manifest.shots:
        clip = verify({"path": str(manifest.output / f"{shot.id}.mp4"), "fsync": False})
        assert (clip["width"], clip["height"]) == shot.size, shot.id
        assert Decimal(str(clip["seconds"])) == shot.seconds, shot.id
    again = sora_batch.plan(manifest)
    assert {step.action for step in again.steps} == {Action.REUSE}


def test_pictures_are_small_and_all_of_them_are_used() -> None:
    manifest = sora_batch.load(FOLDER / "campaign.yaml")
    used = {
        Path(shot.reference.image).resolve()
        for shot in manifest.shots
        if isinstance(shot.reference, ImageReference)
    }
    assets = set((FOLDER / "assets").iterdir())
    assert used == assets
    assert all(path.stat().st_size < 150_000 for path in assets)
