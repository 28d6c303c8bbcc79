"""`cut`: the real program on clips of `local`, the films decoded again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.commands.conftest import MANIFEST, SORA_BATCH, Call, environment
from tests.media.cutting.films import beeps, make_tune, pictures

CUTS = """\
cuts:
  teaser: {shots: [hero, storm, hero]}
  soft:
    shots: [hero, {shot: storm, transition: {crossfade: 0.25}}]
    captions: "{{ shot.id }} — 雨"
"""
ASSEMBLED = """\
teaser: 3 clips, 3 s, 320x180 at 24 fps, pictures not encoded again
  outputs/harbour/cuts/teaser.mp4
soft: 2 clips, 2 s, 320x180 at 24 fps
  outputs/harbour/cuts/soft.mp4
  outputs/harbour/cuts/soft.srt
"""
UNCHANGED = """\
teaser: 3 clips, 3 s, 320x180 at 24 fps, nothing has changed since it was made
  outputs/harbour/cuts/teaser.mp4
"""
MISSING = """\
harbour.yaml:14:3: cut `teaser` misses a clip: `night` (no clip yet) [missing-clips]
      14 |   teaser: {shots: [hero, night, storm]}
         |   ^^^^^^
  fix: `sora-batch run harbour.yaml` makes what can be made; --leave-out-missing cuts without them
"""


def with_cuts(folder: Path, cuts: str = CUTS, shots: str = "") -> Path:
    """The manifest, with more shots and these cuts."""
    path = folder / "harbour.yaml"
    path.write_text(MANIFEST + shots + cuts, encoding="utf-8")
    return path


def test_every_first_frame_has_its_beep(finished: Path, call: Call) -> None:
    with_cuts(finished)
    said = call("cut", "harbour.yaml")
    assert (said.returncode, said.stdout) == (0, ASSEMBLED)
    assert said.stderr == "teaser: assembling 3 clips ...\nsoft: assembling 2 clips ...\n"
    teaser = finished / "outputs/harbour/cuts/teaser.mp4"
    assert len(pictures(teaser)) == 72
    assert beeps(teaser, 24) == [0, 24, 48]
    soft = teaser.with_name("soft.mp4")
    assert len(pictures(soft)) == 42
    assert soft.with_suffix(".srt").read_text(encoding="utf-8") == (
        "1\n00:00:00,000 --> 00:00:00,875\nhero — 雨\n\n"
        "2\n00:00:00,875 --> 00:00:01,750\nstorm — 雨\n"
    )


def test_a_cut_is_made_again_only_when_something_in_it_changed(finished: Path, call: Call) -> None:
    manifest = with_cuts(finished)
    call("cut", "harbour.yaml")
    teaser = finished / "outputs/harbour/cuts/teaser.mp4"
    made = teaser.stat().st_mtime_ns
    again = call("cut", "harbour.yaml", "teaser")
    assert (again.stdout, again.stderr) == (UNCHANGED, "")
    assert teaser.stat().st_mtime_ns == made
    manifest.write_text(manifest.read_text().replace("[hero, storm, hero]", "[storm, hero]"))
    changed = json.loads(call("cut", "harbour.yaml", "--json").stdout)["cuts"]
    assert [(one["cut"], one["state"]) for one in changed] == [
        ("teaser", "assembled"),
        ("soft", "unchanged"),
    ]
    teaser.write_bytes(teaser.read_bytes()[:-9])
    broken = json.loads(call("cut", "harbour.yaml", "teaser", "--json").stdout)["cuts"]
    assert broken[0]["state"] == "assembled"
    teaser.with_name("soft.srt").unlink()
    captions = json.loads(call("cut", "harbour.yaml", "soft", "--json").stdout)["cuts"]
    assert captions[0]["state"] == "assembled"


def test_other_music_is_a_change(finished: Path, call: Call) -> None:
    with_cuts(finished, "cuts:\n  teaser: {shots: [hero], music: theme.wav}\n")
    states = []
    for level in (0.1, 0.1, 0.2):
        make_tune(finished / "theme.wav", seconds=0.5, level=level)
        said = json.loads(call("cut", "harbour.yaml", "--json").stdout)
        states.append(said["cuts"][0]["state"])
    assert states == ["assembled", "unchanged", "assembled"]


def test_a_missing_clip_is_named_and_refused_or_left_out(finished: Path, call: Call) -> None:
    cuts = "cuts:\n  teaser: {shots: [hero, night, storm]}\n"
    with_cuts(finished, cuts, "  night: The moon.\n")
    refused = call("cut", "harbour.yaml")
    assert (refused.returncode, refused.stdout) == (1, MISSING)
    assert not (finished / "outputs/harbour/cuts/teaser.mp4").exists()
    cut = call("cut", "harbour.yaml", "--leave-out-missing")
    assert cut.returncode == 0
    assert "teaser: 2 clips, 2 s" in cut.stdout
    assert "left out: night, no clip yet" in cut.stdout
    facts = json.loads(call("cut", "harbour.yaml", "--leave-out-missing", "--json").stdout)
    assert facts["cuts"][0]["left_out"] == [{"shot": "night", "reason": "no clip yet"}]


def test_nothing_at_all_is_refused_even_so(folder: Path, call: Call) -> None:
    with_cuts(folder)
    said = call("cut", "harbour.yaml", "teaser", "--leave-out-missing")
    assert said.returncode == 1
    assert "misses 2 clips: `hero` (no clip yet), `storm` (" in said.stdout


def test_a_changed_shot_has_no_clip(finished: Path, call: Call) -> None:
    manifest = with_cuts(finished)
    text = manifest.read_text(encoding="utf-8").replace("Dark clouds", "Light clouds")
    manifest.write_text(text, encoding="utf-8")
    said = json.loads(call("cut", "harbour.yaml", "teaser", "--json").stdout)["cuts"][0]
    assert said["state"] == "refused"
    assert [each["shot"] for each in said["left_out"]] == ["storm"]
    assert said["problem"]["code"] == "missing-clips"


@pytest.mark.parametrize(
    ("cuts", "words", "message"),
    [
        ("", [], "harbour.yaml describes no cut"),
        (CUTS, ["tease"], "there is no cut `tease`"),
    ],
)
def test_what_is_not_there_cannot_be_cut(
    folder: Path, call: Call, cuts: str, words: list[str], message: str
) -> None:
    with_cuts(folder, cuts)
    said = call("cut", "harbour.yaml", *words)
    assert said.returncode == 2
    assert said.stderr.startswith(message)


def test_music_that_is_a_text_is_a_problem_of_the_manifest(finished: Path, call: Call) -> None:
    with_cuts(finished, "cuts:\n  teaser: {shots: [hero], music: theme.mp3}\n")
    (finished / "theme.mp3").write_text("la la la", encoding="utf-8")
    for command in ("check", "plan", "cut"):
        said = call(command, "harbour.yaml")
        assert said.returncode == 2
        words = "harbour.yaml:13:34: theme.mp3 is a text, not a sound file [music]"
        assert words in said.stdout + said.stderr


def test_damaged_music_is_told_with_its_place(finished: Path, call: Call) -> None:
    with_cuts(finished, "cuts:\n  teaser: {shots: [hero], music: theme.mp3}\n")
    (finished / "theme.mp3").write_bytes(b"ID3" + bytes(300))
    said = call("cut", "harbour.yaml")
    assert said.returncode == 1
    assert said.stdout.startswith(
        "harbour.yaml:13:34: cut `teaser`: the music theme.mp3 is damaged"
    )


def test_the_plan_says_how_to_get_the_cuts(folder: Path, call: Call) -> None:
    with_cuts(folder)
    said = call("plan", "harbour.yaml").stdout
    assert "cuts teaser and soft: assemble them with `sora-batch cut harbour.yaml`" in " ".join(
        said.split()
    )


def test_ctrl_c_stops_within_a_second_and_leaves_nothing(finished: Path) -> None:
    fades = "  teaser: {shots: [%s], transition: {crossfade: 0.1}, size: 1920x1080, fps: 60}\n"
    with_cuts(finished, "cuts:\n" + fades % ", ".join(["hero", "storm"] * 40))
    folder = finished / "outputs/harbour/cuts"
    with subprocess.Popen(
        [*SORA_BATCH, "cut", "harbour.yaml"],
        cwd=finished,
        env=environment(finished),
        stderr=subprocess.PIPE,
    ) as process:
        while not list(folder.glob(".*.tmp")):
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGINT)
        began = time.monotonic()
        assert process.wait(30) == 130
    assert time.monotonic() - began < 10
    assert list(folder.iterdir()) == []
