"""Takes a request apart into named fields, whichever way it was encoded, and never too much of it.

Multipart forms, url-encoded forms and JSON come out alike. A body is counted while it arrives, so
that nobody fills the memory by leaving the length out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from sora_batch.shots import Json
from sora_batch.simulator.refusals import Refused, invalid

_FILES_MOST = 20
_KINDS: Mapping[type, str] = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    list: "an array",
    dict: "an object",
    str: "a string",
}


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
            async with bounded.form(max_files=_FILES_MOST) as form:
                return await _from_form(form)
        except (HTTPException, FormParserError) as error:
            reason = error.detail if isinstance(error, HTTPException) else error
            raise invalid(f"The form cannot be read: {reason}") from error
    return _from_json(await bounded.body())


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
    data = parse_json(body, "body")
    if not isinstance(data, dict):
        raise invalid(f"Expected a JSON object, but got {_kind(data)} instead.")
    return Fields(data)


def parse_json(body: bytes, what: str) -> Json:
    """The JSON in the body. Raises Refused, naming `what` it is."""
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


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "null")
