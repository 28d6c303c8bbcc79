"""Renders a scene into a clip: picture, push-in, lettering, sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image, ImageOps

from sora_batch.media.lettering.fonts import shared_book
from sora_batch.simulator.background import make_background
from sora_batch.simulator.camera import Camera, enlargement
from sora_batch.simulator.encode import encode
from sora_batch.simulator.orders import FRAMES_PER_SECOND
from sora_batch.simulator.planes import Planes
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
    camera = Camera(slate.under(_picture(scene)), scene.size)
    nearest = enlargement(scene.frames, FRAMES_PER_SECOND)
    for number in range(scene.frames):
        # Equal ratios, not equal steps: so the approach looks even all the way.
        planes = camera.frame(nearest ** (number / scene.frames))
        slate.over(planes, number)
        yield planes
        report((number + 1) / scene.frames)


def _picture(scene: Scene) -> Image.Image:
    if scene.reference is None:
        return make_background(scene.picture_prompt, scene.picture_seed, scene.size)
    with Image.open(scene.reference) as picture:
        return ImageOps.exif_transpose(picture).convert("RGB")
