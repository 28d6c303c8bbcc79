"""Stills of a finished clip, as OpenAI offers them: a thumbnail and a spritesheet."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
from PIL import Image

from sora_batch.durable import write_atomically


@dataclass(frozen=True, slots=True)
class Still:
    """One kind: how its file ends, what it is, how many pictures are on it, how large each is."""

    suffix: str
    media_type: str
    format: Literal["WEBP", "JPEG"]
    columns: int
    rows: int
    longest_side: int


STILLS: Mapping[str, Still] = {
    "thumbnail": Still(".webp", "image/webp", "WEBP", 1, 1, 480),
    "spritesheet": Still(".jpg", "image/jpeg", "JPEG", 4, 4, 320),
}


def make_still(clip: Path, target: Path, still: Still) -> None:
    """Takes frames spread evenly over the clip and writes them as one picture."""
    pictures = _pictures(clip, still)
    width, height = pictures[0].size
    sheet = Image.new("RGB", (width * still.columns, height * still.rows))
    for number, picture in enumerate(pictures):
        row, column = divmod(number, still.columns)
        sheet.paste(picture, (column * width, row * height))
    buffer = io.BytesIO()
    sheet.save(buffer, still.format, quality=85)
    write_atomically(target, buffer.getvalue())


def _pictures(clip: Path, still: Still) -> list[Image.Image]:
    """As many as the still has room for, from the middles of equal parts of the clip."""
    wanted = still.columns * still.rows
    pictures: list[Image.Image] = []
    with av.open(str(clip)) as container:
        total = container.streams.video[0].frames
        for number, frame in enumerate(container.decode(video=0)):
            while len(pictures) < wanted and number >= (2 * len(pictures) + 1) * total // (
                2 * wanted
            ):
                picture = Image.fromarray(frame.to_ndarray(format="rgb24"))
                picture.thumbnail((still.longest_side, still.longest_side))
                pictures.append(picture)
            if len(pictures) == wanted:
                break
    return pictures
