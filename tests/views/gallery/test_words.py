"""Where prompts part ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_batch.views.gallery.words import marked, unwrapped


def shown(*prompts: str) -> list[str]:
    """The prompts with what is marked in brackets."""
    return [
        "".join(f"[{piece.text}]" if piece.marked else piece.text for piece in pieces)
        for pieces in marked(prompts)
    ]


@pytest.mark.parametrize(
    ("prompts", "expected"),
    [
        ((), []),
        (("one prompt",), ["one prompt"]),
        (("the same", "the same"), ["the same", "the same"]),
        (
            ("A runner at dawn, in rain.", "A runner at dusk, in rain."),
            ["A runner at [dawn], in rain.", "A runner at [dusk], in rain."],
        ),
        (
            ("A runner on a hill.", "A tired old runner on a hill."),
            ["A runner on a hill.", "A [tired old] runner on a hill."],
        ),
        (
            (
                "shot on 24mm film by night",
                "shot on 35mm film by night",
                "shot on 85mm film by day",
            ),
            [
                "shot on [24mm film by night]",
                "shot on [35mm film by night]",
                "shot on [85mm film by day]",
            ],
        ),
        (("entirely different words", "nothing is shared"),) * 2,
        (("Le café, l'été.", "Le café, l'hiver."), ["Le café, [l'été].", "Le café, [l'hiver]."]),
    ],
)
def test_words_that_are_not_shared_by_all_are_marked(
    prompts: tuple[str, ...], expected: list[str]
) -> None:
    assert shown(*prompts) == list(expected)


def test_a_shared_word_or_two_amid_others_is_chance() -> None:
    one, other = shown(
        "Look: slow pan of the cold grey sea with fog. No text at all, please do.",
        "Look: quick zoom of the warm red sand with heat. No text at all, please do.",
    )
    assert one.startswith("Look: [slow pan of the cold grey sea with fog]. No text")
    assert other.startswith("Look: [quick zoom of the warm red sand with heat]. No text")


def test_very_long_prompts_are_left_alone() -> None:
    long = "word " * 5_000
    assert shown(long, f"{long}more") == [long, f"{long}more"]


@given(st.lists(st.text(alphabet="ab ,.\n", max_size=40), max_size=5))
def test_marks_never_change_a_word(prompts: list[str]) -> None:
    assert ["".join(piece.text for piece in pieces) for pieces in marked(prompts)] == prompts


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("she stops at an easy\npace, and waits", "she stops at an easy pace, and waits"),
        ("am Morgen\nüber dem See", "am Morgen über dem See"),
        ("Camera: slow push-in\nLight: low sun", "Camera: slow push-in\nLight: low sun"),
        ("first\n\nthen", "first\n\nthen"),
        ("- a\n- b\n2 c", "- a\n- b\n2 c"),
    ],
)
def test_a_wrapped_sentence_is_one_line_and_lists_stay(prompt: str, expected: str) -> None:
    assert unwrapped(prompt) == expected
