"""Values of this program as JSON: money and other exact numbers as strings, times in ISO 8601."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from sora_batch.shots import Json, Size
from sora_batch.views.text import money_text


def as_json(value: object) -> Json:
    """The value with everything in it as JSON has it; a record becomes its fields by name.

    Exact numbers keep their digits (`"0.80"`), since a float would lose them; what is not known is
    null; sizes are `"1280x720"`.
    """
    match value:
        case None | bool() | int() | float():
            return value
        case Decimal():
            return money_text(value) if value.is_finite() else str(value)
        case str():
            return str(value)
        case Size() | Path():
            return str(value)
        case date():
            return value.isoformat()
        case Mapping():
            return {str(key): as_json(entry) for key, entry in value.items()}
        case list() | tuple() | set() | frozenset():
            return [as_json(entry) for entry in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: as_json(getattr(value, field.name)) for field in fields}
    raise TypeError(f"no JSON for {type(value).__name__}")
