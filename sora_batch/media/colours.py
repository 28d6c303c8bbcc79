"""What a clip says of its colours, in the numbers of ITU-T H.273, and what is made of it.

What carries no word of its matrix is seen as players see it: by its height.
"""

from __future__ import annotations

from collections.abc import Mapping

UNSPECIFIED, BT709, BT601 = 2, 1, 6
LIMITED = 1

_HDR: Mapping[int, str] = {16: "PQ", 18: "HLG"}

TO_SDR = "out_transfer=bt709:out_primaries=bt709:intent=perceptual"
"""What makes FFmpeg's scale filter map the tones of HDR to those of an ordinary screen. It works
out a table first, which takes some seconds."""


def matrix_of(said: int, height: int) -> int:
    """The matrix of pictures so high that say this of it."""
    if said not in {0, UNSPECIFIED}:
        return said
    return BT709 if height >= 720 else BT601


def hdr_kind(transfer: int) -> str:
    """What kind of HDR it is, "" for none."""
    return _HDR.get(transfer, "")
