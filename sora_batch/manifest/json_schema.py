"""The manifest's JSON Schema (2020-12), for editors: completion, hover texts, red lines.

Derived from the models that read manifests, so the two cannot disagree; only tidied: one list of
types instead of nested choices, no machine-made titles, and `null` where a key may be left empty.
"""

from __future__ import annotations

from typing import Any, Final

from sora_batch.manifest.schema import ManifestSpec
from sora_batch.manifest.shot_schema import Overrides
from sora_batch.shots import Json

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_NOISE: Final = frozenset({"title", "default", "discriminator"})
_MAY_BE_EMPTY: Final = ("variants", "profiles")
_FIRST: Final = ("version", "name", "provider", "budget", "output", "include")
_NULL: Final = {"type": "null"}


def manifest_schema() -> dict[str, Json]:
    """The schema as plain data, in an order that is fit to be read."""
    raw = ManifestSpec.model_json_schema()
    parts = raw.pop("$defs")
    names = {old: _part_name(old) for old in parts}
    first = {name: raw["properties"][name] for name in _FIRST}
    body = _tidy({**raw, "properties": {**first, **raw["properties"]}}, names)
    return {
        "$schema": DIALECT,
        "title": "sora-batch manifest",
        **body,
        "$defs": {names[old]: _tidy(part, names) for old, part in parts.items()},
    }


def _part_name(name: str) -> str:
    return "Variant" if name == Overrides.__name__ else name.removesuffix("Spec")


def _tidy(raw: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """One schema, its parts tidied first."""
    out: dict[str, Any] = {}
    for word, value in raw.items():
        if word == "properties":
            required = raw.get("required", ())
            out[word] = {
                name: _with_null(_tidy(part, names), name, optional=name not in required)
                for name, part in value.items()
            }
        elif word == "$ref":
            out[word] = f"#/$defs/{names[value.rsplit('/', 1)[-1]]}"
        elif word in {"anyOf", "oneOf"}:
            out.update(_one_choice([_tidy(choice, names) for choice in value]))
        elif word == "prefixItems":
            out[word] = [_tidy(item, names) for item in value]
        elif word in {"items", "additionalProperties"} and isinstance(value, dict):
            out[word] = _tidy(value, names)
        elif word not in _NOISE and (word, value) != ("additionalProperties", True):
            out[word] = value
    return out


def _one_choice(choices: list[dict[str, Any]]) -> dict[str, Any]:
    """Nested choices as one; plain types as one list of types."""
    flat: list[dict[str, Any]] = []
    for choice in choices:
        flat += choice["anyOf"] if set(choice) == {"anyOf"} else [choice]
    plain = [choice for choice in flat if set(choice) == {"type"}]
    others = [choice for choice in flat if set(choice) != {"type"}]
    types: list[str] = []
    for choice in plain:
        types += choice["type"] if isinstance(choice["type"], list) else [choice["type"]]
    types = [kind for kind in dict.fromkeys(types) if kind != "integer" or "number" not in types]
    if len(others) == 1 and types == ["null"] and "type" in others[0] and "enum" not in others[0]:
        return _nullable(others[0])
    merged = {"type": types[0] if len(types) == 1 else types}
    if not others:
        return merged
    return {"anyOf": [*others, *([merged] if types else [])]}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {**schema, "type": list(dict.fromkeys([*kinds, "null"]))}


def _with_null(schema: dict[str, Any], name: str, *, optional: bool) -> dict[str, Any]:
    """A mapping or list that may be absent may also be left empty."""
    below = schema.get("additionalProperties")
    if name in _MAY_BE_EMPTY and isinstance(below, dict):
        choices = below.get("anyOf", [below])
        below = {"anyOf": [*(choice for choice in choices if choice != _NULL), _NULL]}
        schema = {**schema, "additionalProperties": below}
    if optional and schema.get("type") in ("object", "array"):
        return _nullable(schema)
    return schema
