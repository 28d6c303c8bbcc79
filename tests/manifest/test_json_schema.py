"""The schema for editors accepts what we accept, and refuses what it can of what we refuse."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sora_batch.manifest.fields import field_tables
from sora_batch.manifest.json_schema import DIALECT, manifest_schema
from sora_batch.manifest.schema import ManifestSpec
from sora_batch.manifest.source import read_document

SCHEMA: Any = manifest_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
WHOLE = Path(__file__).with_name("whole.yaml")


def whole() -> Any:
    document, problems = read_document(WHOLE)
    assert problems == []
    assert document is not None
    return document.data


def schemas(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from schemas(value)


def test_it_is_a_schema_of_its_dialect() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == DIALECT
    assert manifest_schema() == SCHEMA


def test_it_accepts_a_manifest_with_everything_in_it() -> None:
    assert list(VALIDATOR.iter_errors(whole())) == []
    assert ManifestSpec.model_validate(whole()).version == 1


def test_every_field_of_the_language_is_in_that_manifest() -> None:
    def keys(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            for key, value in node.items():
                yield key
                yield from keys(value)
        elif isinstance(node, list):
            for value in node:
                yield from keys(value)

    parts = [SCHEMA, *SCHEMA["$defs"].values()]
    fields = {field for part in parts for field in part["properties"]}
    assert fields - set(keys(whole())) == set()


@pytest.mark.parametrize(
    ("path", "value", "fine"),
    [
        ("shots.hero.seconds", "{{ pace }}", True),
        ("shots.hero.seconds", 4, True),
        ("shots.hero.seconds", 4.5, True),
        ("shots.hero.seconds", [4], False),
        ("shots.hero.seconds", True, False),
        ("shots.hero.seed", "{{ row.seed }}", True),
        ("shots.hero.seed", 1.5, False),
        ("shots.hero.size", 1280, False),
        ("shots.hero.takes", 0, False),
        ("shots.hero.enabled", "yes", False),
        ("shots.hero.enabled", False, True),
        ("shots.hero.reference", "assets/{{ x }}.png", True),
        ("shots.hero.reference", {"frame_of": "a", "at": "{{ t }}"}, True),
        ("shots.hero.reference", {"image": "a.png", "fit": "crop"}, False),
        ("shots.hero.reference", {"image": "a.png", "focus": [0.5]}, False),
        ("shots.hero.reference", None, True),
        ("shots.hero.remix_of", {"job": "video_1"}, True),
        ("shots.hero.remix_of", {"shot": "a", "each": True}, True),
        ("shots.hero.remix_of", {"each": True}, False),
        ("shots.hero.variants", {"calm": None, "bold": "x", "odd": {"seconds": 4}}, True),
        ("shots.hero.variants", {"calm": {"takes": 2}}, False),
        ("shots.hero.sweep", {"lens": ["24mm"], "exclude": None}, True),
        ("shots.hero.sweep", {"lens": "24mm"}, False),
        ("shots.hero.promt", "x", False),
        ("shots.hero", None, False),
        ("shots", {}, False),
        ("vars", None, True),
        ("defaults", None, True),
        ("profiles", {"draft": None}, True),
        ("budget", "25.00", True),
        ("budget", -1, False),
        ("budget", "lots", False),
        ("version", 2, False),
        ("limits.render_timeout", "1h30m", True),
        ("limits.render_timeout", 30, False),
        ("providers.gpu-box.api_key", "${GPU_BOX_KEY}", True),
        ("providers.gpu-box.api_key", "sk-1", False),
        ("providers.gpu-box.price_per_second", {"a": 0.1}, True),
        ("providers.gpu-box.kind", "sora", False),
        ("odd", 1, False),
    ],
)
def test_it_agrees_with_the_models(path: str, value: Any, fine: bool) -> None:
    data = copy.deepcopy(whole())
    *way, last = path.split(".")
    holder = data
    for step in way:
        holder = holder[step]
    holder[last] = value
    assert VALIDATOR.is_valid(data) is fine
    if fine:
        assert ManifestSpec.model_validate(data).version == 1
    else:
        with pytest.raises(ValueError, match="validation error"):
            ManifestSpec.model_validate(data)


def test_every_field_has_its_sentence() -> None:
    for part in (SCHEMA, *SCHEMA["$defs"].values()):
        assert part["description"].endswith(".")
        for field, spec in part["properties"].items():
            assert spec["description"].endswith((".", "...`.")), field
            assert "\n" not in spec["description"]


def test_nothing_machine_made_is_left_for_hover_texts() -> None:
    for schema in schemas(SCHEMA["$defs"]):
        assert "title" not in schema or isinstance(schema["title"], dict)
        assert "oneOf" not in schema
        assert "default" not in schema


def test_the_field_tables_have_every_field_once_with_its_sentence() -> None:
    tables = field_tables()
    assert tables == field_tables()
    shot = tables.split("### A shot", 1)[1].split("###", 1)[0]
    for field, spec in SCHEMA["$defs"]["Shot"]["properties"].items():
        assert shot.count(f"| `{field}` |") == 1
        assert spec["description"] in shot
    assert "| `kind` | `local`, `openai`, `azure`," in tables
    assert "| `seconds` | number or text |" in tables
    lengths = {line.count("|") - line.count("\\|") for line in tables.splitlines() if "|" in line}
    assert lengths == {4}
