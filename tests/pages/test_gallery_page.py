"""The gallery in a real browser: it loads from disk, plays, filters, can be driven by keys and read
by everyone, and words that look like code stay words."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from sora_batch.media.strips import strip
from sora_batch.media.thumbnails import thumbnail
from sora_batch.views.gallery import (
    CLIPS_GO_HERE,
    Gathered,
    Media,
    clip_element,
    gallery_html,
)
from tests.media.making import make_clip
from tests.pages.conftest import DESKTOP, PHONE, Watched, until
from tests.views.gallery.showing import everything

Visit: TypeAlias = Callable[..., Watched]

PLAYING = "document.querySelectorAll('.card.live video').length"
MOVING = "[...document.querySelectorAll('.card video')].filter(v => !v.paused).length"
VISIBLE = "[...document.querySelectorAll('.card')].filter(c => !c.hidden).length"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Real clips with their posters and strips, and the page of the campaign beside them."""
    made = tmp_path_factory.mktemp("gallery é #1")
    clip = make_clip(made / "clip.mp4", size=(160, 90), seconds=2)
    thumbnail({"path": str(clip), "target": str(made / "clip.webp")})
    strip({"path": str(clip), "target": str(made / "strip.webp"), "width": 80})
    (made / "gallery.html").write_text(gallery_html(with_files(everything())), encoding="utf-8")
    yield made
    shutil.rmtree(made)


def with_files(gathered: Gathered, clip: str = "./clip.mp4") -> Gathered:
    """The same, every clip the one that is there."""
    media = Media(clip=clip, poster="./clip.webp", strip="./strip.webp", frames=12)
    return replace(gathered, media=dict.fromkeys(gathered.media, media))


@pytest.fixture
def opened(visit: Visit, folder: Path) -> Iterator[Watched]:
    """The campaign's page; whatever a test does with it, it may not complain."""
    watched = visit(folder / "gallery.html")
    yield watched
    assert watched.complaints == []
    assert {url.partition(":")[0] for url in watched.requests} <= {"file", "data", "blob"}


def test_it_loads_from_disk_and_asks_for_nothing_it_does_not_show(opened: Watched) -> None:
    page = opened.page
    assert page.title() == "harbour, 13 of 18 shots"
    assert page.locator("h1").inner_text() == "harbour"
    assert page.evaluate(VISIBLE) == 18
    assert page.evaluate("document.querySelectorAll('video').length") == 0
    assert not any(url.endswith((".mp4", "strip.webp")) for url in opened.requests)


def test_hostile_words_run_nothing(opened: Watched) -> None:
    page = opened.page
    assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
    page.locator("[id='shot.snow'] .frame").click()
    assert "onerror" in page.locator("#sheet .prompt").inner_text()
    assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0


def test_the_policy_stops_what_would_get_through(visit: Visit, folder: Path) -> None:
    text = (folder / "gallery.html").read_text("utf-8")
    bad = "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>"
    (folder / "bad.html").write_text(text.replace("<main>", f"<main>{bad}"), encoding="utf-8")
    watched = visit(folder / "bad.html")
    watched.page.wait_for_timeout(200)
    assert watched.page.evaluate("window.hit") is None
    assert any("Content Security Policy" in one for one in watched.complaints)


def test_the_pointer_plays_a_clip_and_leaves_its_poster(opened: Watched) -> None:
    page, hero = opened.page, opened.page.locator("[id='shot.hero'] .window")
    hero.hover()
    until(page, f"{PLAYING} === 1 && {MOVING} === 1")
    page.mouse.move(2, 2)
    until(page, f"{PLAYING} === 0 && {MOVING} === 0")


def test_the_lower_edge_leafs_through_the_strip(opened: Watched) -> None:
    page, scrub = opened.page, opened.page.locator("[id='shot.hero'] .scrub")
    box = scrub.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + box["height"] / 2)
    leaf = page.locator("[id='shot.hero'] .leaf")
    leaf.wait_for(state="visible")
    place = float(leaf.evaluate("leaf => parseFloat(leaf.style.backgroundPosition)"))
    assert place == pytest.approx(100 * 6 / 11, abs=0.01)
    page.mouse.move(2, 2)
    leaf.wait_for(state="hidden")


def test_a_row_plays_in_step(opened: Watched) -> None:
    page = opened.page
    row = page.locator(".row", has=page.locator("h2", has_text="pour"))
    row.scroll_into_view_if_needed()
    row.locator(".play").click()
    until(page, f"{MOVING} === 7")
    until(page, "document.querySelector('.row .live video').currentTime > 0.6")
    times = page.evaluate("[...document.querySelectorAll('.live video')].map(v => v.currentTime)")
    assert len(times) == 7
    assert max(times) - min(times) < 0.15
    assert row.locator(".play").get_attribute("aria-pressed") == "true"
    row.locator(".play").click()
    until(page, f"{MOVING} === 0")


@pytest.mark.parametrize(
    ("by", "value", "count"),
    [
        ("state", "failed", 1),
        ("tag", "ab", 8),
        ("model", "sora-2-pro", 2),
        ("variant", "warm", 4),
        ("axis", "lens=100mm", 4),
    ],
)
def test_filters(opened: Watched, by: str, value: str, count: int) -> None:
    page = opened.page
    page.locator(f"select[data-by={by}]").select_option(value)
    assert page.evaluate(VISIBLE) == count
    assert page.locator("#count").inner_text() == f"{count} of 18 shots"
    page.locator("h1").click()
    page.keyboard.press("Escape")
    assert page.evaluate(VISIBLE) == 18


def test_search_finds_prompts_failures_and_facts(opened: Watched) -> None:
    page = opened.page
    page.keyboard.press("/")
    for words, count in [("cuda MEMORY", 1), ("kettle 35mm", 2), ("snow", 2), ("no such", 0)]:
        page.locator("#search").fill(words)
        assert page.evaluate(VISIBLE) == count, words
    assert page.locator("main .nothing").is_visible()
    page.locator("#clear").click()
    assert page.evaluate(VISIBLE) == 18


def test_a_tag_is_a_filter(opened: Watched) -> None:
    opened.page.locator("header .tag[data-tag=key]").click()
    assert opened.page.evaluate(VISIBLE) == 1


def test_lineage_can_be_followed(opened: Watched) -> None:
    page = opened.page
    page.locator("[id='shot.rain'] .frame").click()
    sheet = page.locator("#sheet")
    assert "remix of hero, remixed as snow" in sheet.inner_text()
    assert "CUDA out of memory" in sheet.inner_text()
    sheet.get_by_role("link", name="hero").click()
    assert sheet.locator("h3").inner_text() == "hero"
    page.keyboard.press("Escape")
    page.locator("summary").click()
    page.locator(".graph a", has_text="snow").click()
    assert page.evaluate("location.hash") == "#shot.snow"
    assert page.locator("[id='shot.snow']").is_visible()


def test_light_dark_and_words(opened: Watched) -> None:
    page = opened.page
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.keyboard.press("t")
    assert page.evaluate(paper) == light
    page.keyboard.press("t")
    assert page.locator("#theme").inner_text() == "Dark"
    assert page.evaluate(paper) != light
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.keyboard.press("w")
    assert page.locator("#words").get_attribute("aria-pressed") == "true"


def test_it_follows_the_system(visit: Visit, folder: Path) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    pages = [visit(folder / "gallery.html", scheme=scheme).page for scheme in ("light", "dark")]
    assert pages[0].evaluate(paper) != pages[1].evaluate(paper)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("act", ["", "sheet", "compare", "keys", "graph"])
def test_axe_finds_nothing(visit: Visit, folder: Path, scheme: str, act: str) -> None:
    watched = visit(folder / "gallery.html", scheme=scheme)
    page = watched.page
    page.add_style_tag(content=".row { content-visibility: visible }")
    match act:
        case "sheet":
            page.locator("[id='shot.rain'] .frame").click()
        case "compare":
            page.locator(".compare").first.click()
        case "keys":
            page.keyboard.press("?")
        case "graph":
            page.locator("summary").click()
    assert watched.violations() == []


def test_on_a_phone_nothing_is_wider_than_the_screen(visit: Visit, folder: Path) -> None:
    watched = visit(folder / "gallery.html", size=PHONE)
    page = watched.page
    page.add_style_tag(content=".row { content-visibility: visible }")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert watched.violations() == []
    page.locator("[id='shot.hero'] .frame").click()
    assert page.locator("#sheet").bounding_box()["width"] == PHONE[0]


def test_a_clip_inside_the_page_plays(visit: Visit, folder: Path) -> None:
    html = gallery_html(with_files(everything(), clip="#clip-0"))
    element = clip_element("clip-0", (folder / "clip.mp4").read_bytes()).decode()
    (folder / "one.html").write_text(html.replace(CLIPS_GO_HERE, element), encoding="utf-8")
    watched = visit(folder / "one.html")
    watched.page.locator("[id='shot.hero'] .window").hover()
    until(watched.page, f"{PLAYING} === 1")
    assert watched.complaints == []
    assert not any(url.endswith(".mp4") for url in watched.requests)


def test_a_link_leads_to_a_shot(visit: Visit, folder: Path) -> None:
    watched = visit(folder / "gallery.html", then="#shot.reel.seconds%3D8")
    box = watched.page.locator("[id='shot.reel.seconds=8']").bounding_box()
    assert 0 <= box["y"] < DESKTOP[1]
