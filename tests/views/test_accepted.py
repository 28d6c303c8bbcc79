"""The words of `accept`."""

from __future__ import annotations

from decimal import Decimal

from sora_batch.views.accepted import accepted_text
from tests.planning.values import clip_of, manifest, plan, shot

COMMAND = "sora-batch accept harbour.yaml s1 s2"


def test_the_first_are_named_and_the_others_counted_with_their_price() -> None:
    shots = [shot("hero"), *(shot(f"s{n}", remix_of="hero") for n in range(7))]
    made = plan(manifest(*shots, provider={"price_per_second": Decimal("0.10")}))
    hero, *others = made.steps
    text = accepted_text([clip_of(hero)], others, command=COMMAND, width=80)
    assert text.splitlines() == [
        "hero: its clip is kept as it is; nothing was spent",
        "",
        *(f"s{n}: would still be made again for $0.80: no clip yet" for n in range(5)),
        "and 2 shots more for $1.60",
        "what is there of them can be kept too, for nothing:",
        f"  {COMMAND}",
    ]
    assert accepted_text([clip_of(hero)], [], command="", width=80) == text.splitlines()[0]
