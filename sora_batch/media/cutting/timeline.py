"""When every clip of a cut begins and ends, in frames. Pure.

A cut lasts as long as its clips together, less the crossfades. All times are whole frames of the
cut, so pictures and sound are laid out by the same numbers and cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sora_batch.media.cutting.samples import SAMPLE_RATE
from sora_batch.media.cutting.sources import Source
from sora_batch.media.operation import OperationFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One clip's place. `fade_in` of its frames are shared with the clip before, `fade_out` with
    the one after."""

    source: Source
    first: int
    frames: int
    fade_in: int = 0
    fade_out: int = 0

    @property
    def end(self) -> int:
        """The number of the frame after its last."""
        return self.first + self.frames

    @property
    def seen(self) -> tuple[int, int]:
        """From which frame on, and up to which, it is the one that is seen best."""
        return self.first + self.fade_in // 2, self.end - (self.fade_out + 1) // 2


@dataclass(frozen=True, slots=True)
class Timeline:
    """All the stretches in order, at one frame rate."""

    fps: Fraction
    stretches: tuple[Stretch, ...]

    @property
    def frames(self) -> int:
        """How many frames the cut has."""
        return self.stretches[-1].end

    @property
    def seconds(self) -> Fraction:
        """How long it is."""
        return self.frames / self.fps

    def sample_at(self, frame: int) -> int:
        """The first sample of sound that belongs to a frame."""
        return round(frame * SAMPLE_RATE / self.fps)


def lay_out(sources: Sequence[Source], fps: Fraction) -> Timeline:
    """The clips one after another. Raises OperationFailed where a crossfade has no room."""
    frames = [max(1, round(source.seconds * fps)) for source in sources]
    fades = [round(source.piece.crossfade_s * fps) for source in sources]
    fades = [0, *fades[1:], 0]
    stretches, first = [], 0
    for place, source in enumerate(sources):
        first -= fades[place]
        fade_in, fade_out = fades[place], fades[place + 1]
        if fade_in + fade_out > frames[place]:
            raise OperationFailed(
                f"`{source.piece.shot}`: its clip lasts {float(source.seconds):.2f} s, too short "
                f"for crossfades of {float((fade_in + fade_out) / fps):.2f} s in all",
                code="crossfade",
            )
        stretches.append(
            Stretch(
                source=source,
                first=first,
                frames=frames[place],
                fade_in=fade_in,
                fade_out=fade_out,
            )
        )
        first += frames[place]
    return Timeline(fps, tuple(stretches))
