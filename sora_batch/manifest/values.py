"""What single values of a manifest may look like: numbers, money, durations, names.

The trap: a union is told apart by the kind of the value before anything in it is checked (the
`Tag`s), so that one wrong key gives one problem and not one for each member of the union.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

KINDS: dict[type, str] = {
    dict: "<mapping>",
    list: "<list>",
    str: "<text>",
    bool: "<switch>",
    int: "<number>",
    float: "<fraction>",
}
"""The tags of union members, by the type of what was written. No key looks like one."""


def kind_of(value: object) -> str | None:
    """The tag of a union's member for this value."""
    return KINDS.get(type(value))


def kind_of_price(value: object) -> str | None:
    """The tag of a price: one for all models, or a mapping of them."""
    return "<mapping>" if isinstance(value, dict) else "<money>"


def kind_of_source(value: object) -> str | None:
    """The tag of a source: a shot's id, a job made elsewhere, or another shot's parts."""
    if isinstance(value, dict):
        return "<job>" if "job" in value and "shot" not in value else "<each>"
    return kind_of(value)


def empty_list(value: object) -> object:
    """A list left empty is an empty one."""
    return [] if value is None else value


def empty_mapping(value: object) -> object:
    """A mapping left empty is an empty one."""
    return {} if value is None else value


def exact(value: object) -> object:
    """A number as it was written: 0.1 is a tenth, not the nearest binary fraction."""
    return str(value) if type(value) in {int, float} else value


ListIfNull = BeforeValidator(empty_list)
MappingIfNull = BeforeValidator(empty_mapping)
_AMOUNT = r"^\s*\d+(\.\d+)?\s*$"
Text = Annotated[str, Tag("<text>")]
Int = Annotated[int, Tag("<number>")]
Float = Annotated[float, Field(allow_inf_nan=False), Tag("<fraction>")]

Name: TypeAlias = Annotated[str, Field(min_length=1)]
Duration: TypeAlias = Annotated[str, Field(pattern=r"^\s*(\d+(\.\d+)?\s*[smhd]\s*)+$")]
Variable: TypeAlias = Annotated[str, Field(pattern=r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$")]
Number: TypeAlias = Annotated[Int | Float | Text, Discriminator(kind_of)]
WholeNumber: TypeAlias = Annotated[Int | Text, Discriminator(kind_of)]
Count: TypeAlias = Annotated[int, Field(strict=True, ge=1)]
Rate: TypeAlias = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Switch: TypeAlias = Annotated[bool, Field(strict=True)]
Money: TypeAlias = Annotated[
    Decimal,
    Field(ge=0),
    BeforeValidator(exact),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": _AMOUNT}]}
    ),
]
Mapping: TypeAlias = Annotated[dict[str, Any], MappingIfNull]
Fit: TypeAlias = Literal["cover", "contain", "blur", "stretch", "exact"]
ProviderKind: TypeAlias = Literal[
    "local",
    "openai",
    "azure",
    "vllm-omni",
    "sglang",
    "litellm",
    "new-api",
    "openrouter",
    "unsloth",
]
