"""A campaign in which everything has happened, for tests of the gallery."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sora_batch.manifest.settings import Manifest
from sora_batch.planning.plan import Plan, Step
from sora_batch.records import Attempt, AttemptState, Failure, FailureKind, History, Ledger, Money
from sora_batch.shots import ImageReference, JobId, Shot, ShotId, Size
from sora_batch.views.gallery import Gathered, Media
from tests.planning.values import NOW, attempt_of, clip_of, history_of, manifest, plan, shot

HOSTILE = '</script><img src=x onerror="alert(1)">\'&{{ 71*71 }}<!-- clips -->'
PRICE = Decimal("0.80")
LEDGER = Ledger(
    spent=Decimal("9.60"),
    reserved=Decimal("0.80"),
    held=Decimal("1.60"),
    uncertain=Decimal("0.80"),
    released=Decimal("2.40"),
)


def shots() -> tuple[Shot, ...]:
    """One of everything: alone, a chain, a table, a sweep of variants, takes, an axis."""
    wordings = {
        "warm": "The coffee blooms as water meets it, slowly, like waking. {lens} lens, wide open.",
        "exact": "A kettle pours a steady spiral. Bubbles rise at the rim. {lens} lens, wide open.",
    }
    return (
        shot("hero", reference=ImageReference("a/dawn.jpg"), tags=("film", "key"), seed=7),
        shot("rain", remix_of="hero", tags=("film",)),
        shot("snow", remix_of="rain", prompt=HOSTILE, tags=(HOSTILE,), template="{{ words }}"),
        *(
            shot(f"city.{row}", row=row, prompt=f"{row}, low sun. A runner passes, close.")
            for row in ("lisbon", "kyoto", "oslo")
        ),
        *(
            shot(
                f"pour.{variant}.lens={lens}.take{take}",
                variant=variant,
                axes=(("lens", lens),),
                take=take,
                prompt=words.format(lens=lens),
                tags=("ab",),
            )
            for variant, words in wordings.items()
            for lens in ("35mm", "100mm")
            for take in (1, 2)
        ),
        *(
            shot(f"story.take{take}", take=take, size=Size(720, 1280), model="sora-2-pro")
            for take in (1, 2)
        ),
        *(shot(f"reel.seconds={n}", axes=(("seconds", n),), seconds=Decimal(n)) for n in (4, 8)),
    )


def tried(step: Step, state: AttemptState, money: Money, **values: Any) -> Attempt:
    """An attempt that was rendered in a minute or two, if it got so far."""
    done = state in {AttemptState.DONE, AttemptState.RENDERED}
    took = timedelta(seconds=60 + 7 * (len(step.shot.id) % 9))
    known: dict[str, Any] = {
        "money": money,
        "price_usd": PRICE,
        "spent_usd": PRICE if done else None,
        "rendered_at": NOW + took if done else None,
        "model": step.shot.model,
        **values,
    }
    return attempt_of(step, state, **known)


def settled(made: Plan) -> tuple[History, dict[ShotId, tuple[Attempt, ...]]]:
    """What the store remembers of it: failures, holds, something rendering, the rest done."""
    attempts: dict[ShotId, tuple[Attempt, ...]] = {}
    clips, failures, still_open = [], {}, []
    refusal = Failure(FailureKind.REFUSED, "the server refused the prompt", HOSTILE, "prompt")
    broken = Failure(FailureKind.TRANSIENT, "the render failed", "CUDA out of memory")
    for step in made.steps:
        name = step.shot.id
        if name in {"reel.seconds=8", "snow"}:
            continue
        if name == "city.oslo":
            one = tried(step, AttemptState.FAILED, Money.UNCERTAIN, failure=refusal)
            attempts[name], failures[step.fingerprint] = (one,), (one,)
        elif name == "pour.exact.lens=35mm.take2":
            one = tried(step, AttemptState.HELD, Money.HELD, note="no answer within 180 s")
            attempts[name] = (one,)
            still_open.append(one)
        elif name == "story.take2":
            one = tried(step, AttemptState.SUBMITTED, Money.RESERVED)
            attempts[name] = (one,)
            still_open.append(one)
        else:
            first = tried(step, AttemptState.FAILED, Money.RELEASED, failure=broken)
            last = tried(step, AttemptState.DONE, Money.SPENT, number=2, job_id=JobId("video_2"))
            attempts[name] = (first, last) if name == "rain" else (last,)
            differs = "10.00 s instead of 8 s" if name == "pour.warm.lens=35mm.take1" else ""
            clips.append(clip_of(step, attempt_id=last.id, spent_usd=PRICE, differs=differs))
    history = history_of(*clips, open=tuple(still_open), failed=failures, ledger=LEDGER)
    return history, attempts


def everything(**values: Any) -> Gathered:
    """All of it, as the page is told."""
    return gathered_of(manifest(*shots(), budget=Decimal(25), **values))


def gathered_of(made: Manifest, *, running: str | None = "anna on studio-7") -> Gathered:
    """A manifest's shots with what became of them; everything that is done can be played."""
    history, attempts = settled(plan(made))
    steps = plan(made, history).steps
    media = {
        step.shot.id: Media(
            clip=f"./{step.shot.id}.mp4",
            poster=f"./{step.shot.id}.webp",
            strip=f"./.cache/{step.shot.id}.webp",
            frames=12,
        )
        for step in steps
        if step.clip is not None
    }
    return Gathered(
        manifest=made,
        steps=steps,
        ledger=LEDGER,
        at=NOW,
        attempts=attempts,
        media=media,
        running=running,
    )


def many(count: int) -> Gathered:
    """So many shots of a table, all done."""
    made = manifest(
        *(
            shot(f"city.r{n}", row=f"r{n}", prompt=f"Row {n} of a table, in low sun, from behind.")
            for n in range(count)
        )
    )
    return replace(gathered_of(made), running=None)
