"""Makes small clips and pictures for the tests of media."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from PIL import Image

FPS = 12


def make_clip(
    path: Path,
    *,
    size: tuple[int, int] = (64, 36),
    seconds: int = 2,
    audio: bool = False,
    black_frames: int = 0,
    flags: str = "",
) -> Path:
    """A clip of a bright slope that moves; its first frames may be black. `flags` are movflags."""
    options = {"movflags": flags} if flags else {}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        pictures = container.add_stream("libx264", rate=FPS)
        pictures.width, pictures.height = size
        pictures.pix_fmt = "yuv420p"
        sound = container.add_stream("aac", rate=48_000, layout="mono") if audio else None
        slope = Image.linear_gradient("L").resize(size)
        for number in range(seconds * FPS):
            dark = number < black_frames
            image = Image.new("L", size) if dark else slope.rotate(number * 3)
            frame = av.VideoFrame.from_bytes(image.convert("RGBA").tobytes(), *size)
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        if sound is not None:
            for start in range(0, seconds * 48_000, 1024):
                silence = av.AudioFrame(format="fltp", layout="mono", samples=1024)
                for plane in silence.planes:
                    plane.update(bytes(plane.buffer_size))
                silence.sample_rate, silence.pts = 48_000, start
                container.mux(sound.encode(silence))
            container.mux(sound.encode(None))
    return path


def turn(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Writes into the header of the clip's only track where its axes go."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    across, down, third, fourth = (value << 16 for value in matrix)
    struct.pack_into(">5i", data, at, across, down, 0, third, fourth)
    path.write_bytes(data)
    return path


def make_picture(
    path: Path,
    size: tuple[int, int] = (64, 36),
    *,
    mode: str = "RGB",
    colour: int | float | tuple[int, ...] | str = 0,
    **how: Any,
) -> Path:
    """A picture of one colour; `how` goes to Pillow's save."""
    Image.new(mode, size, colour).save(path, **how)
    return path


def make_quarters(path: Path, size: tuple[int, int], **how: Any) -> Path:
    """A picture whose quarters are red and green above, blue and white below."""
    width, height = size
    image = Image.new("RGB", size, "white")
    half = (width // 2, height // 2)
    image.paste("red", (0, 0, half[0], half[1]))
    image.paste("lime", (half[0], 0, width, half[1]))
    image.paste("blue", (0, half[1], half[0], height))
    image.save(path, **how)
    return path
