"""Puts an order into OpenRouter's words: its JSON body, and which way a size is said there.

Pure but for reading the reference picture. A size is sent as it stands where the model lists it,
else as resolution and shape, which is how hosted models know it; where neither fits, as it stands,
and the server decides: a request it does not like costs nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

from sora_batch.catalog import ModelEntry, ratio_of, resolution_named, resolution_of
from sora_batch.providers.provider import NotAccepted, RenderRequest
from sora_batch.records import Failure, FailureKind
from sora_batch.shots import Json, Size

FRAME_TYPE = "frame_type"
"""The option that says which frame of the clip the reference picture is."""

_FRAMES = ("first_frame", "last_frame")
_RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9", "9:21")
_MEDIA_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}


def order_body(request: RenderRequest, entry: ModelEntry | None) -> dict[str, Json]:
    """The body of a create. Raises NotAccepted for what cannot be said there, OSError.

    `entry` is what is known of the model, None where nothing is.
    """
    if request.source_kind is not None:
        raise _cannot(f"OpenRouter cannot {request.source_kind} a clip")
    if request.seconds != request.seconds.to_integral_value():
        raise _cannot(f"OpenRouter takes whole seconds only, not {request.seconds}")
    body: dict[str, Json] = {
        **{name: value for name, value in request.options.items() if name != FRAME_TYPE},
        "model": request.model,
        "prompt": request.prompt,
        "duration": int(request.seconds),
        **shape_of(request.size, entry),
    }
    if request.seed is not None:
        body["seed"] = request.seed
    if request.reference is not None:
        body["frame_images"] = [_frame(request.reference, request.options)]
    return body


def shape_of(size: Size, entry: ModelEntry | None) -> dict[str, Json]:
    """The fields that ask for a size: `size`, or `resolution` and `aspect_ratio`."""
    if entry is not None and size in entry.sizes:
        return {"size": str(size)}
    known = entry.resolutions if entry is not None else ()
    resolution = resolution_of(size, known) if known else resolution_named(size)
    ratio = ratio_of(size, (entry.ratios if entry is not None else ()) or _RATIOS)
    if resolution is None or ratio is None:
        return {"size": str(size)}
    return {"resolution": resolution, "aspect_ratio": ratio}


def _frame(picture: Path, options: Mapping[str, Json]) -> Json:
    frame = options.get(FRAME_TYPE, _FRAMES[0])
    if frame not in _FRAMES:
        raise _cannot(f"`{FRAME_TYPE}` is {' or '.join(_FRAMES)}, not {frame}")
    media_type = _MEDIA_TYPES.get(picture.suffix.lower(), "image/png")
    data = base64.b64encode(picture.read_bytes()).decode("ascii")
    url = f"data:{media_type};base64,{data}"
    return {"type": "image_url", "image_url": {"url": url}, FRAME_TYPE: frame}


def _cannot(message: str) -> NotAccepted:
    return NotAccepted(Failure(FailureKind.INVALID, message))
