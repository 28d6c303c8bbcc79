"""Reads requests into orders: what is wanted, checked, or a refusal with words that help.

Speaks OpenAI's form of the protocol: multipart or JSON, lengths as strings of digits, a reference
of exactly the clip's size. What a server family takes beyond that, or does not, its dialect says.
Fields nobody knows are kept with the job.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sora_batch.shots import JobId, Json, Size
from sora_batch.simulator.dialects.dialect import Orders
from sora_batch.simulator.fields import Fields, parse_json
from sora_batch.simulator.reference import Reference, read_reference
from sora_batch.simulator.refusals import Refused, invalid
from sora_batch.simulator.settings import SimulatorSettings

DEFAULT_MODEL = "sora-2"
DEFAULT_SIZE = "720x1280"
DEFAULT_SECONDS = "4"
FRAMES_PER_SECOND = 24

_PROMPT_CHARACTERS = 32_000
_NAME_CHARACTERS = 200
_EXTRA_BYTES = 64 * 1024
_SMALLEST_SIDE = 16
_KNOWN = frozenset({"prompt", "model", "size", "seconds", "seed", "input_reference", "video"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A clip to make from nothing, or from a picture."""

    prompt: str
    model: str
    size: Size
    seconds: Decimal
    seed: int | None
    extra: Mapping[str, Json]
    reference: Reference | None


def read_order(fields: Fields, settings: SimulatorSettings) -> Order:
    """The order in these fields. Raises Refused."""
    prompt = read_prompt(fields)
    model = _model(_name(fields.text("model", _usual_model(settings))), settings)
    size = _size(fields.text("size", DEFAULT_SIZE), model, settings)
    return Order(
        prompt=prompt,
        model=model,
        size=size,
        seconds=read_seconds(fields, settings),
        seed=_seed(fields.values.get("seed")),
        extra=read_extra(fields),
        reference=read_reference(fields, size),
    )


def models_of(settings: SimulatorSettings) -> list[str]:
    """The names in its list of models."""
    models = settings.speaks.orders.models
    if isinstance(models, frozenset):
        return sorted(models)
    return [DEFAULT_MODEL if models == "any" else settings.model]


def read_prompt(fields: Fields) -> str:
    """The prompt. Raises Refused where it is missing, too long or not text."""
    if fields.values.get("prompt") is None:
        raise _missing("prompt")
    prompt = fields.text("prompt", "")
    if not 1 <= len(prompt) <= _PROMPT_CHARACTERS:
        raise invalid(
            f"Invalid 'prompt': expected 1 to {_PROMPT_CHARACTERS} characters, "
            f"but got {len(prompt)}.",
            param="prompt",
        )
    return prompt


def read_seconds(
    fields: Fields, settings: SimulatorSettings, *, default: str | None = DEFAULT_SECONDS
) -> Decimal:
    """The length, without trailing zeros. Raises Refused."""
    if default is None and fields.values.get("seconds") is None:
        raise _missing("seconds")
    orders = settings.speaks.orders
    given = fields.values.get("seconds")
    if orders.numbers and isinstance(given, int | float) and not isinstance(given, bool):
        given = str(given)
        fields = Fields({**fields.values, "seconds": given}, fields.files)
    text = fields.text("seconds", default or "")
    if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", text, re.ASCII):
        raise invalid(
            f"Invalid value for 'seconds': '{text[:40]}'. Use a string of digits, "
            'such as "8" or "4.5".',
            param="seconds",
            code="invalid_value",
        )
    _check_form(text, orders)
    seconds = plain(Decimal(text))
    if frame_count(seconds) < 1 or seconds > settings.longest_seconds:
        raise invalid(
            f"Invalid value for 'seconds': '{text}'. A clip lasts from one frame "
            f"(0.042) up to {settings.longest_seconds} seconds.",
            param="seconds",
            code="invalid_value",
        )
    return seconds


def read_source(fields: Fields) -> JobId:
    """The id in `video: {id}`. Raises Refused."""
    video = fields.values.get("video", fields.values.get("video[id]"))
    if isinstance(video, str) and video.lstrip().startswith("{"):
        video = parse_json(video.encode(), "video")
    if isinstance(video, dict):
        video = video.get("id")
    if isinstance(video, str) and video:
        return JobId(video)
    if "video" in fields.files:
        raise invalid(
            'Uploading a video is not possible here; name one that was made here: {"id": ...}.',
            param="video",
        )
    raise _missing("video.id")


def read_extra(fields: Fields) -> dict[str, Json]:
    """The fields this protocol has no meaning for. Raises Refused where they are too much."""
    extra = {
        name: value
        for name, value in fields.values.items()
        if name not in _KNOWN and name != "video[id]"
    }
    if len(json.dumps(extra)) > _EXTRA_BYTES:
        raise invalid(f"The extra fields are larger than {_EXTRA_BYTES // 1024} KiB.")
    return extra


def plain(seconds: Decimal) -> Decimal:
    """4.50 as 4.5, 10 as 10 and not 1E+1."""
    return Decimal(format(seconds.normalize(), "f"))


def frame_count(seconds: Decimal) -> int:
    """How many frames so many seconds are."""
    return round(seconds * FRAMES_PER_SECOND)


def _check_form(text: str, orders: Orders) -> None:
    if orders.lengths is not None and text not in orders.lengths:
        allowed = ", ".join(f"'{length}'" for length in sorted(orders.lengths, key=int))
        raise invalid(
            f"Invalid value: '{text}'. Supported values are: {allowed}.",
            param="seconds",
            code="invalid_value",
        )
    if orders.whole and not text.isdigit():
        raise invalid(
            f"Invalid value for 'seconds': '{text}' is not a whole number.",
            param="seconds",
            code="invalid_value",
        )


def _missing(name: str) -> Refused:
    return invalid(
        f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter"
    )


def _size(text: str, model: str, settings: SimulatorSettings) -> Size:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text, re.ASCII)
    if match is None:
        raise invalid(
            f"Invalid value for 'size': '{text[:40]}'. Use width x height in pixels, "
            "such as '1280x720'.",
            param="size",
            code="invalid_value",
        )
    orders = settings.speaks.orders
    sizes = orders.model_sizes.get(model, orders.sizes)
    if sizes is not None and text not in sizes:
        allowed = ", ".join(f"'{size}'" for size in sorted(sizes))
        raise invalid(
            f"Invalid value: '{text}'. Supported values are: {allowed}.",
            param="size",
            code="invalid_value",
        )
    size = Size(int(match[1]), int(match[2]))
    if not all(_SMALLEST_SIDE <= side <= settings.largest_side for side in size):
        raise invalid(
            f"Invalid value for 'size': '{size}'. Each side has {_SMALLEST_SIDE} to "
            f"{settings.largest_side} pixels.",
            param="size",
            code="invalid_value",
        )
    if size.width % 2 or size.height % 2:
        even = Size(size.width + size.width % 2, size.height + size.height % 2)
        raise invalid(
            f"Invalid value for 'size': '{size}'. H.264 video as every player shows it (4:2:0) "
            f"has even sides; use '{even}'.",
            param="size",
            code="invalid_value",
        )
    return size


def _name(text: str) -> str:
    if not 1 <= len(text) <= _NAME_CHARACTERS:
        raise invalid(
            f"Invalid 'model': expected 1 to {_NAME_CHARACTERS} characters.", param="model"
        )
    return text


def _usual_model(settings: SimulatorSettings) -> str:
    return settings.model if settings.speaks.orders.models == "served" else DEFAULT_MODEL


def _model(name: str, settings: SimulatorSettings) -> str:
    """What the model is called in the job. Raises Refused where there is none of that name."""
    models = settings.speaks.orders.models
    if models == "loaded":
        return settings.model
    if models == "served" and name != settings.model:
        raise invalid(
            f"Model mismatch: request specifies '{name}' but server is running '{settings.model}'.",
            code="model_mismatch",
        )
    if isinstance(models, frozenset) and name not in models:
        raise invalid(
            f"Invalid value: '{name}'. Supported values are: {', '.join(sorted(models))}.",
            param="model",
            code="model_not_found",
        )
    return name


def _seed(value: Json) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value.strip(), re.ASCII):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise invalid(
            "Invalid value for 'seed': expected a whole number of 64 bits.",
            param="seed",
            code="invalid_value",
        )
    return value
