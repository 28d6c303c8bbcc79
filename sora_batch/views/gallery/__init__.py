"""The gallery: every shot of a manifest on one HTML page that works from disk.

`gathered.py` is what the page is told, `values.py` what it shows, `page.py` turns the one into the
other and into HTML. Everything here is pure; files are read and written by the caller.
"""

from __future__ import annotations

from sora_batch.views.gallery.gathered import Gathered, Media
from sora_batch.views.gallery.page import CLIPS_GO_HERE, clip_element, gallery_html

__all__ = ["CLIPS_GO_HERE", "Gathered", "Media", "clip_element", "gallery_html"]
