"""SubRip: numbered entries, times in thousandths, nothing in a caption that would end it."""

from __future__ import annotations

from fractions import Fraction

from sora_batch.media.cutting.captions import Sign
from sora_batch.media.cutting.subtitles import subtitles


def test_entries_are_numbered_and_timed() -> None:
    signs = [
        Sign(text="Harbour", first=0, end=72, is_title=True),
        Sign(text="Dawn", first=0, end=90_000),
        Sign(text="山脊\n\n  --> dusk ", first=90_000, end=90_001),
    ]
    assert subtitles(signs, Fraction(24000, 1001)) == (
        "1\n00:00:00,000 --> 01:02:33,750\nDawn\n\n2\n01:02:33,750 --> 01:02:33,792\n山脊\n→ dusk\n"
    )


def test_no_captions_are_no_text() -> None:
    assert subtitles([Sign(text="Harbour", first=0, end=9, is_title=True)], Fraction(24)) == ""
