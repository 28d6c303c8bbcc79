"""What a provider cannot make is found before it is asked, at its place, with a fix."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest

from sora_batch.planning.capabilities import Capabilities
from sora_batch.problems import Problem, Where
from sora_batch.shots import FrameReference, ImageReference, JobId, ShotId, Size, Source
from tests.planning.values import FILE, TODAY, at, manifest, plan, shot

RELAY = {"base_url": "https://relay.example/v1"}
OPENAI_OPEN = date(2026, 9, 1)
PLACES = {
    name: at(20 + n)
    for n, name in enumerate(
        ["prompt", "model", "size", "seconds", "seed", "options", "reference", "remix_of"]
    )
}


def problems(
    *, kind: str = "local", today: date = TODAY, caps: Any = None, **values: Any
) -> list[Problem]:
    """The problems of a manifest of one shot with these fields."""
    provider = values.pop("provider", {})
    made = manifest(shot("hero", places=PLACES, **values), kind=kind, provider=provider)
    return list(plan(made, today=today, capabilities=caps).problems)


@pytest.mark.parametrize(
    ("kind", "values", "message", "place", "fix"),
    [
        (
            "openai",
            {"seconds": Decimal(9)},
            "sora-2 cannot make a 9 second clip",
            "seconds",
            "use 4, 8, 12, 16 or 20",
        ),
        (
            "openai",
            {"size": Size(1920, 1080)},
            "sora-2 cannot make 1920x1080",
            "size",
            "use 720x1280 or 1280x720; sora-2-pro can make 1920x1080",
        ),
        (
            "openai",
            {"model": "sora-3"},
            "OpenAI has no model `sora-3`",
            "model",
            "did you mean `sora-2`?",
        ),
        (
            "openai",
            {"seed": 7},
            "openai does not know seeds",
            "seed",
            "take `seed` out; `takes` makes several tries",
        ),
        (
            "openai",
            {"prompt": "x" * 32_001},
            "a prompt of 32,001 characters is too long",
            "prompt",
            "use at most 32,000",
        ),
        (
            "openrouter",
            {"model": "veo-3.1", "size": Size(640, 480)},
            "veo-3.1 cannot make 640x480",
            "size",
            "use a size with the shorter side 720, 1080 or 2160, such as 1280x720",
        ),
        (
            "openrouter",
            {"model": "veo-3.1", "seconds": Decimal(5)},
            "veo-3.1 cannot make a 5 second clip",
            "seconds",
            "use 4, 6 or 8",
        ),
        (
            "openrouter",
            {"model": "sora-2"},
            "OpenRouter has no model `sora-2`",
            "model",
            "did you mean `sora-2-pro`?",
        ),
        (
            "openrouter",
            {"model": "sora-2-pro"},
            "sora-2-pro was shut down on 2026-09-24",
            "model",
            "`sora-batch models openrouter` lists what can be used instead",
        ),
        (
            "local",
            {"seconds": Decimal(9)},
            "sora-2 cannot make a 9 second clip",
            "seconds",
            "use 4, 8, 12, 16 or 20",
        ),
        (
            "local",
            {"model": "hailuo-2.3", "seconds": Decimal(6), "size": Size(1080, 1920)},
            "hailuo-2.3 cannot make 1080x1920",
            "size",
            "use a size with the shorter side 1080 and the shape 16:9, such as 1920x1080",
        ),
        (
            "local",
            {"options": {"seconds": 4}},
            "`seconds` is a field of the shot, not an option",
            "options",
            "write `seconds:` beside `options`",
        ),
        (
            "local",
            {"options": {"n": 2}},
            "option `n` would make several clips in one job; one is kept",
            "options",
            "use `takes` for several tries",
        ),
        (
            "local",
            {"reference": FrameReference(ShotId("hero"), Decimal(8))},
            "`at: 8` is after the end of `hero`, which is 8 s long",
            "reference",
            "use a time before 8, or `last`",
        ),
        (
            "local",
            {"reference": ImageReference("a.png"), "source": Source("remix", job=JobId("v"))},
            "`remix_of` takes its picture from its source, not from a reference",
            "reference",
            "take `reference` or `remix_of` out",
        ),
    ],
)
def test_what_cannot_be_made(
    kind: str, values: dict[str, Any], message: str, place: str, fix: str
) -> None:
    found = [p for p in problems(kind=kind, today=OPENAI_OPEN, **values) if p.code != "cycle"]
    if "sora-2-pro was" in message:
        found = problems(kind=kind, **values)
    (problem,) = found
    assert (problem.message, problem.where, problem.fix) == (message, PLACES[place], fix)


def test_nobody_is_sent_to_a_model_that_is_gone() -> None:
    (problem,) = problems(kind="openrouter", model="sora-2")
    assert problem.fix == (
        "`models: {sora-2: ITS NAME}` under `providers` says what it is called there; "
        "`sora-batch models openrouter` lists the names"
    )


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("openai", {"model": "sora-2-2025-12-08", "seconds": Decimal(20)}),
        ("openai", {"model": "sora-2-pro", "size": Size(1080, 1920), "seconds": Decimal(16)}),
        ("openrouter", {"model": "google/veo-9", "seconds": Decimal(77)}),
        ("openrouter", {"model": "minimax/hailuo-3-max", "size": Size(1366, 768)}),
        ("local", {"model": "my-own", "seconds": Decimal("3.5"), "size": Size(64, 36)}),
        ("local", {"model": "sora-2-pro", "seed": 1, "options": {"fps": 12, "n": 1}}),
        ("openai", {"reference": ImageReference("a.png")}),
    ],
)
def test_what_can_be_made_or_is_not_known_is_no_problem(kind: str, values: dict[str, Any]) -> None:
    assert problems(kind=kind, today=OPENAI_OPEN, **values) == []


def test_an_option_nobody_knows_is_found_where_the_options_are_known() -> None:
    caps = Capabilities(fields=frozenset({"guidance_scale", "fps"}))
    (misspelt,) = problems(
        kind="vllm-omni", caps=caps, model="wan", options={"guidence_scale": 3, "fps": 24}
    )
    assert misspelt.message == "vllm-omni does not know the option `guidence_scale`"
    assert misspelt.fix == "did you mean `guidance_scale`?"
    (strange,) = problems(kind="vllm-omni", caps=caps, model="wan", options={"zzz": 3})
    assert strange.fix == "it knows fps and guidance_scale"
    none = replace(caps, fields=frozenset())
    (forbidden,) = problems(kind="openai", provider=RELAY, caps=none, options={"fps": 3})
    assert forbidden.fix == "take it out"


def test_a_length_must_be_whole_where_the_server_wants_it() -> None:
    caps = Capabilities(whole_seconds=True)
    (problem,) = problems(kind="vllm-omni", caps=caps, model="wan", seconds=Decimal("4.5"))
    assert problem.message == "vllm-omni takes whole seconds only, not 4.5"
    assert problem.fix == "use 4 or 5"


def test_references_where_the_server_or_the_model_takes_none() -> None:
    picture = ImageReference("a.png")
    (server,) = problems(
        kind="vllm-omni", caps=Capabilities(reference=False), model="wan", reference=picture
    )
    assert server.message == "vllm-omni takes no reference picture"
    found = problems(kind="openrouter", model="sora-2-pro", reference=picture, today=OPENAI_OPEN)
    assert [p.message for p in found] == ["sora-2-pro takes no reference picture"]


@pytest.mark.parametrize("kind", ["remix", "edit", "extend"])
def test_a_server_that_cannot_work_on_clips_says_so(kind: Any) -> None:
    source = Source(kind, job=JobId("v1"))
    (problem,) = problems(kind="vllm-omni", caps=Capabilities(), model="wan", source=source)
    assert problem.message == f"vllm-omni cannot {kind} a clip"
    assert problem.fix == "describe the change in a prompt of its own"
    some = Capabilities(remix=kind != "remix", edit=kind == "remix")
    (problem,) = problems(kind="azure", provider=RELAY, caps=some, source=source)
    assert problem.fix == ("it can edit" if kind == "remix" else "it can remix")


def test_a_remix_keeps_the_size_and_the_length_of_its_source() -> None:
    made = manifest(
        shot("hero"),
        shot("tall", remix_of="hero", size=Size(720, 1280), places=PLACES),
        shot("long", remix_of="hero", seconds=Decimal(12), places=PLACES),
        shot("pro", remix_of="hero", model="sora-2-pro", places=PLACES),
        shot("longer", source=Source("extend", shot=ShotId("hero")), seconds=Decimal(12)),
    )
    found = plan(made).problems
    assert [p.message for p in found] == [
        "`remix_of` keeps the model of its source: `hero` has sora-2, this asks for sora-2-pro",
        "`remix_of` keeps the size of its source: `hero` has 1280x720, this asks for 720x1280",
        "`remix_of` keeps the seconds of its source: `hero` has 8, this asks for 12",
    ]
    fixes = ["write `model: sora-2`", "write `size: 1280x720`", "write `seconds: 8`"]
    assert [p.fix for p in found] == fixes


def test_a_rehearsal_on_a_misspelt_model_says_which_was_meant() -> None:
    assert plan(manifest(shot("a", model="Sora-2"))).notices == (
        "no service is known to sell `Sora-2`; did you mean `sora-2`?",
    )
    assert plan(manifest(shot("a", model="my-own-net"))).notices == ()


def test_a_closed_service_is_one_problem_that_says_what_can_be_used() -> None:
    made = manifest(*(shot(f"s{n}") for n in range(50)), kind="openai")
    (problem,) = plan(made).problems
    assert problem.message == "OpenAI closed its video service on 2026-09-24"
    assert str(problem.where) == f"{FILE}:3:5"
    assert "provider: local" in problem.fix
    assert plan(made, today=date(2026, 9, 23)).problems == ()
    assert plan(made, today=date(2026, 9, 24)).problems != ()


def test_a_provider_without_a_place_is_pointed_at_in_its_file() -> None:
    made = manifest(shot("a"), kind="openai", provider={"where": Where("")})
    (problem,) = plan(made).problems
    assert str(problem.where) == FILE


def test_a_server_of_ones_own_that_speaks_the_protocol_has_its_own_limits() -> None:
    assert problems(kind="openai", provider=RELAY, seconds=Decimal(9), model="veo") == []


def test_azure_keeps_its_limits_at_every_address() -> None:
    found = problems(kind="azure", provider=RELAY, seconds=Decimal(16))
    assert [p.fix for p in found] == ["use 4, 8 or 12"]


def test_the_same_problem_of_ten_thousand_shots_is_one_with_a_count() -> None:
    shots = [shot(f"city.r{n}", seconds=Decimal(9), places=PLACES) for n in range(10_000)]
    (problem,) = plan(manifest(*shots)).problems
    assert problem.message == "sora-2 cannot make a 9 second clip (`city.r0` and 9,999 more)"


def test_one_shot_of_many_is_named() -> None:
    shots = [shot(f"city.r{n}", seconds=Decimal(8 + (n == 7)), places=PLACES) for n in range(9)]
    (problem,) = plan(manifest(*shots)).problems
    assert problem.message == "sora-2 cannot make a 9 second clip (`city.r7`)"


def test_a_hundred_different_lengths_at_one_place_are_told_as_one_story() -> None:
    shots = [shot(f"city.r{n}", seconds=Decimal(100 + n), places=PLACES) for n in range(100)]
    found = plan(manifest(*shots)).problems
    assert len(found) == 5
    assert any("and others like it (`city.r4` and 95 more)" in p.message for p in found)


def test_a_server_without_an_address_is_a_problem() -> None:
    made = manifest(shot("a"), kind="azure", provider={"name": "office"})
    (problem,) = plan(made, base_url="").problems
    assert problem.message == "`office` (azure) has no address"
    assert problem.code == "base-url"
    assert plan(manifest(shot("a")), base_url="").problems == ()


def test_what_comes_nearest_to_working_on_a_clip_is_said() -> None:
    for kind, moment in (("remix", "first"), ("extend", "last")):
        source = Source(cast(Any, kind), shot=ShotId("hero"))
        hero, kid = shot("hero", model="wan"), shot("kid", model="wan", source=source)
        made = manifest(hero, kid, kind="vllm-omni", provider=RELAY)
        (problem,) = plan(made, capabilities=Capabilities()).problems
        assert problem.fix.endswith(f"`reference: {{frame_of: hero, at: {moment}}}`")


@pytest.mark.parametrize("model", ["my-deployment", "sora-2-pro"])
def test_a_deployment_has_the_limits_of_what_the_service_has(model: str) -> None:
    (size,) = problems(kind="azure", provider=RELAY, model=model, size=Size(1792, 1024))
    assert size.message == f"{model} cannot make 1792x1024"
    (seconds,) = problems(kind="azure", provider=RELAY, model=model, seconds=Decimal(20))
    assert seconds.fix == "use 4, 8 or 12"
