"""Clips, read back from their own boxes."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from sora_batch.shots import Size
from sora_batch.simulator.animatic import render_animatic
from sora_batch.simulator.encode import Abandoned, encode_plain
from sora_batch.simulator.measures import slate_height
from sora_batch.simulator.scene import Scene
from sora_batch.simulator.sound import SAMPLE_RATE
from tests.simulator.serving import picture

SCENE = Scene(
    size=Size(128, 128),
    frames=12,
    title="harbour.calm",
    prompt="A red boat leaves the harbour",
    facts=("sora-2", "128x128", "0.5 s"),
    picture_prompt="A red boat leaves the harbour",
)


def render(scene: Scene, target: Path) -> bytes:
    """The clip's bytes."""
    render_animatic(scene, target, report=lambda _: None, stopped=lambda: False)
    return target.read_bytes()


@pytest.mark.parametrize(
    ("size", "frames"),
    [
        (Size(16, 16), 1),
        (Size(64, 64), 6),
        (Size(100, 50), 25),
        (Size(54, 96), 107),
        (Size(322, 182), 13),
        (Size(256, 256), 48),
    ],
)
def test_a_clip_is_as_large_and_as_long_as_ordered(tmp_path: Path, size: Size, frames: int) -> None:
    clip = tmp_path / "clip.mp4"
    render(replace(SCENE, size=size, frames=frames), clip)
    assert_measures(clip, size, frames)


@pytest.mark.parametrize("frames", [1, 6, 25, 240])
def test_a_plain_clip_is_too(tmp_path: Path, frames: int) -> None:
    clip = tmp_path / "clip.mp4"
    encode_plain(clip, Size(48, 32), frames)
    assert_measures(clip, Size(48, 32), frames)


def assert_measures(clip: Path, size: Size, frames: int) -> None:
    """Size, frames and length, in the boxes and as decoded; the index before the data."""
    data = clip.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(clip)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height) == size
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert video.pix_fmt == "yuv420p"
        assert video.frames == frames
        assert video.average_rate == 24
        length = Fraction(frames, 24)
        assert video.duration is not None
        assert video.time_base is not None
        assert video.duration * video.time_base == length
        assert container.duration is not None
        assert abs(Fraction(container.duration, av.time_base) - length) < Fraction(1, 24)
        assert sum(1 for _ in container.decode(video=0)) == frames
    with av.open(str(clip)) as container:
        heard = sum(frame.samples for frame in container.decode(audio=0))
        # AAC comes in blocks of 1024; the boxes say where to stop.
        assert 0 <= heard - frames * SAMPLE_RATE // 24 < 2048


def test_the_same_scene_becomes_the_same_bytes(tmp_path: Path) -> None:
    assert render(SCENE, tmp_path / "a.mp4") == render(SCENE, tmp_path / "b.mp4")


def test_another_process_makes_the_same_bytes_too(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from tests.simulator.test_animatic import SCENE, render;"
        "render(SCENE, Path(sys.argv[1]))"
    )
    other = tmp_path / "other.mp4"
    subprocess.run([sys.executable, "-c", program, str(other)], check=True)
    assert render(SCENE, tmp_path / "a.mp4") == other.read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"title": "harbour.bold"},
        {"prompt": "A blue boat"},
        {"picture_prompt": "A blue boat"},
        {"picture_seed": 5},
        {"facts": ("veo-3", "128x128", "0.5 s")},
        {"mark": "remix of hero"},
        {"seam": 6},
    ],
)
def test_whatever_a_scene_says_is_seen(tmp_path: Path, change: dict[str, object]) -> None:
    whole = replace(SCENE, size=Size(320, 320))
    changed = replace(whole, **change)  # type: ignore[arg-type]
    assert render(changed, tmp_path / "a.mp4") != render(whole, tmp_path / "b.mp4")


def test_a_reference_is_what_is_seen(tmp_path: Path) -> None:
    reference = tmp_path / "first.png"
    reference.write_bytes(picture(128, 128))
    clip = tmp_path / "clip.mp4"
    render(replace(SCENE, reference=reference, title="", prompt="x"), clip)
    with av.open(str(clip)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="gray")
    # The picture grows lighter downwards, and below the slate it is untouched.
    below = frame[slate_height(SCENE.size) + 2 :].astype(int).mean(axis=1)
    assert np.diff(below).min() >= -2
    assert below[-1] - below[0] > 80
    assert abs(frame[60].astype(int).mean() - 120) < 12


def test_nothing_of_the_slate_on_a_reference_is_seen(tmp_path: Path) -> None:
    clips = []
    for name, colour in (("dark", "black"), ("light", "white")):
        reference = tmp_path / f"{name}.png"
        with Image.open(io.BytesIO(picture(128, 128))) as opened:
            opened.paste(colour, (0, 0, 128, slate_height(SCENE.size)))
            opened.save(reference)
        clips.append(render(replace(SCENE, reference=reference), tmp_path / f"{name}.mp4"))
    assert clips[0] == clips[1]


def test_a_clip_goes_on_from_the_frame_it_was_given(tmp_path: Path) -> None:
    size = Size(256, 144)
    parent = replace(SCENE, size=size, frames=48, title="hero")
    last = frames_of(parent, tmp_path / "parent.mp4")[-1]
    reference = tmp_path / "last.png"
    Image.fromarray(last).save(reference)
    child = replace(SCENE, size=size, title="descent", prompt="Down.", reference=reference)
    first = frames_of(child, tmp_path / "child.mp4")[0]
    high = slate_height(size)
    assert np.abs(first[high:].astype(int) - last[high:]).mean() < 3
    assert np.abs(first[:high].astype(int) - last[:high]).max() > 150


def frames_of(scene: Scene, target: Path) -> list[NDArray[np.uint8]]:
    """The clip's frames in RGB."""
    render(scene, target)
    with av.open(str(target)) as container:
        return [np.array(frame.to_image()) for frame in container.decode(video=0)]


def test_the_picture_comes_nearer_without_a_jump(tmp_path: Path) -> None:
    reference = tmp_path / "first.png"
    reference.write_bytes(picture(128, 128))
    clip = tmp_path / "clip.mp4"
    render(replace(SCENE, reference=reference, frames=96, title="", prompt="x"), clip)
    with av.open(str(clip)) as container:
        rows = [
            frame.to_ndarray(format="gray")[48].astype(float).mean()
            for frame in container.decode(video=0)
        ]
    # Row 48 shows ever lower parts of a gradient that grows by two levels a row.
    steps = np.diff(rows)
    assert rows[-1] - rows[0] > 0.8
    assert np.abs(steps).max() < 1.5


def test_rendering_tells_how_far_it_is_and_stops_when_told(tmp_path: Path) -> None:
    told: list[float] = []
    with pytest.raises(Abandoned):
        render_animatic(
            SCENE, tmp_path / "a.mp4", report=told.append, stopped=lambda: len(told) >= 5
        )
    assert told == [number / 12 for number in range(1, 6)]
