"""Writes frames and sound into an MP4: H.264 and AAC, as long as ordered to the frame.

One thread a clip: the bytes then depend on nothing but the frames, and as many clips as there are
cores share them without waiting for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio import AudioStream
from av.container import OutputContainer
from av.video import VideoStream
from numpy.typing import NDArray

from sora_batch.shots import Size
from sora_batch.simulator.orders import FRAMES_PER_SECOND
from sora_batch.simulator.planes import Planes, plane_view
from sora_batch.simulator.sound import SAMPLE_RATE, SAMPLES_PER_FRAME

# Measured at 720p with the camera moving: 4.0 ms of processor a frame, where the superfast preset
# took 5.8. Adaptive quantisation and deblocking are what smooth gradients cannot do without.
_SPEED = {
    "preset": "ultrafast",
    "x264-params": "threads=1:keyint=48:aq-mode=1:cabac=1:no-deblock=0",
}
_QUALITY = "27"
_PLAIN_QUALITY = "40"

_BT709 = 1
_LIMITED = 1


class Abandoned(Exception):
    """Nobody wants the clip any more."""


def encode(
    target: Path,
    size: Size,
    frames: Iterable[Planes],
    sound: NDArray[np.float32],
    *,
    stopped: Callable[[], bool],
) -> None:
    """Writes the clip. Raises Abandoned as soon as `stopped` says so."""
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        _write(container, size, frames, sound, quality=_QUALITY, stopped=stopped)


def encode_plain(target: Path, size: Size, frames: int) -> None:
    """Writes a dark, silent clip of that size and length, small and quickly made."""
    luma = np.full((size.height, size.width), 24, np.uint8)
    chroma = np.full((size.height // 2, size.width // 2), 128, np.uint8)
    silence = np.zeros(frames * SAMPLES_PER_FRAME, np.float32)
    still = ((luma, chroma, chroma) for _ in range(frames))
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        _write(container, size, still, silence, quality=_PLAIN_QUALITY, stopped=lambda: False)


def _write(
    container: OutputContainer,
    size: Size,
    frames: Iterable[Planes],
    sound: NDArray[np.float32],
    *,
    quality: str,
    stopped: Callable[[], bool],
) -> None:
    # Without it the file would name the library versions it was written with.
    container.flags |= _BITEXACT
    video = _video_stream(container, size, quality)
    audio = _audio_stream(container)
    for number, planes in enumerate(frames):
        if stopped():
            raise Abandoned
        if number % FRAMES_PER_SECOND == 0:
            first = number * SAMPLES_PER_FRAME
            _write_sound(container, audio, sound, first)
        container.mux(video.encode(_picture(size, planes, number)))
    container.mux(video.encode(None))
    container.mux(audio.encode(None))


def _write_sound(
    container: OutputContainer, audio: AudioStream, sound: NDArray[np.float32], first: int
) -> None:
    samples = sound[first : first + SAMPLE_RATE]
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="fltp", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    frame.pts = first
    frame.time_base = Fraction(1, SAMPLE_RATE)
    container.mux(audio.encode(frame))


def _picture(size: Size, planes: Planes, number: int) -> av.VideoFrame:
    frame = av.VideoFrame(size.width, size.height, "yuv420p")
    for plane, data in zip(frame.planes, planes, strict=True):
        plane_view(plane)[:] = data
    frame.pts = number
    frame.time_base = Fraction(1, FRAMES_PER_SECOND)
    return frame


def _video_stream(container: OutputContainer, size: Size, quality: str) -> VideoStream:
    options = {**_SPEED, "crf": quality}
    stream: Any = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options=options)
    stream.width, stream.height, stream.pix_fmt = size.width, size.height, "yuv420p"
    context = stream.codec_context
    context.thread_count = 1
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = _LIMITED
    result: VideoStream = stream
    return result


def _audio_stream(container: OutputContainer) -> AudioStream:
    stream: AudioStream = container.add_stream(
        "aac", rate=SAMPLE_RATE, options={"aac_coder": "fast"}
    )
    stream.codec_context.layout = "mono"
    stream.codec_context.bit_rate = 96_000
    return stream


_BITEXACT = 0x400
