"""The picture of a prompt that came without a reference: a pure function of its words.

A poster in the manner of cut paper and coloured air. The hash of the prompt (and of the seed,
where there is one) chooses the palette, one of four motifs, and where everything stands; so two
variants can be told apart across a room, and one shot is known again at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sora_batch.shots import Size
from sora_batch.simulator.palette import Palette, choose_palette

Tones = NDArray[np.floating[Any]]
"""A picture in one channel: 0 is the palette's deepest colour, 1 its glow. What is darker is in
shadow, what is lighter is the sun. Three times as quick as painting in three channels."""

_DARKEST, _SUN, _STEPS = -0.3, 1.25, 2048

# Smooth motifs are computed this much smaller and enlarged: nothing in them is finer.
_SMOOTH_REDUCTION = 4


def make_background(prompt: str, seed: int | None, size: Size) -> Image.Image:
    """The picture, in the size."""
    random = chance_of(prompt, seed)
    palette = choose_palette(random)
    motif = _MOTIFS[int(random.integers(len(_MOTIFS)))]
    return _coloured(motif(random, size), palette)


def palette_of(prompt: str, seed: int | None) -> Palette:
    """The colours of that prompt's picture."""
    return choose_palette(chance_of(prompt, seed))


def chance_of(prompt: str, seed: int | None) -> np.random.Generator:
    """A generator that always draws the same for the same words."""
    digest = hashlib.sha256(f"{'' if seed is None else seed}\n{prompt}".encode()).digest()
    return np.random.default_rng(list(digest))


def _ridges(random: np.random.Generator, size: Size) -> Tones:
    """Hills behind hills, paler with distance, under a low sun."""
    x, y = _coordinates(size)
    aspect = size.width / size.height
    horizon = float(random.uniform(0.42, 0.55))
    sun_x = float(random.uniform(0.2, 0.8)) * aspect
    sun_y = horizon - float(random.uniform(0.05, 0.2))
    distance = np.hypot(x - sun_x, y - sun_y)
    sky = 0.22 + 0.70 * _eased(y / horizon)
    sky += 0.5 * (1 - sky) * _falling(distance / 0.6) * np.clip(y / sun_y, 0, 1)
    tones = _over(sky, _SUN, _edge(float(random.uniform(0.06, 0.1)) - distance, size))
    layers = int(random.integers(4, 7))
    for layer in range(layers):
        near = (layer + 1) / layers
        foot = horizon + 0.8 * (1.02 - horizon) * near**1.4
        crest = foot + _waves(random, x[0], amplitude=0.03 + 0.035 * near, finest=2 + layer)
        tone = 0.74 - 0.74 * near
        first = max(0, int((float(crest.min())) * size.height) - 1)
        below = y[first:] - crest
        mist = 0.25 * (1 - near) * np.clip(below / 0.35, 0, 1)
        tones[first:] = _over(tones[first:], tone + mist, _edge(below, size))
    return tones


def _silk(random: np.random.Generator, size: Size) -> Tones:
    """Folds of light, as in cloth or northern lights."""
    small = Size(*(max(16, side // _SMOOTH_REDUCTION) for side in size))
    x, y = _coordinates(small)
    angle = float(random.uniform(0, np.pi))
    across = x * np.cos(angle) + y * np.sin(angle)
    along = y * np.cos(angle) - x * np.sin(angle)
    bend = np.zeros_like(across)
    for octave in range(3):
        turns = float(random.uniform(1.0, 1.8)) * 1.7**octave
        swing, shift = (float(phase) for phase in random.uniform(0, 2 * np.pi, 2))
        bend += np.sin(turns * along + swing + 0.9 * np.sin(turns * across + shift)) / 1.7**octave
    folds = float(random.uniform(7.0, 11.0))
    wave = 0.5 + 0.5 * np.sin(folds * across + 2.2 * bend)
    sheen = 0.5 + 0.5 * np.sin(0.35 * folds * across + bend + float(random.uniform(0, 6)))
    tones = 0.09 + 0.50 * wave * (0.5 + 0.5 * sheen) + 0.38 * sheen**2 * wave**3
    picture = Image.fromarray(tones.astype(np.float32))
    return np.asarray(picture.resize(size, Image.Resampling.BICUBIC))


def _orbs(random: np.random.Generator, size: Size) -> Tones:
    """A few spheres, near and far, lit from one side."""
    x, y = _coordinates(size)
    aspect = size.width / size.height
    tones = 0.48 - 0.44 * _eased(0.75 * y + 0.3 * x / aspect)
    light = float(random.uniform(0, 2 * np.pi))
    offset = float(random.uniform(0, 1))
    count = int(random.integers(4, 7))
    # Far ones first, spread by the golden ratio so that they neither clump nor line up.
    for number in range(count):
        near = (number + 1) / count
        radius = min(1.0, aspect) * (0.07 + 0.27 * near**1.5) * float(random.uniform(0.8, 1.15))
        right = x - aspect * ((offset + 0.618034 * number) % 1.0)
        down = y - (0.12 + 0.72 * ((3 * offset + 0.381966 * number) % 1.0))
        from_centre = np.hypot(right, down) / radius
        shadow = _falling((from_centre - 0.9) / 0.7)
        side = (right * np.cos(light) + down * np.sin(light)) / radius
        shine = 0.42 + 0.36 * near + 0.40 * side - 0.22 * from_centre**2
        tones *= 1 - 0.4 * near * shadow
        tones = _over(tones, np.clip(shine, 0.05, 1), _edge((1 - from_centre) * radius, size))
    return tones


def _arches(random: np.random.Generator, size: Size) -> Tones:
    """Cut paper in rings, each throwing its shadow on the next."""
    x, y = _coordinates(size)
    aspect = size.width / size.height
    right = x - aspect * float(random.uniform(0.1, 0.9))
    down = y - float(random.choice([-0.05, 0.9])) - float(random.uniform(0, 0.2))
    distance = np.hypot(right, down)
    turn = np.arctan2(down, right)
    wobble = np.zeros_like(distance)
    for lobes in (2, 3, 5):
        wobble += np.sin(lobes * turn + float(random.uniform(0, 2 * np.pi))) / lobes
    distance *= 1 + 0.05 * float(random.uniform(0.8, 2.2)) * wobble
    furthest = float(distance.max())
    rings = int(random.integers(6, 9))
    tones: Tones = np.zeros_like(distance)
    for ring in range(rings):
        inward = (ring + 1) / rings
        radius = furthest * (1 - inward) ** 1.15 + 0.16
        shadow = _falling((distance - radius) / 0.09)
        tones -= (0.12 + 0.25 * tones) * shadow
        tones = _over(tones, 0.04 + 0.92 * inward, _edge(radius - distance, size))
    return tones


_MOTIFS: tuple[Callable[[np.random.Generator, Size], Tones], ...] = (
    _ridges,
    _silk,
    _orbs,
    _arches,
)


def _coordinates(size: Size) -> tuple[Tones, Tones]:
    """x and y of every pixel's middle, the height being 1."""
    y = (np.arange(size.height, dtype=np.float32) + 0.5) / size.height
    x = (np.arange(size.width, dtype=np.float32) + 0.5) / size.height
    columns, rows = np.meshgrid(x, y)
    return columns, rows


def _waves(random: np.random.Generator, x: Tones, *, amplitude: float, finest: int) -> Tones:
    total = np.zeros_like(x)
    for octave in range(finest):
        turns = float(random.uniform(1.6, 2.6)) * 1.9**octave
        total += np.sin(turns * x + float(random.uniform(0, 2 * np.pi))) / 1.9**octave
    waves: Tones = amplitude * total
    return waves


def _edge(inside: Tones, size: Size) -> Tones:
    """1 inside and 0 outside, soft over one pixel."""
    edge: Tones = np.clip(inside * size.height + 0.5, 0, 1)
    return edge


def _eased(t: Tones) -> Tones:
    t = np.clip(t, 0, 1)
    eased: Tones = t * t * (3 - 2 * t)
    return eased


def _falling(t: Tones) -> Tones:
    """From 1 where t is 0 to nothing where it is 1, as light and shadows fall off."""
    left: Tones = 1 - np.clip(t, 0, 1)
    return left * left * left


def _over(tones: Tones, tone: Tones | float, cover: Tones) -> Tones:
    return tones + (tone - tones) * cover


def _coloured(tones: Tones, palette: Palette) -> Image.Image:
    """The picture: each tone looked up on the palette's ramp."""
    ramp = np.stack([0.3 * palette.ramp[0], *palette.ramp, 0.45 * palette.ramp[-1] + 140.25])
    places = [_DARKEST, *np.linspace(0, 1, len(palette.ramp)), _SUN]
    fine = np.linspace(_DARKEST, _SUN, _STEPS)
    table = np.stack([np.interp(fine, places, channel) for channel in ramp.T], axis=1)
    steps = (tones - _DARKEST) * ((_STEPS - 1) / (_SUN - _DARKEST))
    index = np.clip(steps, 0, _STEPS - 1).astype(np.uint16)
    return Image.fromarray(table.round().astype(np.uint8)[index])
