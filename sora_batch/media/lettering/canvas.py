"""What is laid over the moving picture: colour, and how far it covers."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from sora_batch.shots import Size

Ink = tuple[int, int, int, float]
"""Red, green, blue, and how opaque, 0 to 1."""


class Canvas:
    """Starts clear. Colour and cover are kept apart, so that edges do not darken."""

    def __init__(self, size: Size) -> None:
        self.colour = Image.new("RGB", size)
        self.cover = Image.new("L", size)

    def ink(self, mask: Image.Image, at: tuple[int, int], ink: Ink) -> None:
        """Puts one colour where the mask is."""
        mask = mask.point([round(level * ink[3]) for level in range(256)])
        self.lay(mask, Image.new("RGB", mask.size, ink[:3]), at=at)

    def lay(self, cover: Image.Image, colour: Image.Image, *, at: tuple[int, int]) -> None:
        """Lays a picture over what is there, as far as it covers."""
        box = (at[0], at[1], at[0] + cover.width, at[1] + cover.height)
        above = np.asarray(cover, np.float32) / 255
        below = np.asarray(self.cover.crop(box), np.float32) / 255 * (1 - above)
        total = above + below
        share = np.divide(above, total, out=np.zeros_like(above), where=total > 0)[..., None]
        before = np.asarray(self.colour.crop(box), np.float32)
        mixed = before + (np.asarray(colour, np.float32) - before) * share
        self.colour.paste(Image.fromarray(np.rint(mixed).astype(np.uint8)), at)
        self.cover.paste(Image.fromarray(np.rint(255 * total).astype(np.uint8)), at)

    def plate(self, box: tuple[int, int, int, int], radius: float, ink: Ink) -> None:
        """A filled box with round corners, smooth at the edges."""
        fine = 4
        size = (box[2] - box[0], box[3] - box[1])
        mask = Image.new("L", (size[0] * fine, size[1] * fine))
        edge = (0, 0, mask.width - 1, mask.height - 1)
        ImageDraw.Draw(mask).rounded_rectangle(edge, radius * fine, fill=255)
        self.ink(mask.resize(size, Image.Resampling.BOX), box[:2], ink)
