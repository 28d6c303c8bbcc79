"""What changed in a shot, old and new, word by word."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from sora_batch.planning.explain import Explanation, InputChange
from sora_batch.planning.plan import Action, Step
from sora_batch.problems import Where
from sora_batch.shots import Fingerprint, Json, Shot, ShotId, Size, Target
from sora_batch.views.explain import explain_json, explain_text, word_difference
from sora_batch.views.paint import Paint

STEP = Step(
    shot=Shot(
        id=ShotId("hero"),
        spec="hero",
        where=Where("harbour.yaml", 12, 3),
        prompt="rain",
        model="sora-2",
        size=Size(1280, 720),
        seconds=Decimal(4),
    ),
    target=Target("local", "", "sora-2"),
    action=Action.MAKE,
    reason="prompt and seconds changed since the last clip",
    fingerprint=Fingerprint("f1:aa"),
    inputs={},
    price_usd=Decimal("0.40"),
)
SINCE = datetime(2026, 11, 22, 18, 2, tzinfo=UTC)


def change(name: str, before: Json, now: Json, line: int = 0, parent: str = "") -> InputChange:
    """An input that has changed where the two differ."""
    where = Where("harbour.yaml", line, 5 if line else 0)
    owner = ShotId(parent) if parent else None
    return InputChange(name, name, now, before, before != now, where, owner)


def test_changes_are_shown_with_their_lines_old_and_new() -> None:
    inputs = (
        change("prompt", "Slow push-in, mist, 24mm.", "Slow push-in, heavy rain, 24mm.", 13),
        change("model", "sora-2", "sora-2"),
        change("size", "1280x720", "1280x720"),
        change("seconds", "8", "4", 14),
        change("options", {"fps": 24, "steps": 30}, {"fps": 30, "steps": 30}, 15),
        change("extend_of", "f1:cc", "f1:dd", 16, parent="opener"),
        change(
            "reference",
            {"sha256": "a" * 64, "fit": "cover"},
            {"sha256": "b" * 64, "fit": "blur"},
            17,
        ),
    )
    assert (
        explain_text(Explanation(STEP, "clip", SINCE, inputs), width=80)
        == """\
hero (harbour.yaml:12:3) would be made for $0.40: prompt and seconds changed
since the last clip

Compared with its clip of 2026-11-22 18:02 UTC:

prompt  harbour.yaml:13:5
  Slow push-in, [-mist,-] {+heavy rain,+} 24mm.

seconds  harbour.yaml:14:5
  8 -> 4

options  harbour.yaml:15:5
  fps: 24 -> 30

extend_of  harbour.yaml:16:5
  `opener` has other inputs now than when this was made from it

reference  harbour.yaml:17:5
  the picture's bytes: aaaaaaaaaa… -> bbbbbbbbbb…
  fit: cover -> blur

unchanged: model, size"""
    )


def test_without_anything_to_compare_the_inputs_are_listed() -> None:
    found = Explanation(STEP, "", None, (change("prompt", None, "rain", 13),))
    text = explain_text(found, width=80)
    assert "There is no clip and no try to compare with; it would be made from:" in text
    assert text.endswith("prompt  harbour.yaml:13:5\n  rain")


def test_nothing_changed_is_said_in_a_line() -> None:
    found = Explanation(STEP, "clip", SINCE, (change("prompt", "rain", "rain"),))
    text = explain_text(found, width=80)
    assert "Nothing has changed since its clip of 2026-11-22 18:02 UTC." in text
    assert text.endswith("unchanged: prompt")


def test_colour_stands_for_the_brackets() -> None:
    lines = word_difference("slow mist", "slow rain", width=80, paint=Paint(on=True))
    assert lines == ["  slow \x1b[31mmist\x1b[0m \x1b[32mrain\x1b[0m"]


def test_a_long_prompt_is_wrapped_between_words() -> None:
    before = " ".join(f"word{n}" for n in range(60))
    lines = word_difference(before, before.replace("word30", "other"), width=80)
    assert max(map(len, lines)) <= 80
    assert " ".join(line.strip() for line in lines).count("[-word30-] {+other+}") == 1


def test_json_carries_every_input_with_its_place() -> None:
    told = explain_json(Explanation(STEP, "clip", SINCE, (change("seconds", "8", "4", 14),)))
    assert told["since"] == "2026-11-22T18:02:00+00:00"
    assert told["price_usd"] == "0.40"
    assert told["inputs"] == [
        {
            "name": "seconds",
            "words": "seconds",
            "now": "4",
            "before": "8",
            "changed": True,
            "where": "harbour.yaml:14:5",
            "parent": None,
        }
    ]


def test_a_frame_of_a_clip_to_come_is_said_so() -> None:
    now: Json = {"frame_of": "f1:dd", "at": "last"}
    one = change("reference", {"frame_of": "a" * 64, "at": "last"}, now, 17, parent="opener")
    words = explain_text(Explanation(STEP, "clip", SINCE, (one,)), width=80)
    assert "the clip the frame is from: aaaaaaaaaa… -> one still to be made" in words
