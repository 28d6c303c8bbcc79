"""Clusters, line breaks and directions."""

from __future__ import annotations

import pytest

from sora_batch.media.lettering.graphemes import (
    breaks_between,
    clusters,
    is_right_to_left,
    levels,
    visual_order,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("abc", ["a", "b", "c"]),
        ("e\u0301t", ["e\u0301", "t"]),
        ("👨‍👩‍👧x", ["👨‍👩‍👧", "x"]),
        ("🇨🇭🇩🇪", ["🇨🇭", "🇩🇪"]),
        ("🏄🏽‍♀️!", ["🏄🏽‍♀️", "!"]),
        ("ที่นำ", ["ที่", "นำ"]),
        ("हिन्", ["हि", "न्"]),
    ],
)
def test_clusters_are_what_a_person_calls_a_character(text: str, parts: list[str]) -> None:
    assert clusters(text) == parts
    assert "".join(clusters(text)) == text


@pytest.mark.parametrize(
    ("before", "after", "may"),
    [
        (" ", "a", True),
        ("a", " ", False),
        ("a", "b", False),
        ("-", "b", True),
        ("-", "5", False),
        ("港", "口", True),
        ("港", "。", False),
        ("「", "港", False),
        ("a", "港", True),
        ("เ", "ร", False),
        ("ร", "อ", True),
        (".\u200b", "b", True),
        ("م", "ش", False),
    ],
)
def test_lines_break_where_each_script_breaks(before: str, after: str, *, may: bool) -> None:
    assert breaks_between(before, after) is may


@pytest.mark.parametrize(
    ("text", "answer"),
    [("abc", False), ("مشهد", True), ("123 נמל", True), ("123", False), ("(a) מ", False)],
)
def test_the_first_letter_gives_the_direction(text: str, *, answer: bool) -> None:
    assert is_right_to_left(text) is answer


@pytest.mark.parametrize(
    ("text", "right_to_left", "shown"),
    [
        ("abc", False, "abc"),
        ("אבג", True, "גבא"),
        ("אב cd", True, "cd בא"),
        ("ab גד!", False, "ab דג!"),
        ("ab גד!", True, "!דג ab"),
        ("אב 12:30 גד", True, "דג 12:30 בא"),
        ("35 אב", True, "בא 35"),
    ],
)
def test_mixed_lines_are_seen_in_unicodes_order(
    text: str, shown: str, *, right_to_left: bool
) -> None:
    parts = clusters(text)
    order = visual_order(levels(parts, right_to_left=right_to_left))
    assert "".join(parts[place] for place in order) == shown
