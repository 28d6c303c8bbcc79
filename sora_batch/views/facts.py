"""Values of this program as JSON: money and other exact numbers as strings, times in ISO 8601."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from sora_batch.records import Ledger
from sora_batch.shots import Json, Size
from sora_batch.views.text import money_text


def as_json(value: object) -> Json:
    """The value with everything in it as JSON has it; a record becomes its fields by name.

    Exact numbers keep their digits, since a float would lose them: money at least cents (`"0.80"`),
    others as written (`"4"`). What is not known is null; sizes are `"1280x720"`.
    """
    match value:
        case None | bool() | int() | float():
            return value
        case Decimal():
            return f"{value.normalize():f}"
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
        names = [field.name for field in dataclasses.fields(value)]
        return {name: _field(value, name) for name in names}
    raise TypeError(f"no JSON for {type(value).__name__}")


def _field(record: object, name: str) -> Json:
    value = getattr(record, name)
    if isinstance(value, Decimal) and ("usd" in name or isinstance(record, Ledger)):
        return money_text(value)
    return as_json(value)
