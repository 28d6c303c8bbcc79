"""Colours that go together, chosen by chance that is no chance: the same draw, the same colours.

Hues are turned in OKLCH, where equal steps look equally far apart; in RGB or HSV the same steps
give mud between some hues and glare between others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.floating[Any]]
"""Red, green and blue as sRGB, 0 to 255."""


@dataclass(frozen=True, slots=True)
class Palette:
    """From dark to light, all of one air, and the accent that stands out from it."""

    deep: Colour
    shade: Colour
    body: Colour
    soft: Colour
    glow: Colour
    accent: Colour

    @property
    def ramp(self) -> NDArray[np.floating[Any]]:
        """The five tones in order, one a row."""
        return np.stack([self.deep, self.shade, self.body, self.soft, self.glow])


# Where a hue starts and how far it turns towards the light: airs one knows from outdoors.
_AIRS = (
    (265, 120),  # night into rose
    (285, 100),  # violet into amber
    (245, -75),  # blue into sea green
    (200, -85),  # petrol into lime
    (155, -50),  # pine into straw
    (25, 50),  # rust into sand
    (350, 70),  # wine into apricot
    (310, 60),  # plum into coral
    (225, 170),  # slate into gold
    (180, 60),  # teal into sky
    (55, 35),  # umber into honey
    (270, -50),  # indigo into ice
)


def choose_palette(random: np.random.Generator) -> Palette:
    """The palette of this draw."""
    start, turn = _AIRS[int(random.integers(len(_AIRS)))]
    hue = start + float(random.uniform(-9, 9))
    depth = float(random.uniform(-0.02, 0.03))
    return Palette(
        deep=oklch(0.21 + depth, 0.055, hue),
        shade=oklch(0.34 + depth, 0.085, hue + 0.15 * turn),
        body=oklch(0.50 + depth, 0.115, hue + 0.40 * turn),
        soft=oklch(0.68, 0.120, hue + 0.70 * turn),
        glow=oklch(0.86, 0.095, hue + turn),
        accent=oklch(0.80, 0.145, hue + turn + (25 if turn > 0 else -25)),
    )


def oklch(lightness: float, chroma: float, hue: float) -> Colour:
    """A colour by how light, how colourful (0 to about 0.3) and which hue (degrees).

    Conversion by Björn Ottosson, https://bottosson.github.io/posts/oklab/.
    """
    a = chroma * np.cos(np.radians(hue))
    b = chroma * np.sin(np.radians(hue))
    cones = np.array(
        [
            lightness + 0.3963377774 * a + 0.2158037573 * b,
            lightness - 0.1055613458 * a - 0.0638541728 * b,
            lightness - 0.0894841775 * a - 1.2914855480 * b,
        ]
    )
    linear = _CONES_TO_RGB @ cones**3
    linear = np.clip(linear, 0.0, 1.0)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    colour: Colour = (255 * curved).astype(np.float32)
    return colour


_CONES_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)
