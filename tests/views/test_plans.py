"""Plans as people read them, as JSON, and as graphs."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sora_batch.manifest.settings import Cut, Limits
from sora_batch.planning.plan import Plan
from sora_batch.records import AttemptState, History, Ledger
from sora_batch.shots import FrameReference, ImageReference, JobId, ShotId, Size
from sora_batch.views.paint import Paint
from sora_batch.views.plans import graph_dot, graph_mermaid, plan_json, plan_text
from sora_batch.views.text import cells
from tests.planning.values import (
    BLIND,
    attempt_of,
    clip_of,
    history_of,
    manifest,
    plan,
    shot,
    step_of,
)

OWN_PRICE = {"price_per_second": Decimal("0.10")}
RENDERED_IN = {("sora-2", "8"): 90.0}


def campaign() -> Plan:
    """Some of everything, with a budget."""
    hero = shot("hero")
    shots = [
        hero,
        shot("hero-british", remix_of="hero"),
        shot("kept"),
        shot("city.lisbon", prompt="same"),
        shot("city.oslo", prompt="same"),
        shot("lost"),
        shot("after", needs=(ShotId("lost"),)),
    ]
    made = manifest(
        *shots, provider=OWN_PRICE, budget=Decimal("25.00"), limits=Limits(concurrency=2)
    )
    before = plan(made)
    history = history_of(
        clip_of(step_of(before, "kept")),
        open=(attempt_of(step_of(before, "lost"), AttemptState.HELD, note="no answer"),),
        ledger=Ledger(spent=Decimal("1.60"), held=Decimal("0.80")),
        render_seconds=RENDERED_IN,
    )
    return plan(made, history, capabilities=BLIND)


def test_a_plan_as_a_person_reads_it() -> None:
    assert plan_text(campaign()) == (
        """\
harbour on local: 7 shots
all sora-2, 1280x720, 8 s

SHOT          ACTION   PRICE  WHY
hero          make     $0.80  no clip yet
hero-british  make     $0.80  no clip yet
kept          reuse           nothing changed
city.lisbon   make     $0.80  no clip yet
city.oslo     reuse           same inputs as `city.lisbon`: one render for both
lost          hold            no answer; `sora-batch resolve` shows what to do
after         blocked         needs `lost`, which is on hold

3 to make, 2 reused for nothing, 1 on hold, 1 blocked

estimate: $2.40 (your own price)
budget: $22.60 left of $25.00 ($2.40 is spent or may be), $20.20 after this run
time: about 3 min with 2 at once; the longest chain, 2 shots from hero to
hero-british, takes 3 min
the same 7 shots on sora-2 at list price: $5.60, price of 2026-08-02, service
closed 2026-09-24"""
    )


def test_ids_stay_readable_where_there_are_many_columns() -> None:
    made = plan(
        manifest(
            shot("opener.calm.lens=24mm.seconds=4.take2", seconds=Decimal(4)),
            shot("opener.bold.lens=135mm.seconds=12.take1", model="sora-2-pro"),
            shot("descent", size=Size(720, 1280), prompt="p"),
            shot("city.東京のとても長い名前の通りをもう少し", size=Size(720, 1280), prompt="p"),
        )
    )
    assert plan_text(made).split("\n\n")[1] == (
        """\
SHOT                                 ACTION  MODEL       SIZE      LENGTH  PRICE
opener.calm.lens=…m.seconds=4.take2  make    sora-2      1280x720  4 s      free
opener.bold.lens=….seconds=12.take1  make    sora-2-pro  1280x720  8 s      free
descent                              make    sora-2      720x1280  8 s      free
city.東京のとても…の通りをもう少し   reuse   sora-2      720x1280  8 s
    same inputs as `descent`: one render for both
why, where nothing else is said: no clip yet"""
    )


def test_models_are_summed_where_there_are_several_and_unknown_prices_are_said() -> None:
    made = plan(
        manifest(
            shot("a", model="veo-3.1"),
            shot("b", model="seedance-2.0"),
            shot("c", model="seedance-2.0"),
            kind="openrouter",
            budget=Decimal(10),
        )
    )
    text = plan_text(made)
    assert re.search(r"veo-3\.1 +1 shot +8 s +\$3\.20 +catalog, price of 2026-10-31", text)
    assert re.search(r"seedance-2\.0 +2 shots +16 s +unknown", text)
    assert "estimate: $3.20 + 2 shots without a known price" in text
    assert "note: no price known for seedance-2.0: it costs $7.00 per million" in text


def test_no_known_price_is_never_a_zero() -> None:
    text = plan_text(plan(manifest(shot("a"), kind="sglang", budget=Decimal(1))))
    assert "estimate: unknown, no price is known for 1 shot" in text
    assert "$0.00" not in text


def test_a_plan_that_is_over_budget_says_by_how_much() -> None:
    made = plan(manifest(shot("a"), shot("b"), provider=OWN_PRICE, budget=Decimal("1.00")))
    text = plan_text(made)
    assert "budget: $1.00 left of $1.00; that is $0.60 too little" in text
    assert "note: over budget: this needs $1.60 and $1.00 is left of $1.00" in text


def test_a_plan_with_nothing_to_make() -> None:
    made = plan(manifest(shot("a")))
    text = plan_text(plan(manifest(shot("a")), history_of(clip_of(made.steps[0]))))
    assert "estimate: $0.00, nothing to make" in text
    assert "time:" not in text


def test_a_plan_without_steps_can_be_shown() -> None:
    made = plan(manifest(shot("a", remix_of="b"), shot("b", remix_of="a")))
    assert "no shots" in plan_text(made)
    assert plan_json(made)["steps"] == []
    assert graph_mermaid(made) == "flowchart LR"


def test_what_is_taken_along_and_left_alone_is_said() -> None:
    made = plan(
        manifest(
            shot("hero"),
            shot("kid", remix_of="hero"),
            cuts=(Cut(name="teaser", shots=(ShotId("hero"),)),),
        ),
        select=["kid"],
    )
    text = plan_text(made)
    assert "no clip yet (taken along)" in text
    assert "note: cut teaser: assemble it with `sora-batch cut " in text


def test_a_long_plan_is_told_by_shot_spec_and_names_what_needs_a_look() -> None:
    shots = [shot(f"city.r{n}") for n in range(300)] + [shot("hero"), shot("odd")]
    made = manifest(*shots, provider=OWN_PRICE)
    before = plan(made)
    history = history_of(
        *(clip_of(step) for step in before.steps[:20]),
        open=(attempt_of(before.steps[-1], AttemptState.HELD, note="no answer"),),
    )
    text = plan_text(plan(made, history, capabilities=BLIND))
    assert (
        """\
SHOT SPEC  SHOTS    PRICE  WHAT AND WHY
city         300  $224.00  make 280: no clip yet; reuse 20
hero           1    $0.80  make: no clip yet
odd            1           hold: no answer; `sora-batch resolve` shows what to
                           do

every shot: `sora-batch plan manifests/harbour.yaml --all`; some of them:
`--select city`, `--select state:make`

odd: hold: no answer; `sora-batch resolve` shows what to do
"""
        in text
    )
    assert len(text.splitlines()) < 30


def test_a_plan_of_very_many_specs_still_fits_on_two_screens() -> None:
    made = plan(manifest(*(shot(f"s{n}") for n in range(10_000))))
    text = plan_text(made)
    assert "… and 9,960 more shot specs" in text
    assert len(text.splitlines()) < 65


def test_a_servers_words_cannot_steer_the_screen() -> None:
    step = plan(manifest(shot("a"))).steps[0]
    attempt = attempt_of(step, AttemptState.HELD, note="\x1b[2Jgone\nnext", job_id=JobId("x"))
    text = plan_text(plan(manifest(shot("a")), History(open=(attempt,))))
    assert "\x1b" not in text
    assert "·[2Jgone next" in text


def test_colour_takes_no_columns() -> None:
    made = campaign()
    painted = plan_text(made, paint=Paint(on=True))
    assert painted != plan_text(made)
    assert re.sub(r"\x1b\[\d+m", "", painted) == plan_text(made)


names = st.text(st.sampled_from("ab.=…東京é1"), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(st.lists(names, min_size=1, max_size=8, unique=True), st.integers(60, 120), st.data())
def test_no_line_is_wider_than_the_terminal(ids: list[str], width: int, data: Any) -> None:
    models = st.sampled_from(["sora-2", "sora-2-pro", "black-forest-labs/flux-3-video"])
    shots = [
        shot(one, spec=one[:3], model=data.draw(models), prompt=data.draw(st.sampled_from("pq")))
        for one in ids
    ]
    text = plan_text(plan(manifest(*shots, provider=OWN_PRICE, budget=Decimal(3))), width)
    assert [line for line in text.splitlines() if cells(line) > width] == []


def test_the_json_has_stable_keys_and_exact_money() -> None:
    made = plan_json(campaign())
    assert json.loads(json.dumps(made)) == made
    assert {
        key: made[key] for key in ("manifest", "estimate_usd", "budget_left_usd", "counts")
    } == {
        "manifest": "harbour",
        "estimate_usd": "2.40",
        "budget_left_usd": "22.60",
        "counts": {"make": 3, "resume": 0, "reuse": 2, "hold": 1, "blocked": 1},
    }
    assert set(made) <= set(re.findall(r"`(\w+)`", plan_json.__doc__ or ""))
    steps: Any = made["steps"]
    assert set(steps[0]) <= set(re.findall(r"`(\w+)`", plan_json.__doc__ or ""))
    assert steps[1] == {
        "shot": "hero-british",
        "spec": "hero-british",
        "where": "manifests/harbour.yaml:10:5",
        "tags": [],
        "action": "make",
        "reason": "no clip yet",
        "model": "sora-2",
        "server_model": "sora-2",
        "size": "1280x720",
        "seconds": "8",
        "price_usd": "0.80",
        "list_price_usd": "0.80",
        "attempt": 1,
        "job": None,
        "needed": ["hero"],
        "same_as": None,
        "taken_along": False,
        "chain_s": 90.0,
        "fingerprint": steps[1]["fingerprint"],
    }


def test_json_of_what_is_salvaged() -> None:
    step = plan(manifest(shot("old"))).steps[0]
    attempt = attempt_of(step, AttemptState.SUBMITTED)
    made = plan_json(plan(manifest(shot("new")), History(open=(attempt,))))
    assert made["salvage"] == [
        {"shot": "old", "state": "submitted", "job": "video_1", "price_usd": "0.80"}
    ]


@pytest.mark.parametrize("graph", [graph_mermaid, graph_dot])
def test_a_graph_names_every_shot_and_every_need_once(graph: Any) -> None:
    text = graph(campaign())
    for name in ("hero", "hero-british", "kept", "city.lisbon", "city.oslo", "lost", "after"):
        assert len(re.findall(rf'"{re.escape(name)}[<\\]', text)) == 1
    assert len(re.findall("-->|->", text)) == 3


def test_the_graph_as_mermaid() -> None:
    made = plan(
        manifest(
            shot('a"<b>#`'),
            shot("kid", remix_of='a"<b>#`'),
            shot("next", reference=FrameReference(ShotId("kid"))),
            shot("last", needs=(ShotId("next"),), reference=ImageReference("x.png")),
            provider=OWN_PRICE,
        )
    )
    assert graph_mermaid(made) == (
        """\
flowchart LR
  n0["a#quot;#lt;b#gt;#35;#96;<br/>make $0.80"]:::make
  n1["kid<br/>make $0.80"]:::make
  n2["next<br/>make $0.80"]:::make
  n3["last<br/>make $0.80"]:::make
  n0 -->|remix| n1
  n1 -->|frame| n2
  n2 -->|needs| n3
  classDef make fill:#cfe8ff,stroke:#555,color:#111"""
    )


def test_the_graph_as_dot_escapes_ids() -> None:
    made = plan(manifest(shot('a"\\b', prompt="p"), shot("twin", prompt="p")))
    text = graph_dot(made)
    assert '  n0 [label="a\\"\\\\b\\nmake $0.00", fillcolor="#cfe8ff"];' in text
    assert '  n0 -> n1 [label="same"];' in text


def test_every_shot_of_a_long_plan_is_shown_on_demand() -> None:
    made = plan(manifest(*(shot(f"city.r{n}") for n in range(70))))
    assert "city.r42" not in plan_text(made)
    assert "city.r42  make     free  no clip yet" in plan_text(made, every_shot=True)
