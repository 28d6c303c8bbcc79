"""`gallery`, as the real program."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

import sora_batch
from sora_batch.api.showing import EMBED_LIMIT_BYTES
from sora_batch.commands.gallery import command
from sora_batch.errors import UsageError
from tests.commands.conftest import Call

HELP = next(
    str(option.to_info_dict()["help"]) for option in command.params if option.name == "embed"
)
HOSTILE = "A </script><img src=x onerror=alert(1)> harbour"


def page_of(folder: Path, name: str = "outputs/harbour/gallery.html") -> str:
    """The page that was written."""
    return (folder / name).read_text(encoding="utf-8")


def files_named(page: str, name: str) -> list[str]:
    """The addresses that elements have in that attribute, as paths."""
    return [unquote(found) for found in re.findall(rf'{name}="(\./[^"]+)"', page)]


def test_the_page_stands_beside_the_clips_and_names_them(call: Call, finished: Path) -> None:
    done = call("gallery", "harbour.yaml")
    assert done.returncode == 0
    assert done.stdout == "outputs/harbour/gallery.html: 2 shots, 2 clips\n"
    assert done.stderr == "making 2 small pictures ...\n"
    page = page_of(finished)
    assert files_named(page, "data-clip") == ["./hero.mp4", "./storm.mp4"]
    assert files_named(page, "src") == ["./hero.webp", "./storm.webp"]
    named = [*files_named(page, "data-clip"), *files_named(page, "data-strip")]
    assert len(named) == 4
    assert all((finished / "outputs/harbour" / path).is_file() for path in named)


@pytest.mark.usefixtures("finished")
def test_pictures_are_made_once(call: Call) -> None:
    call("gallery", "harbour.yaml")
    assert call("gallery", "harbour.yaml").stderr == ""


def test_elsewhere_the_page_finds_its_way_back(call: Call, finished: Path) -> None:
    done = call("gallery", "harbour.yaml", "-o", "pages/a b/one.html")
    assert done.stdout.startswith("pages/a b/one.html: ")
    page = page_of(finished, "pages/a b/one.html")
    (hero, _) = files_named(page, "data-clip")
    assert hero == "./../../outputs/harbour/hero.mp4"
    assert (finished / "pages/a b" / hero).is_file()


def test_a_missing_thumbnail_is_made_in_the_cache(call: Call, finished: Path) -> None:
    (finished / "outputs/harbour/hero.webp").unlink()
    assert call("gallery", "harbour.yaml").stderr == "making 3 small pictures ...\n"
    poster = files_named(page_of(finished), "src")[0]
    assert poster.startswith("./.cache/poster-")
    assert (finished / "outputs/harbour" / poster).is_file()


def test_a_picture_that_cannot_be_made_is_said_and_left_out(call: Call, finished: Path) -> None:
    (finished / "outputs/harbour/hero.webp").unlink()
    shutil.rmtree(finished / "outputs/harbour/.cache")
    (finished / "outputs/harbour/.cache").mkdir()
    call("gallery", "harbour.yaml")
    strip = next((finished / "outputs/harbour/.cache").glob("strip-*"))
    strip.unlink()
    strip.mkdir()
    assert call("gallery", "harbour.yaml").returncode == 0


def test_embedded_the_one_file_is_all(call: Call, finished: Path) -> None:
    done = call("gallery", "harbour.yaml", "--embed", "-o", "one.html")
    assert re.search(r"2 clips, clips inside, \d\.\d MB$", done.stdout.strip())
    page = page_of(finished, "one.html")
    assert '"./' not in page
    found = re.findall(r'<script type="text/plain" id="(clip-\d)">([^<]+)</script>', page)
    assert re.findall(r'data-clip="#(clip-\d)"', page) == [name for name, _ in found]
    clips = [(finished / f"outputs/harbour/{name}.mp4").read_bytes() for name in ("hero", "storm")]
    assert [base64.b64decode(text) for _, text in found] == clips


@pytest.mark.usefixtures("finished")
def test_too_much_to_embed_is_refused_with_both_sizes() -> None:
    manifest = sora_batch.load("harbour.yaml")
    with pytest.raises(UsageError, match="MB, and a page can hold 0 MB of them") as caught:
        sora_batch.gallery(manifest, embed=True, most_bytes=1_000)
    assert "--select" in caught.value.fix
    assert not Path("outputs/harbour/gallery.html").exists()
    assert f"at most {EMBED_LIMIT_BYTES // 1_000_000} MB of them" in HELP.replace("\n", " ")


def test_before_any_run_it_is_a_page_of_prompts(call: Call, folder: Path) -> None:
    done = call("gallery", "harbour.yaml")
    assert done.stdout == "outputs/harbour/gallery.html: 2 shots, 0 clips\n"
    assert "A harbour at dawn." in page_of(folder)


def test_words_of_the_manifest_stay_words(call: Call, folder: Path) -> None:
    text = (folder / "harbour.yaml").read_text("utf-8").replace("A harbour at dawn.", HOSTILE)
    (folder / "harbour.yaml").write_text(text, encoding="utf-8")
    call("gallery", "harbour.yaml")
    page = page_of(folder)
    assert "<img src=x" not in page
    assert "A &lt;/script&gt;&lt;img src=x onerror=alert(1)&gt; harbour" in page


def test_references_are_shown_as_they_are_cut(call: Call, folder: Path, finished: Path) -> None:
    assert folder == finished
    clip = finished / "outputs/harbour/hero.webp"
    (folder / "ref.webp").write_bytes(clip.read_bytes())
    text = (folder / "harbour.yaml").read_text("utf-8")
    text = text.replace("hero: A harbour at dawn.", "hero: {prompt: dawn, reference: ref.webp}")
    (folder / "harbour.yaml").write_text(text, encoding="utf-8")
    call("gallery", "harbour.yaml")
    page = page_of(folder)
    assert "starts from ref.webp, cover" in page
    (small,) = {path for path in files_named(page, "src") if "small-" in path}
    assert (folder / "outputs/harbour" / small).is_file()


@pytest.mark.usefixtures("finished")
def test_only_what_is_selected_and_facts_for_programs(call: Call) -> None:
    done = call("gallery", "harbour.yaml", "--select", "storm", "--json")
    facts = json.loads(done.stdout)
    size = facts.pop("bytes")
    assert facts == {
        "page": "outputs/harbour/gallery.html",
        "shots": 1,
        "clips": 1,
        "embedded": False,
        "notices": [],
    }
    assert Path("outputs/harbour/gallery.html").stat().st_size == size
    assert done.stderr == ""


@pytest.mark.usefixtures("finished")
def test_where_nothing_can_be_written(call: Call) -> None:
    Path("taken").write_text("a file", encoding="utf-8")
    done = call("gallery", "harbour.yaml", "-o", "taken/page.html")
    assert done.returncode == 2
    assert "taken cannot be written: a file stands where a folder is needed" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="$BROWSER is a habit of Unix")
def test_open_shows_the_page(call: Call, finished: Path) -> None:
    browser = finished / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" >"{finished}/opened"\n', encoding="utf-8")
    browser.chmod(0o755)
    words = [sys.executable, "-m", "sora_batch", "gallery", "harbour.yaml", "--open"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(finished), "BROWSER": f"{browser} %s"}
    subprocess.run(words, cwd=finished, env=environment, check=True, capture_output=True)
    opened = (finished / "opened").read_text("utf-8")
    assert opened == (finished / "outputs/harbour/gallery.html").as_uri()
    assert call("gallery", "--help").stdout.count("--open") == 2
