"""From shots and history to a plan: actions, reasons, sums."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sora_batch.errors import UsageError
from sora_batch.manifest.settings import Cut, Limits
from sora_batch.planning.plan import Action, Plan, Step
from sora_batch.records import ZERO, AttemptId, AttemptState, FailureKind, History, Ledger, Money
from sora_batch.shots import FrameReference, ImageReference, JobId, Shot, ShotId, Size, Source
from tests.planning.values import (
    BLIND,
    HOSTED,
    at,
    attempt_of,
    clip_of,
    failed,
    history_of,
    manifest,
    plan,
    shot,
    step_of,
)

OWN_PRICE = {"price_per_second": Decimal("0.10")}
OPENROUTER_MODEL = "google/veo-3.1"


def first_step(made: Shot, **values: Any) -> Step:
    return step_of(plan(manifest(made), **values), made.id)


def actions(made: Plan) -> dict[str, str]:
    return {step.shot.id: step.action.value for step in made.steps}


def test_a_shot_that_was_never_made_is_made() -> None:
    step = first_step(shot("hero"))
    assert (step.action, step.reason, step.number) == (Action.MAKE, "no clip yet", 1)


def test_an_intact_clip_of_the_same_inputs_is_reused_for_nothing() -> None:
    made = manifest(shot("hero"), provider=OWN_PRICE)
    clip = clip_of(plan(made).steps[0])
    again = plan(made, history_of(clip))
    assert actions(again) == {"hero": "reuse"}
    assert again.steps[0].clip is clip
    assert again.estimate_usd == 0
    assert again.steps[0].reason == "nothing changed"


def test_a_clip_made_under_another_id_is_reused_and_the_reason_says_so() -> None:
    clip = clip_of(first_step(shot("hero", prompt="same")))
    step = first_step(shot("heroine", prompt="same"), history=history_of(clip))
    assert step.action is Action.REUSE
    assert step.reason == "`hero` has a clip with the same inputs"


def test_a_shot_that_shares_its_clip_with_another_has_nothing_to_take_over() -> None:
    shared = clip_of(first_step(shot("b", prompt="p")))
    own = replace(shared, shot_id=ShotId("a"))
    history = History(
        clips={shared.fingerprint: shared}, latest={own.shot_id: own, shared.shot_id: shared}
    )
    made = plan(manifest(shot("a", prompt="p"), shot("b", prompt="p")), history)
    assert [step.reason for step in made.steps] == ["nothing changed", "nothing changed"]


@pytest.mark.parametrize(
    ("origin", "words"), [("accepted", "accepted"), ("adopted", "adopted from the server")]
)
def test_where_a_kept_clip_is_from_is_said(origin: str, words: str) -> None:
    clip = clip_of(first_step(shot("hero")), origin=origin)
    assert words in first_step(shot("hero"), history=history_of(clip)).reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"prompt": "new"}, "prompt changed since the last clip"),
        (
            {"prompt": "new", "seconds": Decimal(4)},
            "prompt and seconds changed since the last clip",
        ),
        ({"seed": 7}, "seed changed since the last clip"),
        ({"options": {"fps": 24}}, "option fps changed since the last clip"),
        ({"model": "sora-2-pro"}, "model changed since the last clip"),
        ({"reference": ImageReference("a.png")}, "reference changed since the last clip"),
    ],
)
def test_the_reason_says_what_changed_since_the_latest_clip(
    changes: dict[str, Any], reason: str
) -> None:
    clip = clip_of(first_step(shot("hero")))
    step = first_step(shot("hero", **changes), history=history_of(clip))
    assert (step.action, step.reason) == (Action.MAKE, reason)


def test_tags_and_budget_and_white_space_change_nothing() -> None:
    clip = clip_of(first_step(shot("hero", prompt="dawn")))
    made = manifest(shot("hero", prompt=" dawn\n", tags=("x",)), budget=Decimal(1))
    assert actions(plan(made, history_of(clip))) == {"hero": "reuse"}


def test_a_clip_that_is_gone_from_disk_is_made_again() -> None:
    clip = clip_of(first_step(shot("hero")))
    step = first_step(shot("hero"), history=History(latest={clip.shot_id: clip}))
    assert step.action is Action.MAKE
    assert "missing" in step.reason


def test_other_pictures_bytes_are_another_clip() -> None:
    hero = shot("hero", reference=ImageReference("a.png"))
    before = first_step(hero, pictures={"a.png": "1"})
    step = first_step(hero, pictures={"a.png": "2"}, history=history_of(clip_of(before)))
    assert step.reason == "reference picture changed since the last clip"


def test_a_parent_that_is_made_again_makes_its_remixes_again() -> None:
    hero, british = shot("hero"), shot("british", remix_of="hero")
    before = plan(manifest(hero, british))
    history = history_of(*(clip_of(step) for step in before.steps))
    assert set(actions(plan(manifest(hero, british), history)).values()) == {"reuse"}
    after = plan(manifest(replace(hero, prompt="new"), british), history)
    assert actions(after) == {"hero": "make", "british": "make"}
    assert step_of(after, "british").reason == "the shot it remixes changed since the last clip"
    assert step_of(after, "british").needed == ("hero",)


def test_a_rendered_or_submitted_attempt_of_the_same_inputs_is_resumed_for_nothing() -> None:
    step = first_step(shot("hero"))
    for state, word in [
        (AttemptState.SUBMITTED, "rendering since 2026-11-23 09:30 UTC"),
        (AttemptState.RENDERED, "rendered and not downloaded yet"),
    ]:
        attempt = attempt_of(step, state, number=2)
        again = plan(manifest(shot("hero"), provider=OWN_PRICE), History(open=(attempt,)))
        assert (again.steps[0].action, again.steps[0].reason) == (Action.RESUME, word)
        assert again.steps[0].attempt is attempt
        assert (again.steps[0].number, again.estimate_usd) == (2, ZERO)
        assert again.salvage == ()


def test_an_order_whose_answer_was_lost_is_looked_for_where_the_server_can_show_it() -> None:
    intent = attempt_of(first_step(shot("hero")), AttemptState.SUBMITTING)
    held = replace(intent, state=AttemptState.HELD, note="the server answered 502")
    for attempt in (intent, held):
        made = plan(manifest(shot("hero"), shot("b", remix_of="hero")), History(open=(attempt,)))
        assert actions(made) == {"hero": "resume", "b": "make"}
        words = "the order's answer was lost; a run looks for its job first"
        assert made.steps[0].reason == words
        step = first_step(shot("hero"), history=History(open=(attempt,)), capabilities=BLIND)
        assert step.action is Action.HOLD
        assert "sora-batch resolve" in step.reason


def test_what_is_on_hold_stays_there_in_its_own_words_and_blocks_what_needs_it() -> None:
    hero, british = shot("hero"), shot("british", remix_of="hero")
    step = first_step(hero)
    attempt = attempt_of(step, AttemptState.HELD, note="the server answered 502")
    made = plan(
        manifest(hero, british, shot("far", remix_of="british")),
        History(open=(attempt,)),
        capabilities=BLIND,
    )
    assert actions(made) == {"hero": "hold", "british": "blocked", "far": "blocked"}
    assert made.steps[0].reason == "the server answered 502; `sora-batch resolve` shows what to do"
    assert made.steps[1].reason == "needs `hero`, which is on hold"
    assert made.steps[2].reason == "needs `british`, which cannot be made"


def test_a_job_on_hold_that_is_known_is_asked_about_once_more_for_nothing() -> None:
    step = first_step(shot("hero"))
    note = "not finished after 1800 s (job video_1)"
    attempt = attempt_of(step, AttemptState.HELD, note=note, job_id=JobId("video_1"))
    shots = manifest(shot("hero"), provider=OWN_PRICE)
    made = plan(shots, History(open=(attempt,)), capabilities=BLIND)
    assert made.steps[0].action is Action.RESUME
    assert made.steps[0].reason == f"{note}; a run asks about it once more"
    assert (made.steps[0].attempt, made.estimate_usd) == (attempt, ZERO)


def test_an_open_attempt_outlives_a_new_shot_id() -> None:
    attempt = attempt_of(first_step(shot("old", prompt="p")), AttemptState.SUBMITTED)
    step = first_step(shot("new", prompt="p"), history=History(open=(attempt,)))
    assert step.action is Action.RESUME
    assert step.reason.endswith("(begun as `old`)")


def test_of_several_open_attempts_the_one_nearest_to_a_clip_is_taken_and_none_is_lost() -> None:
    step = first_step(shot("hero"))
    held = attempt_of(step, AttemptState.HELD)
    rendered = attempt_of(step, AttemptState.RENDERED)
    for order in [(held, rendered), (rendered, held)]:
        made = plan(manifest(shot("hero")), History(open=order))
        assert made.steps[0].attempt is rendered
        assert made.salvage == (held,)


def test_open_attempts_of_earlier_inputs_are_fetched() -> None:
    attempt = attempt_of(first_step(shot("hero")), AttemptState.SUBMITTED)
    lost = attempt_of(first_step(shot("gone")), AttemptState.SUBMITTING)
    made = plan(manifest(shot("hero", prompt="new")), History(open=(attempt, lost)))
    assert actions(made) == {"hero": "make"}
    assert made.salvage == (attempt, lost)
    assert any("1 job of earlier inputs" in notice for notice in made.notices)
    assert any("may have been paid for" in notice for notice in made.notices)


def test_an_attempt_of_a_shot_that_is_not_selected_is_not_salvage() -> None:
    attempt = attempt_of(first_step(shot("hero")), AttemptState.SUBMITTED)
    both = manifest(shot("hero"), shot("other"))
    made = plan(both, History(open=(attempt,)), select=["other"])
    assert actions(made) == {"other": "make"}
    assert made.salvage == ()


@pytest.mark.parametrize(
    ("kind", "tries", "values", "action", "number"),
    [
        (FailureKind.TRANSIENT, 1, {}, Action.MAKE, 2),
        (FailureKind.TRANSIENT, 2, {}, Action.MAKE, 3),
        (FailureKind.TRANSIENT, 3, {}, Action.BLOCKED, 1),
        (FailureKind.REFUSED, 1, {}, Action.BLOCKED, 1),
        (FailureKind.INVALID, 1, {"job_id": None}, Action.BLOCKED, 1),
        (FailureKind.BROKEN_CLIP, 1, {}, Action.BLOCKED, 1),
        (FailureKind.TRANSIENT, 5, {"job_id": None}, Action.MAKE, 1),
        (FailureKind.UNAUTHORISED, 1, {"job_id": None}, Action.MAKE, 1),
        (FailureKind.OUT_OF_CREDIT, 4, {"job_id": None}, Action.MAKE, 1),
    ],
)
def test_what_failed_in_earlier_runs_goes_through_the_table(
    kind: FailureKind, tries: int, values: dict[str, Any], action: Action, number: int
) -> None:
    made = manifest(shot("hero"), kind="sora", provider={"base_url": "http://x/v1"})
    step = plan(made).steps[0]
    attempts = [
        attempt_of(step, AttemptState.FAILED, kind=kind, id=AttemptId(f"a{n}"), **values)
        for n in range(tries)
    ]
    again = plan(made, History(failed=failed(*attempts))).steps[0]
    assert (again.action, again.number) == (action, number)
    if action is Action.BLOCKED:
        assert again.reason == (
            f"failed before: the server said {kind}; change the shot or `sora-batch retry`"
        )
    elif number > 1:
        assert again.reason == f"try {number}, after: the server said {kind}"


def test_a_failed_shot_with_new_inputs_starts_afresh() -> None:
    step = first_step(shot("hero"))
    attempt = attempt_of(step, AttemptState.FAILED, kind=FailureKind.REFUSED)
    history = History(failed=failed(attempt))
    assert first_step(shot("hero"), history=history).action is Action.BLOCKED
    assert first_step(shot("hero", prompt="kinder"), history=history).action is Action.MAKE


def test_two_shots_with_the_same_inputs_are_rendered_once() -> None:
    made = plan(
        manifest(
            shot("a", prompt="p"),
            shot("b", prompt="p"),
            shot("c", remix_of="b"),
            shot("d", remix_of="a", prompt="prompt of c"),
            provider=OWN_PRICE,
        )
    )
    assert actions(made) == {"a": "make", "b": "reuse", "c": "make", "d": "reuse"}
    assert made.estimate_usd == Decimal("1.60")
    twin = step_of(made, "b")
    assert (twin.same_as, twin.clip, twin.needed) == ("a", None, ("a",))
    assert step_of(made, "d").needed == ("a", "c")
    assert made.critical_path == ("a", "c")


def test_a_twin_of_what_cannot_be_made_is_blocked_too() -> None:
    step = first_step(shot("a", prompt="p"))
    held = attempt_of(step, AttemptState.HELD)
    made = plan(
        manifest(shot("a", prompt="p"), shot("b", prompt="p")),
        History(open=(held,)),
        capabilities=BLIND,
    )
    assert actions(made) == {"a": "hold", "b": "blocked"}
    assert made.steps[1].reason == "same inputs as `a`, which is on hold"


def test_a_twin_is_made_where_only_the_others_needs_are_missing() -> None:
    lost = shot("lost")
    held = attempt_of(first_step(lost), AttemptState.HELD)
    made = plan(
        manifest(lost, shot("a", prompt="p", needs=(ShotId("lost"),)), shot("b", prompt="p")),
        History(open=(held,)),
        capabilities=BLIND,
    )
    assert actions(made) == {"lost": "hold", "a": "blocked", "b": "make"}


def test_old_prices_are_doubted() -> None:
    veo = manifest(shot("a", model=OPENROUTER_MODEL), kind="openrouter")
    late = plan(veo, today=date(2027, 2, 1))
    assert any("71 days ago, on 2026-11-22" in notice for notice in late.notices)
    assert not any("days ago" in notice for notice in plan(veo).notices)


def test_takes_are_independent() -> None:
    made = plan(manifest(*(shot(f"a.take{n}", prompt="p", take=n) for n in (1, 2, 3))))
    assert set(actions(made).values()) == {"make"}
    assert len({step.fingerprint for step in made.steps}) == 3


def test_a_clip_without_a_job_cannot_be_remixed() -> None:
    hero, british = shot("hero"), shot("british", remix_of="hero")
    clip = clip_of(first_step(hero), job_id=None)
    made = plan(manifest(hero, british), history_of(clip))
    assert actions(made) == {"hero": "reuse", "british": "blocked"}
    assert "no job on a server to remix" in made.steps[1].reason


def test_prices_are_summed_and_what_is_unknown_is_named() -> None:
    both = manifest(
        shot("a", model=OPENROUTER_MODEL),
        shot("b", model="bytedance/seedance-2.0"),
        kind="openrouter",
        budget=Decimal("10.00"),
    )
    made = plan(both)
    assert [step.price_usd for step in made.steps] == [Decimal("3.20"), None]
    assert (made.estimate_usd, made.unpriced) == (Decimal("3.20"), ("b",))
    first, second = made.totals
    assert (first.price_source, first.unpriced) == ("catalog, price of 2026-10-31", 0)
    assert (second.unpriced, second.estimate_usd) == (1, ZERO)
    assert "tokens" in second.why
    assert any(notice.startswith("no price known for bytedance/") for notice in made.notices)
    assert any(notice.startswith("the budget cannot be held") for notice in made.notices)
    assert made.list_prices == ()


def test_a_rehearsal_says_the_list_price_of_all_shots_reused_or_not() -> None:
    shots = [shot("a"), shot("b"), shot("c", model="sora-2-pro"), shot("d", model="my-model")]
    before = plan(manifest(*shots))
    made = plan(manifest(*shots), history_of(clip_of(before.steps[0])))
    assert [(p.model, p.shots, p.usd) for p in made.list_prices] == [
        ("sora-2", 2, Decimal("1.60")),
        ("sora-2-pro", 1, Decimal("2.40")),
    ]
    assert made.list_prices[0].since == date(2026, 8, 2)
    assert made.list_prices[0].closed == date(2026, 9, 24)
    assert made.list_price_usd == Decimal("4.00")
    assert made.estimate_usd == 0


@pytest.mark.parametrize(
    ("budget", "spent", "left", "over"),
    [
        ("1.60", "0", "1.60", "0"),
        ("2.00", "0.39", "1.61", "0"),
        ("2.00", "0.41", "1.59", "0.01"),
        ("1.00", "1.50", "-0.50", "1.60"),
        (None, "5", None, "0"),
    ],
)
def test_the_budget_holds_across_runs(
    budget: str | None, spent: str, left: str | None, over: str
) -> None:
    made = plan(
        manifest(
            shot("a"),
            shot("b"),
            provider=OWN_PRICE,
            budget=None if budget is None else Decimal(budget),
        ),
        History(ledger=Ledger(spent=Decimal(spent))),
    )
    assert made.budget_left_usd == (None if left is None else Decimal(left))
    assert made.over_budget_usd == Decimal(over)
    assert any(n.startswith("over budget") for n in made.notices) is bool(Decimal(over))


def test_held_and_uncertain_money_counts_against_the_budget() -> None:
    ledger = Ledger(*(Decimal(1) for _ in Money))
    made = plan(manifest(shot("a"), budget=Decimal(5)), History(ledger=ledger))
    assert made.budget_left_usd == Decimal(1)


def test_a_circle_gives_a_plan_without_steps_and_one_problem() -> None:
    made = plan(manifest(shot("a", remix_of="b"), shot("b", remix_of="a")))
    assert made.steps == ()
    assert [problem.code for problem in made.problems] == ["cycle"]


def test_the_server_is_asked_for_its_own_name_of_a_model() -> None:
    mapped = manifest(shot("a"), provider={"models": {"sora-2": "Wan-AI/Wan2.2"}})
    assert plan(mapped).steps[0].target.model == "Wan-AI/Wan2.2"
    short = manifest(shot("a", model="veo-3.1"), kind="openrouter")
    assert plan(short).steps[0].target.model == OPENROUTER_MODEL


def test_steps_carry_what_earlier_renders_took() -> None:
    history = History(render_seconds={("sora-2", "8"): 42.0})
    made = plan(manifest(shot("a"), shot("b", seconds=Decimal(4))), history)
    assert [step.render_s for step in made.steps] == [42.0, None]
    assert [step.chain_s for step in made.steps] == [42.0, 21.0]
    assert not made.expected_is_guess


def test_cuts_are_left_alone_and_that_is_said() -> None:
    made = plan(manifest(shot("a"), cuts=(Cut(name="teaser", shots=(ShotId("a"),)),)))
    said = "cut teaser: assemble it with `sora-batch cut {}`"
    assert made.notices == (said.format(made.manifest.file),)


def test_a_plan_with_a_selection_takes_along_what_is_needed_and_not_done() -> None:
    shots = [shot("hero"), shot("british", remix_of="hero"), shot("other")]
    made = plan(manifest(*shots), select=["british"])
    assert [(s.shot.id, s.taken_along) for s in made.steps] == [("hero", True), ("british", False)]
    assert made.notices == ("not selected, but needed and therefore taken along: hero",)
    done = plan(manifest(*shots), history_of(clip_of(made.steps[0])), select=["british"])
    assert actions(done) == {"hero": "reuse", "british": "make"}
    assert done.notices == ()
    with pytest.raises(UsageError, match="brittish"):
        plan(manifest(*shots), select=["brittish"])


def test_servers_that_were_retired_or_are_not_in_the_catalog_get_a_notice() -> None:
    azure = manifest(
        shot("a"), kind="azure", provider={"base_url": "https://x.azure.com/openai/v1"}
    )
    assert any("retirement date, 2026-11-02" in notice for notice in plan(azure).notices)
    earlier = plan(azure, today=date(2026, 11, 1))
    assert not any("retirement" in notice for notice in earlier.notices)
    new = plan(manifest(shot("a", model="google/veo-4"), kind="openrouter"))
    assert any("google/veo-4: not in the catalog of 2026-11-22" in n for n in new.notices)
    own = manifest(shot("a"), kind="vllm-omni", provider={"name": "gpu"})
    assert any("models: {sora-2: NAME}" in notice for notice in plan(own).notices)


def test_prices_of_a_service_are_doubted_at_another_address() -> None:
    relay = manifest(shot("a"), kind="openai", provider={"base_url": "https://relay.example/v1"})
    made = plan(relay)
    assert made.estimate_usd == Decimal("0.80")
    assert not made.problems
    assert any("https://relay.example/v1 may ask others" in notice for notice in made.notices)


def test_frames_of_other_clips_are_in_the_order_and_in_the_fingerprint() -> None:
    hero = shot("hero")
    after = shot("after", reference=FrameReference(ShotId("hero")), places={"reference": at(20)})
    one = step_of(plan(manifest(after, hero)), "after")
    assert one.needed == ("hero",)
    other = step_of(plan(manifest(after, replace(hero, prompt="x"))), "after")
    assert one.fingerprint != other.fingerprint


def test_ten_thousand_shots_are_planned_within_a_second_of_processor_time() -> None:
    shots = [
        shot(f"s.{n}", remix_of=f"s.{n - 1}" if n % 10 else None, size=Size(1280, 720))
        for n in range(10_000)
    ]
    large = manifest(*shots, limits=Limits(concurrency=100))
    began = time.process_time()
    made = plan(large)
    took_s = time.process_time() - began
    assert len(made.steps) == 10_000
    assert took_s < 2.0, "0.3 s when it was written; this only catches an accident"


def test_hosted_capabilities_are_not_a_rehearsal() -> None:
    made = plan(manifest(shot("a"), kind="openai"), capabilities=HOSTED)
    assert made.list_price_usd is None
    assert made.steps[0].list_price_usd is None


def test_a_source_made_elsewhere_needs_no_shot() -> None:
    elsewhere = shot("a", source=Source("remix", job=JobId("v9")))
    step = first_step(elsewhere)
    assert (step.action, step.needed, step.inputs["remix_of"]) == (Action.MAKE, (), "v9")
