"""Puts into words how the inputs of a shot differ from those of an earlier clip.

The reasons of a plan and the answers of `explain` both come from here, and both from the list the
fingerprint is made of, so the three cannot disagree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sora_batch.problems import joined
from sora_batch.shots import Json

WORDS: Mapping[str, str] = {
    "provider": "provider",
    "base_url": "server address",
    "model": "model",
    "prompt": "prompt",
    "size": "size",
    "seconds": "seconds",
    "seed": "seed",
    "options": "options",
    "reference": "reference",
    "remix_of": "the shot it remixes",
    "edit_of": "the shot it edits",
    "extend_of": "the shot it extends",
    "take": "take",
}
"""What people call each input, in the order in which they are named."""

FIELDS: Mapping[str, str] = {"take": "takes"}
"""The field of a shot spec where an input is written, where it has another name."""


def changed_inputs(now: Mapping[str, Json], before: Mapping[str, Json]) -> tuple[str, ...]:
    """The names of the inputs that differ, in the order of the words."""
    differing = {
        name
        for name in {*now, *before}
        if name not in now or name not in before or _differ(now[name], before[name])
    }
    known = [name for name in WORDS if name in differing]
    return (*known, *sorted(differing.difference(known)))


def change_words(now: Mapping[str, Json], before: Mapping[str, Json]) -> str:
    """`prompt and seconds`: what differs, as a sentence names it; "" where nothing does."""
    names = list(changed_inputs(now, before))
    if "provider" in names and "base_url" in names:
        # Another provider is always somewhere else; saying so twice only hides what else changed.
        names.remove("base_url")
    return joined((_words(name, now, before) for name in names), "and") if names else ""


def _differ(now: Json, before: Json) -> bool:
    """Whether the fingerprint tells them apart: it knows 1, 1.0 and true from each other."""
    if isinstance(now, str) or now != before:
        return now != before
    return json.dumps(now, sort_keys=True) != json.dumps(before, sort_keys=True)


def _words(name: str, now: Mapping[str, Json], before: Mapping[str, Json]) -> str:
    if name == "options":
        return _option_words(now.get(name), before.get(name))
    if name == "reference":
        return _reference_words(now.get(name), before.get(name))
    return WORDS.get(name, name)


def _option_words(now: Json, before: Json) -> str:
    """`option fps` where one of them changed, else `options`."""
    if not isinstance(now or {}, dict) or not isinstance(before or {}, dict):
        return "options"
    names = changed_inputs(dict(now or {}), dict(before or {}))  # type: ignore[arg-type]
    return f"option {names[0]}" if len(names) == 1 else "options"


def _reference_words(now: Json, before: Json) -> str:
    """`reference picture` where its bytes changed, `reference fit` where only that did."""
    if not isinstance(now, dict) or not isinstance(before, dict):
        return "reference"
    names = changed_inputs(now, before)
    if names == ("sha256",):
        return "reference picture"
    if names == ("frame_of",):
        return "the clip its first frame is from"
    return f"reference {names[0]}" if names in {("fit",), ("focus",), ("at",)} else "reference"
