"""The captions of a cut as a text file beside it (SubRip), for players, editors and search."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from sora_batch.media.cutting.captions import Sign


def subtitles(signs: Sequence[Sign], fps: Fraction) -> str:
    """The captions in SubRip's form; titles are no speech and are left out."""
    captions = [sign for sign in signs if not sign.is_title]
    return "\n".join(_entry(number, sign, fps) for number, sign in enumerate(captions, 1))


def _entry(number: int, sign: Sign, fps: Fraction) -> str:
    # An empty line ends an entry, so there must be none inside.
    lines = [line.strip() for line in sign.text.splitlines() if line.strip()]
    shown = "\n".join(line.replace("-->", "→") for line in lines)
    return f"{number}\n{_time(sign.first / fps)} --> {_time(sign.end / fps)}\n{shown}\n"


def _time(seconds: Fraction) -> str:
    whole, thousandth = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02},{thousandth:03}"
