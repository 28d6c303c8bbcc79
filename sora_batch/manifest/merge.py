"""Lays one tree over another, so that every value keeps the place it was written at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from sora_batch.manifest.document import Node, mapping

Rules: TypeAlias = Mapping[str, Any]
"""Which mappings are merged key by key; what is not named here is replaced as a whole."""

_DEFAULTS: Final[Rules] = {"options": {}, "vars": {}}
_LIMITS: Final[Rules] = {"models": {"*": {}}}
_PROFILE: Final[Rules] = {"defaults": _DEFAULTS, "vars": {}, "limits": _LIMITS}
RULES: Final[Rules] = {
    **_PROFILE,
    "snippets": {},
    "profiles": {"*": _PROFILE},
    "providers": {"*": {"models": {}}},
}


def merged(under: Node, over: Node, rules: Rules = RULES) -> Node:
    """The two trees as one; where both say something, `over` does.

    A mapping left empty takes nothing away.
    """
    if not isinstance(under.children, dict) or not isinstance(over.children, dict):
        return under if over.data is None else over
    children = dict(under.children)
    keys = dict(under.keys or {})
    for name, node in over.children.items():
        rule = rules.get(name, rules.get("*"))
        below = children.get(name)
        children[name] = node if below is None or rule is None else merged(below, node, rule)
        if below is None or children[name] is not below:
            keys[name] = (over.keys or {}).get(name, node)
    return mapping(children, keys, over)
