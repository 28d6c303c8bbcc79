"""Joins clips without encoding their pictures again, where that is possible.

It is where every clip has the size and rate of the cut, was encoded in the same way, and nothing
is written on it or dissolved into it. A cut of a hundred clips is then made as fast as it is read,
and shows exactly what was rendered.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from av.packet import Packet
from av.video.stream import VideoStream

from sora_batch.media.clips import open_clip
from sora_batch.media.cutting.timeline import Stretch, Timeline
from sora_batch.shots import Size


def can_be_copied(timeline: Timeline, size: Size) -> bool:
    """Whether the pictures of all clips can follow each other as they are."""
    joints = {stretch.source.joint for stretch in timeline.stretches}
    return (
        len(joints) == 1
        and None not in joints
        and not any(stretch.fade_in for stretch in timeline.stretches)
        and all(
            stretch.source.shown == size
            and stretch.source.fps == timeline.fps
            and stretch.source.frames == stretch.frames
            for stretch in timeline.stretches
        )
    )


def packets_of(timeline: Timeline) -> Iterator[Packet[VideoStream]]:
    """The packets of all clips in order, their times those of the cut."""
    for stretch in timeline.stretches:
        with stretch.source.piece.blamed():
            yield from _packets(stretch, timeline.fps)


def _packets(stretch: Stretch, fps: Fraction) -> Iterator[Packet[VideoStream]]:
    with open_clip(stretch.source.piece.path) as (container, stream):
        unit = stream.time_base or 1 / fps
        for packet in container.demux(stream):
            if packet.pts is None or packet.dts is None:
                continue
            packet.pts = stretch.first + round(packet.pts * unit * fps)
            packet.dts = stretch.first + round(packet.dts * unit * fps)
            packet.duration = 1
            packet.time_base = 1 / fps
            yield packet
