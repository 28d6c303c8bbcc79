"""Renders a scene into a clip: picture, push-in, slate, sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from sora_batch.media.lettering.fonts import shared_book
from sora_batch.shots import Size
from sora_batch.simulator.background import make_background
from sora_batch.simulator.camera import Camera, enlargement
from sora_batch.simulator.encode import encode
from sora_batch.simulator.measures import picture_size
from sora_batch.simulator.orders import FRAMES_PER_SECOND
from sora_batch.simulator.planes import Planes, planes_of
from sora_batch.simulator.scene import Scene
from sora_batch.simulator.slate import Slate
from sora_batch.simulator.sound import make_sound


def render_animatic(
    scene: Scene,
    target: Path,
    *,
    report: Callable[[float], None],
    stopped: Callable[[], bool],
) -> None:
    """Writes the clip. Raises Abandoned as soon as `stopped` says so."""
    sound = make_sound(scene.prompt, scene.frames, scene.seam)
    encode(target, scene.size, _frames(scene, report), sound, stopped=stopped)


def _frames(scene: Scene, report: Callable[[float], None]) -> Iterator[Planes]:
    slate = Slate(scene, shared_book())
    shown, whole = picture_size(scene.size), scene.size
    picture = _picture(scene)
    glass = planes_of(slate.glass(picture), Size(whole.width, whole.height - shown.height))
    camera = Camera(picture, shown)
    nearest = enlargement(scene.frames, FRAMES_PER_SECOND)
    for number in range(scene.frames):
        # Equal ratios, not equal steps: so the approach looks even all the way.
        seen = camera.frame(nearest ** (number / scene.frames))
        y, u, v = (np.concatenate(parts) for parts in zip(glass, seen, strict=True))
        slate.over((y, u, v), number)
        yield y, u, v
        report((number + 1) / scene.frames)


def _picture(scene: Scene) -> Image.Image:
    """What stands below the slate: of a reference the lower part, where no slate of its own is."""
    shown = picture_size(scene.size)
    if scene.reference is None:
        return make_background(scene.picture_prompt, scene.picture_seed, shown)
    with Image.open(scene.reference) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    return picture.crop((0, picture.height - shown.height, picture.width, picture.height))
