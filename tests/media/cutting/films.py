"""Makes small clips whose pictures and sound can be told apart in a cut, and reads films back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from sora_batch.media import OPERATIONS
from sora_batch.shots import Json

RATE = 48_000
SIZE = (96, 64)


def make_film(
    path: Path,
    *,
    size: tuple[int, int] = SIZE,
    fps: int | Fraction = 12,
    frames: int = 12,
    tone: int = 120,
    sound: float | None = 0.2,
    steps: Sequence[int] | None = None,
    **options: str,
) -> Path:
    """A grey clip with a 1 kHz beep on its first frame; `sound` None has no sound at all.

    Every frame's tone is its clip's plus its number, so a frame tells whose it is and which.
    `steps` are the times of the frames in thousandths, for clips of a wavering rate.
    """
    with av.open(str(path), "w", format="mp4") as container:
        pictures: Any = container.add_stream("libx264", rate=Fraction(fps), options=options)
        pictures.width, pictures.height, pictures.pix_fmt = *size, "yuv420p"
        context = pictures.codec_context
        context.colorspace = context.color_primaries = context.color_trc = 1
        context.color_range = 1
        if steps is not None:
            context.time_base = Fraction(1, 1000)
        audio = None if sound is None else container.add_stream("aac", rate=RATE, layout="mono")
        for number in range(frames):
            plane = np.full((size[1] * 3 // 2, size[0]), 128, np.uint8)
            plane[: size[1]] = tone + number
            frame = av.VideoFrame.from_ndarray(plane, format="yuv420p")
            frame.pts, frame.time_base = number, 1 / Fraction(fps)
            if steps is not None:
                frame.pts, frame.time_base = steps[number], Fraction(1, 1000)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        if audio is not None and sound is not None:
            samples = beep(round(frames * RATE / fps), round(RATE / fps), sound)
            for first in range(0, len(samples), 1024):
                part = av.AudioFrame.from_ndarray(
                    samples[None, first : first + 1024], format="fltp", layout="mono"
                )
                part.sample_rate, part.pts = RATE, first
                container.mux(audio.encode(part))
            container.mux(audio.encode(None))
    return path


def beep(total: int, length: int, level: float) -> NDArray[np.float32]:
    """A beep, then silence."""
    samples = np.zeros(total, np.float32)
    samples[:length] = level * np.sin(2 * np.pi * 1000 * np.arange(length) / RATE)
    return samples


def make_tune(path: Path, *, seconds: float, level: float = 0.2, hertz: float = 440) -> Path:
    """A steady tone as a WAV file."""
    tone = level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        samples = (tone * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def piece(path: Path, *, crossfade: float = 0, caption: str = "") -> dict[str, Json]:
    """A clip as an order has it; its shot is named as its file."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
    return {
        "shot": path.stem,
        "path": str(path),
        "sha256": digest,
        "crossfade_s": str(crossfade),
        "caption": caption,
    }


def assemble(
    target: Path, pieces: Sequence[Mapping[str, Json]], **more: Json
) -> Mapping[str, Json]:
    """What the operation answers."""
    part = target.with_name(f".{target.name}.part")
    part.touch()
    spec = {"name": "teaser", "target": str(target), "part": str(part), **more}
    return OPERATIONS["cut"]({**spec, "pieces": [dict(each) for each in pieces]})


def tones(path: Path) -> list[float]:
    """The brightness in the middle of every frame."""
    return [float(frame[frame.shape[0] // 2, frame.shape[1] // 2]) for frame in pictures(path)]


def pictures(path: Path) -> list[NDArray[np.uint8]]:
    """The luma of every frame."""
    with av.open(str(path)) as container:
        return [
            frame.to_ndarray(format="yuv420p")[: frame.height].astype(np.uint8)
            for frame in container.decode(video=0)
        ]


def sound_of(path: Path) -> NDArray[np.float32]:
    """The left channel."""
    with av.open(str(path)) as container:
        parts = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    found: NDArray[np.float32] = np.concatenate(parts).astype(np.float32)
    return found


def beeps(path: Path, fps: float) -> list[int]:
    """The frames in which the 1 kHz beep is heard."""
    samples, step = sound_of(path), round(RATE / fps)
    wave = np.exp(-2j * np.pi * 1000 * np.arange(step) / RATE)
    count = len(samples) // step
    power = [abs(np.sum(samples[k * step : (k + 1) * step] * wave)) / step for k in range(count)]
    return [k for k, value in enumerate(power) if value > max(power) / 3]


def make_hdr_film(path: Path, *, tone: int, transfer: int = 16) -> Path:
    """Half a second of one grey in 10 bits, in HDR: transfer 16 is PQ, 18 HLG."""
    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = 9, transfer, 9
        context.color_range = 1
        plane = np.full((SIZE[1] * 3 // 2, SIZE[0]), 512, np.uint16)
        plane[: SIZE[1]] = tone
        for number in range(6):
            frame = av.VideoFrame.from_ndarray(plane, format="yuv420p10le")
            frame.pts, frame.time_base = number, Fraction(1, 12)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
