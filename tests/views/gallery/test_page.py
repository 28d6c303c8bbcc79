"""What the page says, and that what others wrote stays text."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from sora_batch.shots import FrameReference, ShotId
from sora_batch.views.gallery import CLIPS_GO_HERE, clip_element, gallery_html
from sora_batch.views.gallery.page import page_of
from sora_batch.views.gallery.values import Card
from tests.planning.values import manifest, shot
from tests.views.gallery.showing import HOSTILE, everything, gathered_of, many


class Elements(HTMLParser):
    """Every element of a page with its attributes, and all the text outside scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes it."""
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Notes it."""
        self.texts.append(data)


@pytest.fixture(scope="module")
def html() -> str:
    return gallery_html(everything())


def card(name: str) -> Card:
    """The card of a shot of the campaign in which everything has happened."""
    cards = (card for row in page_of(everything()).rows for card in row.cards)
    return next(card for card in cards if card.shot == name)


def test_hostile_words_become_neither_elements_nor_attributes(html: str) -> None:
    page = Elements(html)
    assert [tag for tag, _ in page.found].count("script") == 1
    assert not [attrs for tag, attrs in page.found if tag == "img" and attrs["src"] == "x"]
    assert not [name for _, attrs in page.found for name in attrs if name.startswith("on")]
    assert html.count(CLIPS_GO_HERE) == 1
    assert HOSTILE in "".join(page.texts)
    assert "5041" not in "".join(page.texts)


def test_only_our_own_script_may_run(html: str) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{digest}'" in html


def test_nothing_is_asked_of_a_network(html: str) -> None:
    addresses = [
        attrs[name]
        for _, attrs in Elements(html).found
        for name in ("src", "href", "data-clip", "data-strip")
        if attrs.get(name)
    ]
    assert len(addresses) > 30
    assert {address[:2] for address in addresses} <= {"./", "#s", "da"}


def test_every_id_is_there_once_and_every_link_leads_somewhere(html: str) -> None:
    found = Elements(html).found
    ids = [attrs["id"] for _, attrs in found if "id" in attrs]
    assert len(ids) == len(set(ids))
    linked = {attrs["href"].removeprefix("#") for tag, attrs in found if tag == "a"}
    assert linked == {"shot.hero", "shot.rain", "shot.snow"}
    assert linked <= set(ids)


def test_the_summary_adds_up() -> None:
    page = page_of(everything())
    assert (page.done, page.shots, page.spent) == (13, 18, "$9.60")
    assert page.money_words == "spent of $25.00, $12.20 left"
    assert [(part.kind, part.value, part.width) for part in page.money] == [
        ("spent", "$9.60", 38.4),
        ("reserved", "$0.80", 3.2),
        ("held", "$1.60", 6.4),
        ("uncertain", "$0.80", 3.2),
    ]
    assert sum(part.width for part in page.states) == pytest.approx(100, abs=0.1)
    assert [(row.model, row.words) for row in page.times] == [
        ("sora-2", "12 renders, median 1 min 32 s"),
        ("sora-2-pro", "1 render, median 1 min 14 s"),
    ]
    assert page.longest == "1 min 56 s"
    assert page.running == "being run by anna on studio-7"


def test_a_shot_tells_its_story() -> None:
    rain = card("rain")
    assert [(one.number, one.state, one.money, one.took) for one in rain.tries] == [
        (1, "failed", "$0.80 released", ""),
        (2, "done", "$0.80 spent", "1 min 28 s"),
    ]
    assert rain.tries[0].server_words == "CUDA out of memory"
    assert [(link.why, link.shot) for link in rain.made_from] == [("remix of", "hero")]
    assert [(link.why, link.shot) for link in rain.goes_into] == [("remixed as", "snow")]
    assert (rain.price, rain.took, rain.failure, rain.reason) == ("$0.80", "1 min 28 s", "", "")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("city.oslo", {"failure": "the server refused the prompt", "server_words": HOSTILE}),
        ("pour.warm.lens=35mm.take1", {"differs": "10.00 s instead of 8 s", "state": "done"}),
        ("pour.exact.lens=35mm.take2", {"state": "on hold", "price": "$0.80 held"}),
        ("story.take2", {"state": "rendering", "price": "$0.80 reserved"}),
        ("hero", {"reference": "starts from dawn.jpg, cover"}),
    ],
)
def test_what_went_otherwise_is_said(name: str, said: dict[str, str]) -> None:
    shown = card(name)
    assert {key: getattr(shown, key) for key in said} == said


def test_filters_are_those_with_something_to_choose() -> None:
    choices = {choice.name: dict(choice.values) for choice in page_of(everything()).choices}
    assert choices["state"]["on-hold"] == "on hold"
    assert list(choices["variant"]) == ["warm", "exact"]
    assert list(choices["axis"]) == ["lens=35mm", "lens=100mm", "seconds=4", "seconds=8"]
    assert page_of(many(3)).choices == ()


def test_a_frame_of_another_shot_is_lineage() -> None:
    begins = shot("b", reference=FrameReference(ShotId("a")))
    page = page_of(gathered_of(manifest(shot("a"), begins)))
    assert page.rows[1].reference_words == "starts from the last frame of a"
    assert page.rows[1].made_from[0].why == "begins with a frame of"
    assert 'href="#shot.a"' in page.graph


def test_a_large_graph_is_drawn_by_shot_spec() -> None:
    chains = [
        one
        for n in range(40)
        for one in (shot(f"a.r{n}", row=f"r{n}"), shot(f"b.r{n}", row=f"r{n}", remix_of=f"a.r{n}"))
    ]
    graph = page_of(gathered_of(manifest(*chains))).graph
    assert graph.count('class="box') == 2
    assert "40 shots" in graph
    assert page_of(many(3)).graph == ""


def test_nothing_made_yet_is_a_page_to_read_prompts_on() -> None:
    made = gathered_of(manifest(shot("a"), shot("b")))
    text = gallery_html(replace(made, media={}, attempts={}, running=None))
    assert "prompt of a" in text
    assert "<video" not in text


def test_a_clip_inside_the_page_is_an_element_that_does_not_run() -> None:
    element = clip_element("clip-3", b"\0mp4</script>").decode()
    (found,) = Elements(element).found
    assert found == ("script", {"type": "text/plain", "id": "clip-3"})
    assert base64.b64decode(element.split(">")[1].split("<")[0]) == b"\0mp4</script>"
