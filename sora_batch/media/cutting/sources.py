"""Measures the clips of a cut from their packets, without decoding a frame.

What a file says of itself in its header is compared and not believed: a clip lasts as long as it
has pictures. Whether clips can be joined without encoding them again is also read here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from sora_batch.media.clips import open_clip, verify
from sora_batch.media.colours import LIMITED, hdr_kind, matrix_of
from sora_batch.media.cutting.order import Piece
from sora_batch.media.operation import OperationFailed
from sora_batch.media.stance import Stance, stance_of
from sora_batch.shots import Size

_USUAL = tuple(
    Fraction(rate) for rate in (8, 10, 12, 15, 16, 20, 24, 25, 30, 48, 50, 60, 90, 120)
) + tuple(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120))
_FASTEST = Fraction(120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A clip, measured. `stance` is its size and how its pictures are seen.

    `start` is the time of its first picture in the file. Clips with equal `joint` can stand in one
    file as they are; None where that is never so. `hdr` is PQ, HLG or "", and `note` what somebody
    should know of the clip.
    """

    piece: Piece
    stance: Stance
    fps: Fraction
    frames: int
    seconds: Fraction
    start: Fraction
    has_sound: bool
    matrix: int
    range: int
    hdr: str
    joint: tuple[object, ...] | None
    note: str = ""

    @property
    def shown(self) -> Size:
        """The size at which it is seen, with square pixels."""
        return self.stance.seen


def measure(piece: Piece) -> Source:
    """The clip's facts. Raises OperationFailed, naming the shot, for what cannot be cut."""
    with piece.blamed():
        found = verify({"path": str(piece.path), "fsync": False})
        if found["sha256"] != piece.sha256:
            raise OperationFailed("its clip has changed since the cut was begun", code="changed")
        with open_clip(piece.path) as (container, stream):
            return _measured(piece, container, stream)


def usual_size(sources: Sequence[Source]) -> Size:
    """The size most of the clips have, the first clip's where there is a tie; even sides."""
    shown = [source.shown for source in sources]
    width, height = max(shown, key=lambda size: (shown.count(size), -shown.index(size)))
    return Size(max(2, width // 2 * 2), max(2, height // 2 * 2))


def usual_fps(sources: Sequence[Source]) -> Fraction:
    """The frame rate most of the clips have, the first clip's where there is a tie."""
    rates = [source.fps for source in sources]
    usual = max(rates, key=lambda rate: (rates.count(rate), -rates.index(rate)))
    return min(usual, _FASTEST)


def _measured(piece: Piece, container: InputContainer, stream: VideoStream) -> Source:
    unit = stream.time_base or Fraction(1, 1000)
    packets = [packet for packet in container.demux(stream) if packet.pts is not None]
    shown = sorted(packet.pts for packet in packets if packet.pts is not None and _shows(packet))
    if not shown:
        raise OperationFailed("the clip has no frames", code="not-a-clip")
    step = _even_step(shown)
    fps = _rate(stream, shown, unit, step)
    seconds = len(shown) / fps if step else (shown[-1] - shown[0]) * unit + 1 / fps
    context = stream.codec_context
    stance = stance_of(piece.path, stream)
    hdr = hdr_kind(int(context.color_trc))
    return Source(
        piece=piece,
        stance=stance,
        fps=fps,
        frames=len(shown),
        seconds=seconds,
        start=shown[0] * unit,
        has_sound=bool(container.streams.audio),
        matrix=matrix_of(int(context.colorspace), context.height),
        range=int(context.color_range) or LIMITED,
        hdr=hdr,
        joint=_joint(stream, packets, step) if stance.is_upright and not hdr else None,
        note=_doubt(piece, stream, seconds, fps) or _hdr_note(piece, hdr),
    )


def _shows(packet: Packet[VideoStream]) -> bool:
    return not packet.is_discard


def _even_step(shown: Sequence[int]) -> int | None:
    """How far apart the pictures are, where that is always the same."""
    steps = {later - earlier for earlier, later in pairwise(shown)}
    return steps.pop() if len(steps) == 1 else None


def _rate(stream: VideoStream, shown: Sequence[int], unit: Fraction, step: int | None) -> Fraction:
    if len(shown) < 2:
        return Fraction(stream.average_rate or 24)
    if step:
        return 1 / (step * unit)
    # Times rounded to milliseconds, or a rate that wavers: the usual rate it must have meant.
    rate = Fraction(len(shown) - 1) / ((shown[-1] - shown[0]) * unit)
    near = min(_USUAL, key=lambda usual: abs(usual - rate))
    return near if abs(near - rate) < rate / 100 else rate.limit_denominator(100)


def _joint(
    stream: VideoStream, packets: Sequence[Packet[VideoStream]], step: int | None
) -> tuple[object, ...] | None:
    """What must be equal for packets of two clips to follow each other in one stream."""
    context = stream.codec_context
    first = packets[0]
    if (
        context.name != "h264"
        or not step
        or not first.is_keyframe
        or first.pts
        or first.dts is None
    ):
        return None
    if any(packet.is_discard or packet.is_corrupt for packet in packets):
        return None
    delay = Fraction(-first.dts, step)
    return (context.extradata, delay, context.pix_fmt)


def _doubt(piece: Piece, stream: VideoStream, seconds: Fraction, fps: Fraction) -> str:
    said = (stream.duration or 0) * (stream.time_base or Fraction(0))
    if not said or abs(said - seconds) <= max(2 / fps, seconds / 50):
        return ""
    return (
        f"`{piece.shot}`: its file says {float(said):.2f} s, and there are pictures for "
        f"{float(seconds):.2f} s; these are used"
    )


def _hdr_note(piece: Piece, hdr: str) -> str:
    if not hdr:
        return ""
    return f"`{piece.shot}`: its clip is HDR ({hdr}); its tones are mapped to an ordinary screen's"
