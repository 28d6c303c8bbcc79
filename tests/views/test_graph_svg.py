"""A plan as a picture."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from sora_batch.shots import FrameReference, ShotId
from sora_batch.views.graph_svg import Arrow, Box, drawn, graph_svg
from tests.planning.values import manifest, plan, shot

HOSTILE = '</svg><script>alert("1")</script>&\x1b[2J'


def texts(svg: str) -> list[str]:
    """The words of a picture; it is read as XML, so it has to be that."""
    root = ElementTree.fromstring(svg)
    return [str(found.text) for found in root.iter("{http://www.w3.org/2000/svg}text")]


def test_every_shot_and_every_kind_of_need_is_drawn() -> None:
    made = plan(
        manifest(
            shot("hero"),
            shot("rain", remix_of="hero"),
            shot("next", reference=FrameReference(ShotId("hero"))),
            shot("after", needs=(ShotId("hero"),)),
            shot("alone"),
        )
    )
    svg = graph_svg(made)
    words = texts(svg)
    assert {"hero", "rain", "next", "after", "alone", "remix", "frame"} <= set(words)
    assert svg.count('<path class="line"') == 3
    assert "make $0.00, 8 s, sora-2" in words
    assert svg.count('class="box make"') == 5
    assert 'role="img"' in svg and "prefers-color-scheme: dark" in svg


def test_what_comes_from_a_manifest_stays_text() -> None:
    made = plan(manifest(shot("a", model=HOSTILE), name=HOSTILE))
    svg = graph_svg(made)
    assert "<script" not in svg
    assert any("</" in word for word in texts(svg))


def test_in_a_page_boxes_are_links_and_bring_no_style() -> None:
    boxes = [Box("a", "a", "done", "done", "#shot.a"), Box("b", "b" * 60, "", "failed", "#x")]
    svg = drawn(boxes, [Arrow("a", "b", "needs"), Arrow("a", "gone", "remix")], title="two")
    assert 'role="group"' in svg and "<style" not in svg
    assert '<a href="#shot.a">' in svg
    assert re.search(r"b+…b+</text>", svg)
    assert svg.count('<path class="line"') == 1
    assert "remix" not in svg


def test_an_empty_plan_is_an_empty_picture() -> None:
    assert texts(graph_svg(plan(manifest()))) == []
