"""The gallery in a real browser: it loads from disk, plays, filters, can be driven by keys and read
by everyone, and words that look like code stay words."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import FloatRect, Locator, expect

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
from tests.pages.conftest import PHONE, Visit, Watched, until
from tests.views.gallery.showing import everything, many

PLAYING = "document.querySelectorAll('.card.live video').length"
MOVING = "[...document.querySelectorAll('.card video')].filter(v => !v.paused).length"
TIMES = "[...document.querySelectorAll('.live video')].map(v => v.currentTime)"
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
    media = {
        shot: Media(clip=clip, poster=f"./clip.webp?{n}", strip="./strip.webp", frames=12)
        for n, shot in enumerate(gathered.media)
    }
    return replace(gathered, media=media)


def box_of(element: Locator) -> FloatRect:
    """Where it is on the screen."""
    box = element.bounding_box()
    assert box is not None
    return box


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
    expect(page.locator("#sheet .prompt")).to_contain_text("onerror")
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
    box = box_of(scrub)
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
    until(page, f"{TIMES}.length === 7 && Math.min(...{TIMES}) > 0.3")
    until(page, f"Math.max(...{TIMES}) - Math.min(...{TIMES}) < 0.25")
    expect(row.locator(".play")).to_have_attribute("aria-pressed", "true")
    row.locator(".play").click()
    until(page, f"{MOVING} === 0")


def test_a_row_is_compared_on_the_whole_screen(opened: Watched) -> None:
    page = opened.page
    page.locator("[id='shot.pour.warm.lens=35mm.take1'] .frame").focus()
    page.keyboard.press("c")
    videos, button = page.locator("#side video"), page.locator("#side [data-toggle]")
    expect(videos).to_have_count(7)
    expect(button).to_be_focused()
    until(page, "document.querySelector('#side video').currentTime > 0.2")
    heights = page.evaluate(
        "[...document.querySelectorAll('#side video')].map(v => v.offsetHeight)"
    )
    assert len(set(heights)) == 1
    assert page.locator("#side mark").count() >= 7
    page.keyboard.press(" ")
    expect(button).to_have_text("Play")
    page.locator("#side input").fill("500")
    times = page.evaluate("[...document.querySelectorAll('#side video')].map(v => v.currentTime)")
    assert times == pytest.approx([1.0] * 7, abs=0.1)
    page.keyboard.press(" ")
    expect(button).to_have_text("Pause")
    page.keyboard.press("Escape")
    expect(videos).to_have_count(0)


def test_filters(opened: Watched) -> None:
    page = opened.page
    for by, value, count in [
        ("state", "failed", 1),
        ("tag", "ab", 8),
        ("model", "sora-2-pro", 2),
        ("variant", "warm", 4),
        ("axis", "lens=100mm", 4),
    ]:
        page.locator(f"select[data-by={by}]").select_option(value)
        assert page.evaluate(VISIBLE) == count, value
        expect(page.locator("#count")).to_have_text(f"{count} of 18 shots")
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


def test_search_finds_a_digest_by_its_beginning_only(opened: Watched) -> None:
    page = opened.page
    digest = page.evaluate(
        "[...document.getElementById('shot.hero').querySelector('template').content"
        ".querySelectorAll('code')].map(code => code.textContent).find(text => /^f1:/.test(text))"
    )
    for words, count in [(digest, 1), (digest[:12], 1), (digest[5:], 0)]:
        page.locator("#search").fill(words)
        assert page.evaluate(VISIBLE) == count, words


def test_a_tag_is_a_filter(opened: Watched) -> None:
    opened.page.locator("header .tag[data-tag=key]").click()
    assert opened.page.evaluate(VISIBLE) == 1


def test_keys_lead_from_clip_to_clip_and_into_them(opened: Watched) -> None:
    page, name = opened.page, opened.page.locator("#sheet h3")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[id='shot.hero'] .frame")).to_be_focused()
    expect(page.locator("[id='shot.hero'] .window")).to_have_css("outline-style", "solid")
    until(page, f"{MOVING} === 1")
    page.keyboard.press(" ")
    until(page, f"{MOVING} === 0")
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    expect(page.locator("[id='shot.pour.warm.lens=35mm.take1'] .frame")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[id='shot.pour.warm.lens=100mm.take1'] .frame")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(name).to_have_text("pour.warm.lens=100mm.take2")
    page.keyboard.press("ArrowLeft")
    expect(name).to_have_text("pour.warm.lens=100mm.take1")
    expect(page.locator("#sheet output")).to_have_text("9 of 18")
    until(page, "!document.querySelector('#sheet video').paused")
    page.keyboard.press(" ")
    until(page, "document.querySelector('#sheet video').paused")
    page.keyboard.press("Escape")
    expect(page.locator("[id='shot.pour.warm.lens=100mm.take1'] .frame")).to_be_focused()
    expect(page.locator("#sheet")).to_be_hidden()


def test_a_shot_without_a_clip_says_why(opened: Watched) -> None:
    page = opened.page
    page.locator("[id='shot.city.oslo'] .frame").click()
    expect(page.locator("#sheet .stage")).to_have_text("failed")
    expect(page.locator("#sheet")).to_contain_text("the server refused the prompt")


def test_lineage_can_be_followed(opened: Watched) -> None:
    page = opened.page
    page.locator("[id='shot.rain'] .frame").click()
    sheet = page.locator("#sheet")
    expect(sheet).to_contain_text("remix of hero, remixed as snow")
    expect(sheet).to_contain_text("CUDA out of memory")
    sheet.get_by_role("link", name="hero").click()
    expect(sheet.locator("h3")).to_have_text("hero")
    page.keyboard.press("Escape")
    page.locator("summary").click()
    page.locator(".graph a", has_text="snow").click()
    until(page, "location.hash === '#shot.snow'")
    expect(page.locator("[id='shot.snow']")).to_be_in_viewport()


def test_light_dark_and_words(opened: Watched) -> None:
    page = opened.page
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.keyboard.press("t")
    expect(page.locator("#theme")).to_have_text("Theme: light")
    assert page.evaluate(paper) == light
    page.keyboard.press("t")
    expect(page.locator("#theme")).to_have_text("Theme: dark")
    assert page.evaluate(paper) != light
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.keyboard.press("w")
    expect(page.locator("#words")).to_have_attribute("aria-pressed", "true")


def test_it_follows_the_system(visit: Visit, folder: Path) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    pages = [visit(folder / "gallery.html", scheme=scheme).page for scheme in ("light", "dark")]
    assert pages[0].evaluate(paper) != pages[1].evaluate(paper)


def test_axe_finds_nothing_in_the_light(visit: Visit, folder: Path) -> None:
    assert violations(visit(folder / "gallery.html", scheme="light")) == []


def test_axe_finds_nothing_in_the_dark(visit: Visit, folder: Path) -> None:
    assert violations(visit(folder / "gallery.html", scheme="dark")) == []


def violations(watched: Watched) -> list[str]:
    """What axe finds on the whole page and in each of its dialogs."""
    page = watched.page
    page.add_style_tag(content=".row { content-visibility: visible }")
    page.locator("summary").click()
    found = watched.violations()
    for dialog, opens in [
        ("#sheet", "[id='shot.rain'] .frame"),
        ("#side", ".compare"),
        ("#keys", "#help"),
    ]:
        page.locator(opens).first.click()
        expect(page.locator(dialog)).to_be_visible()
        found += watched.violations(dialog)
        page.keyboard.press("Escape")
        expect(page.locator(dialog)).to_be_hidden()
    return found


def test_on_a_phone_nothing_is_wider_than_the_screen(visit: Visit, folder: Path) -> None:
    watched = visit(folder / "gallery.html", size=PHONE)
    page = watched.page
    page.add_style_tag(content=".row { content-visibility: visible }")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert watched.violations() == []
    page.locator("[id='shot.hero'] .frame").click()
    assert box_of(page.locator("#sheet"))["width"] == PHONE[0]


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
    expect(watched.page.locator("[id='shot.reel.seconds=8']")).to_be_in_viewport()


def test_five_hundred_shots_ask_for_what_is_in_view(visit: Visit, folder: Path) -> None:
    (folder / "many.html").write_text(gallery_html(with_files(many(500))), encoding="utf-8")
    watched = visit(folder / "many.html")
    page = watched.page
    until(page, "document.querySelector('.card img').naturalWidth > 0")
    assert len([url for url in watched.requests if ".webp" in url]) < 100
    for words, count in [("row 499", 1), ("city.r49", 11), ("", 500)]:
        page.locator("#search").fill(words)
        assert page.evaluate(VISIBLE) == count, words
    page.locator("h1").click()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    until(page, f"{MOVING} === 1")
    assert page.evaluate("document.querySelectorAll('video').length") <= 8
