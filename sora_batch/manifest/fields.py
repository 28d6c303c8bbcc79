"""The field tables of the manual, made from the manifest's schema.

`python -m sora_batch.manifest.fields docs/manifest.md` (`make docs`) writes them into the manual,
between two marks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sora_batch.manifest.json_schema import manifest_schema

BEGIN: Final = "<!-- field tables, written by `make docs` -->"
END: Final = "<!-- end of the field tables -->"

_SECTIONS: Final[Mapping[str, str]] = {
    "": "The manifest",
    "Shot": "A shot, under `shots`",
    "Reference": "A reference",
    "Each": "Another shot, under `remix_of`, `edit_of`, `extend_of`, `frame_of`, `needs`",
    "Job": "A job made elsewhere, under `remix_of`, `edit_of`, `extend_of`",
    "Variant": "A variant, under `variants`",
    "Sweep": "A sweep",
    "Defaults": "The defaults",
    "Profile": "A profile, under `profiles`",
    "Limits": "The limits",
    "ModelLimits": "The limits of a model, under `limits.models`",
    "Provider": "A provider, under `providers`",
    "Cut": "A cut, under `cuts`",
    "CutShot": "A shot in a cut, under `shots` of the cut",
    "Transition": "A transition",
}
_SAME_AS: Final[Mapping[str, str]] = {"Variant": "Shot", "Defaults": "Shot"}
_KINDS: Final[Mapping[str, str]] = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "`true` or `false`",
    "array": "list",
    "object": "mapping",
}


def field_tables() -> str:
    """One table for each mapping a manifest may have, as markdown."""
    schema = manifest_schema()
    parts: Any = {"": schema, **schema["$defs"]}  # type: ignore[dict-item]
    return "\n".join(line for name in _SECTIONS for line in _section(name, parts)) + "\n"


def with_field_tables(manual: str) -> str:
    """The manual with the tables of today between the marks.

    Raises ValueError where it does not have each of the two marks once.
    """
    if manual.count(BEGIN) != 1 or manual.count(END) != 1:
        raise ValueError(f"the manual needs one line `{BEGIN}` and one `{END}`")
    before, rest = manual.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{field_tables()}\n{END}{after}"


def _section(name: str, parts: Mapping[str, Any]) -> Iterator[str]:
    part = parts[name]
    fields: Mapping[str, Any] = part["properties"]
    if name:
        yield ""
    yield f"### {_SECTIONS[name]}"
    yield ""
    yield part["description"]
    yield ""
    twin = parts[_SAME_AS[name]]["properties"] if name in _SAME_AS else {}
    if name in _SAME_AS and all(twin.get(field) == spec for field, spec in fields.items()):
        yield "Fields, each as in a shot: " + ", ".join(f"`{field}`" for field in fields) + "."
        return
    yield "| field | type | meaning |"
    yield "|---|---|---|"
    required = part.get("required", ())
    for field, spec in fields.items():
        needed = " Required." if field in required else ""
        meaning = spec["description"].replace("|", "\\|")
        yield f"| `{field}` | {_kind(spec)} | {meaning}{needed} |"


def _kind(spec: Mapping[str, Any]) -> str:
    """What a value may be, in words; that it may be left empty goes without saying."""
    if "enum" in spec:
        return ", ".join(f"`{value}`" for value in spec["enum"])
    if "const" in spec:
        return f"`{spec['const']}`"
    if "$ref" in spec:
        return "mapping"
    if "anyOf" in spec:
        words = [_kind(choice) for choice in spec["anyOf"]]
    else:
        kinds = spec.get("type", [])
        words = [_word(kind, spec) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    return " or ".join(dict.fromkeys(word for word in words if word))


def _word(kind: str, spec: Mapping[str, Any]) -> str:
    items = spec.get("items")
    if kind == "array" and items:
        return f"list of {_plural(_kind(items))}"
    return _KINDS.get(kind, "")


def _plural(words: str) -> str:
    plurals = {"text": "texts", "mapping": "mappings", "number": "numbers"}
    return " or ".join(plurals.get(word, word) for word in words.split(" or "))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        manual = Path(name)
        manual.write_text(with_field_tables(manual.read_text("utf-8")), encoding="utf-8")
