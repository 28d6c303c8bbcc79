"""Reads requests into orders: what is wanted, checked, or a refusal with words that help.

Speaks OpenAI's form of the protocol: multipart or JSON, lengths as strings of digits, a reference
of exactly the clip's size. Two things are wider: any model name is taken, and a length may have
decimals. Fields nobody knows are kept with the job.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from PIL import Image, UnidentifiedImageError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from sora_batch.shots import JobId, Json, Size
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
_PICTURES = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
_KNOWN = frozenset({"prompt", "model", "size", "seconds", "seed", "input_reference", "video"})


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture that came with an order; `suffix` is what its file is called after."""

    data: bytes
    suffix: str


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


@dataclass(frozen=True, slots=True)
class Fields:
    """What a request carries, whichever way it was encoded."""

    values: Mapping[str, Json]
    files: Mapping[str, bytes] = field(default_factory=dict)

    def text(self, name: str, default: str) -> str:
        """A text field, trimmed; the default where it is missing or null."""
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise invalid(
                f"Invalid type for '{name}': expected a string, but got {_kind(value)} instead.",
                param=name,
                code="invalid_type",
            )
        return value.strip()


async def read_fields(request: Request, limit_bytes: int) -> Fields:
    """The request's fields. Raises Refused; never holds more than the limit."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit_bytes:
        raise _too_large(limit_bytes)
    bounded = Request(request.scope, _bounded(request.receive, limit_bytes))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        try:
            async with bounded.form(max_files=20) as form:
                return await _from_form(form)
        except HTTPException as error:
            raise invalid(f"The form cannot be read: {error.detail}") from error
    return _from_json(await bounded.body())


def read_order(fields: Fields, settings: SimulatorSettings) -> Order:
    """The order in these fields. Raises Refused."""
    prompt = read_prompt(fields)
    size = _size(fields.text("size", DEFAULT_SIZE), settings)
    return Order(
        prompt=prompt,
        model=_name(fields.text("model", DEFAULT_MODEL)),
        size=size,
        seconds=read_seconds(fields, settings),
        seed=_seed(fields.values.get("seed")),
        extra=read_extra(fields),
        reference=_reference(fields, size),
    )


def read_prompt(fields: Fields) -> str:
    """The prompt. Raises Refused where it is missing, too long or not text."""
    if fields.values.get("prompt") is None:
        raise invalid(
            "Missing required parameter: 'prompt'.",
            param="prompt",
            code="missing_required_parameter",
        )
    prompt = fields.text("prompt", "")
    if not 1 <= len(prompt) <= _PROMPT_CHARACTERS:
        raise invalid(
            f"Invalid 'prompt': expected 1 to {_PROMPT_CHARACTERS} characters, "
            f"but got {len(prompt)}.",
            param="prompt",
        )
    return prompt


def read_seconds(fields: Fields, settings: SimulatorSettings) -> Decimal:
    """The length, without trailing zeros. Raises Refused."""
    text = fields.text("seconds", DEFAULT_SECONDS)
    if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", text, re.ASCII):
        raise invalid(
            f"Invalid value for 'seconds': '{text[:40]}'. Use a string of digits, "
            'such as "8" or "4.5".',
            param="seconds",
            code="invalid_value",
        )
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
        video = _json(video.encode(), "video")
    if isinstance(video, dict):
        video = video.get("id")
    if isinstance(video, str) and video:
        return JobId(video)
    if "video" in fields.files:
        raise invalid(
            'Uploading a video is not possible here; name one that was made here: {"id": ...}.',
            param="video",
        )
    raise invalid(
        "Missing required parameter: 'video.id'.",
        param="video.id",
        code="missing_required_parameter",
    )


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


async def _from_form(form: FormData) -> Fields:
    values: dict[str, Json] = {}
    files: dict[str, bytes] = {}
    for name, item in form.multi_items():
        if isinstance(item, UploadFile):
            files[name] = await item.read()
        else:
            values[name] = _form_text(name, item)
    return Fields(values, files)


def _form_text(name: str, text: str) -> str:
    # The form parser turns bytes that are not UTF-8 into Latin-1 characters or surrogates.
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise invalid(f"Invalid '{name[:40]}': not valid Unicode.", param=name[:40])
    return text


def _from_json(body: bytes) -> Fields:
    data = _json(body, "body")
    if not isinstance(data, dict):
        raise invalid(f"Expected a JSON object, but got {_kind(data)} instead.")
    return Fields(data)


def _json(body: bytes, what: str) -> Json:
    try:
        data: Json = json.loads(body, parse_constant=_no_constant)
        json.dumps(data, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise invalid(
            f"We could not parse the {what} as JSON ({error}). "
            "Send multipart/form-data, or JSON with 'Content-Type: application/json'."
        ) from error
    return data


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is no JSON value")


def _bounded(receive: Receive, limit_bytes: int) -> Receive:
    """The same stream, which refuses to go on past the limit."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit_bytes:
            raise _too_large(limit_bytes)
        return message

    return bounded


def _too_large(limit_bytes: int) -> Refused:
    return Refused(413, f"The request is larger than {limit_bytes // (1024 * 1024)} MiB.")


def _size(text: str, settings: SimulatorSettings) -> Size:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text, re.ASCII)
    if match is None:
        raise invalid(
            f"Invalid value for 'size': '{text[:40]}'. Use width x height in pixels, "
            "such as '1280x720'.",
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


def _reference(fields: Fields, size: Size) -> Reference | None:
    data = fields.files.get("input_reference")
    if data is None:
        value = fields.values.get("input_reference")
        if value is None or value == "":
            return None
        data = _from_data_url(value)
    return _checked_picture(data, size)


def _from_data_url(value: Json) -> bytes:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = _json(value.encode(), "input_reference")
    url = value.get("image_url") if isinstance(value, dict) else value
    if not isinstance(url, str):
        raise invalid(
            'Invalid \'input_reference\': send a file, or {"image_url": "data:image/..."}. '
            "There is no store of uploaded files here, so 'file_id' is not known.",
            param="input_reference",
        )
    match = re.match(r"data:[\w.+-]+/[\w.+-]+(;[\w=.+-]+)*;base64,", url, re.ASCII)
    if match is None:
        raise invalid(
            "Invalid 'input_reference.image_url': only base64 data URLs are taken; "
            "nothing is fetched from the network.",
            param="input_reference",
        )
    try:
        return base64.b64decode(url[match.end() :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid(
            "Invalid 'input_reference.image_url': the base64 is damaged.", param="input_reference"
        ) from error


def _checked_picture(data: bytes, size: Size) -> Reference:
    try:
        with Image.open(io.BytesIO(data), formats=tuple(_PICTURES)) as picture:
            # The size stands in the header: a picture that would not fit is never unpacked.
            found = Size(*picture.size)
            if found == size:
                picture.load()
            suffix = _PICTURES[str(picture.format)]
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise _no_picture("it is not a JPEG, PNG or WebP picture") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise _no_picture(f"it is damaged ({error})") from error
    if found != size:
        raise invalid("Inpaint image must match the requested width and height")
    return Reference(data, suffix)


def _no_picture(reason: str) -> Refused:
    return invalid(f"Invalid 'input_reference': {reason}.", param="input_reference")


_KINDS: Mapping[type, str] = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    list: "an array",
    dict: "an object",
    str: "a string",
}
_kind: Callable[[object], str] = lambda value: _KINDS.get(type(value), "null")  # noqa: E731
