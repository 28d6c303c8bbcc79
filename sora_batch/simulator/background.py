"""The picture of a prompt that came without a reference: a pure function of its words."""

from __future__ import annotations

import hashlib

import numpy as np
from PIL import Image

from sora_batch.shots import Size


def make_background(prompt: str, seed: int | None, size: Size) -> Image.Image:
    """The picture, in the size."""
    digest = hashlib.sha256(f"{seed}\n{prompt}".encode()).digest()
    random = np.random.default_rng(list(digest))
    colours = random.integers(20, 200, (3, 3, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize(size, Image.Resampling.BICUBIC)
