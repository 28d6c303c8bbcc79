"""`plan --contact-sheet`: every picture as it will be sent, before anything is spent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.commands.conftest import Call

MANIFEST = """\
version: 1
name: harbour
defaults: {model: sketch, size: 320x180, seconds: 1}
shots:
  hero:
    reference: {image: hero.png, fit: blur}
    takes: 2
    prompt: A harbour at dawn.
  descent:
    reference: {frame_of: hero.take1, at: last}
    prompt: Down to the sea.
  bare: No picture.
"""


@pytest.fixture(autouse=True)
def pictured(folder: Path) -> None:
    (folder / "harbour.yaml").write_text(MANIFEST, encoding="utf-8")
    Image.new("RGB", (64, 64), "teal").save(folder / "hero.png")


def test_the_sheet_is_written_and_said_before_the_plan(call: Call, folder: Path) -> None:
    done = call("plan", "harbour.yaml", "--contact-sheet", "sheet.png")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("sheet.png: 2 pictures for 3 shots; 1 frame of clips to come\n")
    with Image.open(folder / "sheet.png") as sheet:
        assert sheet.format == "PNG"
    assert not (folder / "outputs/harbour/state.db").exists()


def test_once_there_is_a_clip_its_frame_is_shown(call: Call) -> None:
    assert call("run", "harbour.yaml", "--select", "hero").returncode == 0
    done = call("plan", "harbour.yaml", "--contact-sheet", "sheet.webp")
    assert done.stdout.startswith("sheet.webp: 2 pictures for 3 shots\n")


def test_with_json_the_words_stand_aside(call: Call) -> None:
    done = call("plan", "harbour.yaml", "--contact-sheet", "sheet.png", "--json")
    assert len(json.loads(done.stdout)["steps"]) == 4
    assert done.stderr.startswith("sheet.png: ")


def test_a_selection_without_pictures_and_another_suffix_are_refused(call: Call) -> None:
    done = call("plan", "harbour.yaml", "--contact-sheet", "sheet.png", "--select", "bare")
    assert (done.returncode, done.stderr) == (2, "no shot of this plan has a reference picture\n")
    done = call("plan", "harbour.yaml", "--contact-sheet", "sheet.jpg")
    assert done.returncode == 2
    assert "a contact sheet is a .png or a .webp file, not sheet.jpg" in done.stderr


def test_damage_inside_a_picture_has_a_place(call: Call, folder: Path) -> None:
    noise = Image.effect_noise((64, 64), 90)
    noise.save(folder / "hero.png")
    data = bytearray((folder / "hero.png").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    (folder / "hero.png").write_bytes(data)
    done = call("plan", "harbour.yaml", "--contact-sheet", "sheet.png")
    assert done.returncode == 2
    assert "harbour.yaml:6:16: hero.png is damaged or cut short" in done.stderr
    assert not (folder / "sheet.png").exists()


def test_a_sheet_that_cannot_be_written_is_said(call: Call) -> None:
    done = call("plan", "harbour.yaml", "--contact-sheet", "nowhere/sheet.png")
    assert done.returncode == 2
    assert "cannot write nowhere/sheet.png" in done.stderr
