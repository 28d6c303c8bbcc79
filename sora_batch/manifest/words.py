"""Says in our words what the schema has against a value.

The schema's library is asked for the kind of error and the path; its own sentences never reach
anybody. What was written is repeated only where it cannot be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from sora_batch.manifest.document import Node, Path
from sora_batch.manifest.names import meant, suggest, thing, within
from sora_batch.manifest.shapes import fields_at
from sora_batch.problems import Problem, Where, did_you_mean

_KINDS: Final[Mapping[type, str]] = {
    dict: "a mapping", list: "a list", str: "text", int: "a number", float: "a number",
}  # fmt: skip
_WANTED: Final[Mapping[str, str]] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "`true` or `false`",
    "list_type": "a list",
    "tuple_type": "a list of two numbers",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "decimal_type": "an amount in USD",
    "decimal_parsing": "an amount in USD",
    "finite_number": "an amount in USD",
}
_TAG_WORDS: Final[Mapping[str, str]] = {
    "<fraction>": "a number",
    "<number>": "a whole number",
    "<text>": "text",
    "<list>": "a list",
    "<mapping>": "a mapping",
    "<job>": "a mapping",
    "<each>": "a mapping",
    "<money>": "an amount in USD",
}
_EXAMPLES: Final[Mapping[str, str]] = {
    "a whole number": "a whole number, such as 3",
    "a number": "a number, such as 4",
    "an amount in USD": "a number alone, such as 25.00",
    "a mapping": "`name: value` lines under it",
    "a list of two numbers": "two fractions, such as `[0.5, 0.3]`",
}
_ADD_SHOTS: Final = "write `shots:` with a name and a prompt under it"
_SWEPT: Final = frozenset({"prompt", "model", "size", "seconds", "seed"})
_SWITCHES: Final = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false"}
_AMOUNT: Final = re.compile(r"\d+(?:[.,]\d{1,2})?(?!\d)")


@dataclass(frozen=True, slots=True)
class Slip:
    """One error of the schema: its kind, where in the tree, what stands there."""

    kind: str
    path: tuple[str | int, ...]
    context: Mapping[str, Any]
    root: Node
    model: type[BaseModel]

    @property
    def node(self) -> Node | None:
        """What stands at the path, None where nothing does."""
        return self.root.at(self.path)

    @property
    def where(self) -> Where:
        """The place of what stands there."""
        return self.root.place(self.path)

    @property
    def meant(self) -> tuple[str | int, ...]:
        """The path of the key that was meant by one that is unknown; () where none is near."""
        if self.kind != "extra_forbidden":
            return ()
        holder = self.path[:-1]
        near = meant(str(self.path[-1]), fields_at(self.model, holder), self.model)
        return (*holder, near) if near else ()

    @property
    def name(self) -> str:
        """The field the value belongs to, also where the value is an item of its list."""
        return next((str(step) for step in reversed(self.path) if isinstance(step, str)), "")


def explain(slip: Slip) -> Problem:
    """The problem behind an error of the schema."""
    special = _SPECIAL.get(slip.name)
    problem = special(slip) if special else None
    if problem:
        return problem
    return _WORDS.get(slip.kind, _wrong_type)(slip)


def _unknown_key(slip: Slip) -> Problem:
    holder, key = slip.path[:-1], str(slip.path[-1])
    message = f"unknown key `{key}`{within(holder)}"
    fix = suggest(key, fields_at(slip.model, holder), slip.model)
    return Problem(message, slip.root.place(slip.path, key=True), "unknown-key", fix)


def _missing(slip: Slip) -> Problem:
    holder, key = slip.path[:-1], str(slip.path[-1])
    if isinstance(slip.path[-1], int):
        return _two_numbers(slip)
    where = slip.root.place(holder, key=True)
    if key == "shots" and not holder:
        return Problem("there are no shots", where, "no-shots", _ADD_SHOTS)
    fix = "add `version: 1` at the top" if key == "version" else f"add `{key}:`"
    others = [name for name in fields_at(slip.model, holder) if name != key]
    if key == "shot" and "job" in others:
        fix = "name a `shot`, or a `job` made elsewhere"
    return Problem(f"{thing(holder)} has no `{key}`", where, "missing-key", fix)


def _wrong_type(slip: Slip) -> Problem:
    wanted = _WANTED.get(slip.kind, "something else")
    if slip.kind in {"union_tag_invalid", "union_tag_not_found"}:
        wanted = _wanted_of(slip)
    node = slip.node
    value = node.data if node else None
    if value is None:
        message = f"{thing(slip.path)} is left empty"
        if slip.path == ("shots",):
            return _nothing_in_it(slip)
        where = slip.root.place(slip.path, key=True)
        return Problem(message, where, "empty", f"write {_EXAMPLES.get(wanted, wanted)}")
    said = f"`{str(value).lower()}`" if isinstance(value, bool) else _KINDS[type(value)]
    message = f"{thing(slip.path)} is {said}; it takes {wanted}"
    if isinstance(value, str) and wanted == "an amount in USD":
        message = f"{thing(slip.path)} is no amount in USD"
    return Problem(message, slip.where, "wrong-type", _fix_of(slip, value, wanted))


def _wanted_of(slip: Slip) -> str:
    """What a union takes, from the tags of its members."""
    node_tags = str(slip.context.get("expected_tags", "")) or _tags_at(slip)
    words = list(dict.fromkeys(w for tag, w in _TAG_WORDS.items() if f"'{tag}'" in node_tags))
    if "a number" in words:
        return "a number"
    if "a whole number" in words:
        return "a whole number"
    if len(slip.path) == 2 and slip.path[0] == "shots":
        return "a prompt or a mapping"
    return " or ".join(words) or "a value"


def _tags_at(slip: Slip) -> str:
    """For a value left empty, whose error does not name the tags."""
    return "'<text>', '<mapping>'" if slip.name != "for_each" else "'<text>', '<list>'"


def _fix_of(slip: Slip, value: object, wanted: str) -> str:
    written = _written(slip)
    if isinstance(value, list) and slip.name in _SWEPT and "sweep" not in slip.path:
        return "write one value, or put the list under `sweep`"
    if wanted == "text" and isinstance(value, (int, float)):
        return f'write it in quotes: "{written}"'
    if wanted == "a list" and isinstance(value, (str, int, float)):
        return f"write it as a list: [{written}]"
    if wanted == "a mapping" and isinstance(value, list):
        return "write `name: value` lines, without `- `"
    if isinstance(value, str) and wanted == "`true` or `false`":
        return f"write {_SWITCHES.get(value.lower(), '`true` or `false`')}"
    if isinstance(value, str) and wanted == "an amount in USD":
        amount = _AMOUNT.search(value.replace(" ", ""))
        return f"write {amount[0].replace(',', '.')}" if amount else "write a number, such as 25.00"
    if isinstance(value, str) and value.replace(".", "", 1).isdigit() and "number" in wanted:
        return f"write {value}, without quotes"
    return f"write {_EXAMPLES.get(wanted, wanted)}"


def _written(slip: Slip) -> str:
    """The value as it stands in the text, where it fits one line; secrets are masked there."""
    node = slip.node
    where = slip.where
    text = where.text[where.column - 1 :][: node.length if node else 0]
    return text if len(text) <= 40 else "..."


def _too_small(slip: Slip) -> Problem:
    least = slip.context.get("ge", slip.context.get("gt", 0))
    over = slip.kind == "greater_than"
    if slip.name in {"budget", "price_per_second"} or "price_per_second" in slip.path:
        fix = "write 0 or more" if slip.name != "budget" else "write the most to spend, in USD"
        return Problem(f"{thing(slip.path)} is negative", slip.where, "value", fix)
    bound = f"more than {least:g}" if over else f"{least:g} or more"
    return Problem(f"{thing(slip.path)} is too small", slip.where, "value", f"write {bound}")


def _too_large(slip: Slip) -> Problem:
    fix = f"write {slip.context['le']:g} or less"
    return Problem(f"{thing(slip.path)} is too large", slip.where, "value", fix)


def _nothing_in_it(slip: Slip) -> Problem:
    if slip.path == ("shots",):
        return Problem(
            "there are no shots", slip.root.place(slip.path, key=True), "no-shots", _ADD_SHOTS
        )
    fix = "write at least one value, or delete it"
    return Problem(f"{thing(slip.path)} is empty", slip.where, "empty", fix)


def _choice(slip: Slip) -> Problem:
    node = slip.node
    choices = re.findall(r"'([^']*)'", str(slip.context.get("expected", "")))
    said = f"`{node.data}`" if node and isinstance(node.data, str) else "this"
    fix = did_you_mean(str(node.data), choices) if node else ""
    listed = "use " + ", ".join(choices[:-1]) + f" or {choices[-1]}" if choices else ""
    return Problem(f"{thing(slip.path)} cannot be {said}", slip.where, "value", fix or listed)


def _two_numbers(slip: Slip) -> Problem:
    path = slip.path[:-1] if slip.kind == "missing" else slip.path
    message = f"{thing(path)} takes two numbers"
    return Problem(message, slip.where, "value", "write two fractions, such as `[0.5, 0.3]`")


def _version(slip: Slip) -> Problem | None:
    if slip.path != ("version",) or slip.node is None:
        return None
    message = "this program reads version 1 of the manifest language"
    return Problem(message, slip.where, "version", "write `version: 1`")


def _api_key(slip: Slip) -> Problem | None:
    if slip.node is None or slip.path[0] != "providers" or len(slip.path) != 3:
        return None
    return Problem(
        "a key may not stand in a manifest",
        slip.where,
        "literal-key",
        "put it into an environment variable and write `${NAME}`, braces included; if this file "
        "was ever shared, replace the key",
    )


def _duration(slip: Slip) -> Problem | None:
    if slip.node is None or slip.kind not in {"string_type", "string_pattern_mismatch"}:
        return None
    if isinstance(slip.node.data, (int, float)):
        message = f"{thing(slip.path)} has no unit"
        written = _written(slip)
        return Problem(message, slip.where, "value", f"write {written}s, {written}m or {written}h")
    message = f"{thing(slip.path)} is no length of time"
    return Problem(message, slip.where, "value", "write it like 90s, 30m or 2h")


def _size(slip: Slip) -> Problem | None:
    if slip.node is None or slip.node.data is None or slip.kind != "string_type":
        return None
    if isinstance(slip.node.data, list):
        return None
    message = "`size` is width and height in pixels"
    return Problem(message, slip.where, "wrong-type", "write it like 1280x720")


_SPECIAL: Final[Mapping[str, Callable[[Slip], Problem | None]]] = {
    "version": _version,
    "api_key": _api_key,
    "render_timeout": _duration,
    "size": _size,
}
_WORDS: Final[Mapping[str, Callable[[Slip], Problem]]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "greater_than_equal": _too_small,
    "greater_than": _too_small,
    "less_than_equal": _too_large,
    "too_short": _nothing_in_it,
    "string_too_short": _nothing_in_it,
    "literal_error": _choice,
    "too_long": _two_numbers,
}


def path_of(root: Node, location: Sequence[str | int]) -> Path:
    """The path in the tree an error's location stands for: tags of unions are no steps."""
    node: Node | None = root
    path: list[str | int] = []
    for number, step in enumerate(location):
        below = node.child(step) if node else None
        last = number == len(location) - 1
        if below is None and (str(step).startswith("<") or not last):
            continue
        path.append(step)
        node = below
    return tuple(path)
