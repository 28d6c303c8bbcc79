"""Reads a fault script from YAML (or JSON, which is YAML too).

seed: 7
faults:
  - {at: create, do: reset, when: after, chance: 0.1}
  - {at: poll, do: missing, first: 2}
  - {do: moderate, stage: output, prompt: dragon, times: 1}
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sora_batch.errors import ProblemsFound
from sora_batch.manifest.source import Document, read_document
from sora_batch.problems import Problem, Where, did_you_mean
from sora_batch.simulator.faults import RULE_KEYS, Fault, FaultScript

_WHOLE = frozenset({"times", "after", "first", "status"})
_NUMBERS = frozenset({"chance", "seconds", "share"})


def read_script(path: Path) -> FaultScript:
    """The script in the file. Raises ProblemsFound with all that is wrong in it."""
    document, problems = read_document(path)
    if document is None or problems:
        raise ProblemsFound(tuple(problems))
    reading = _Reading(document)
    script = reading.script()
    if reading.problems:
        raise ProblemsFound(tuple(reading.problems))
    return script


class _Reading:
    """One pass over a document that collects what is wrong."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[Problem] = []

    def script(self) -> FaultScript:
        data = self._document.data
        if not isinstance(data, dict):
            self._add("a fault script has `faults`, a list of rules", (), "fault-script")
            return FaultScript()
        self._unknown_keys(data, (), ("seed", "faults"))
        seed = data.get("seed", 0)
        if not isinstance(seed, int) or isinstance(seed, bool):
            self._add("`seed` is a whole number", ("seed",), "fault-script")
            seed = 0
        rules = data.get("faults")
        if not isinstance(rules, list):
            self._add("`faults` is a list of rules", ("faults",) if rules else (), "fault-script")
            return FaultScript()
        faults = [self._fault(rule, ("faults", place)) for place, rule in enumerate(rules)]
        return FaultScript(tuple(fault for fault in faults if fault is not None), seed)

    def _fault(self, rule: Any, path: tuple[str | int, ...]) -> Fault | None:
        if not isinstance(rule, dict) or "do" not in rule:
            self._add("a rule says what happens under `do`", path, "fault-script")
            return None
        known = self._unknown_keys(rule, path, RULE_KEYS)
        typed = [self._is_typed(name, value, path) for name, value in rule.items()]
        if not known or not all(typed):
            return None
        try:
            return Fault(**rule)
        except ValueError as error:
            self._add(str(error), path, "fault-script")
            return None

    def _is_typed(self, name: str, value: Any, path: tuple[str | int, ...]) -> bool:
        if name in _WHOLE:
            good, kind = isinstance(value, int) and not isinstance(value, bool), "a whole number"
        elif name in _NUMBERS:
            good = isinstance(value, int | float) and not isinstance(value, bool)
            kind = "a number"
        else:
            good, kind = isinstance(value, str), "text"
        if not good:
            self._add(f"`{name}` is {kind}", (*path, name), "fault-script")
        return good

    def _unknown_keys(
        self, data: dict[Any, Any], path: tuple[str | int, ...], known: tuple[str, ...]
    ) -> bool:
        unknown = [key for key in data if key not in known]
        for key in unknown:
            fix = did_you_mean(str(key), known) or f"use {', '.join(known)}"
            self._add(f"unknown key `{key}`", (*path, key), "unknown-key", fix)
        return not unknown

    def _add(self, message: str, path: tuple[str | int, ...], code: str, fix: str = "") -> None:
        where = (
            self._document.where(path, key=code == "unknown-key")
            if path
            else Where(self._document.file)
        )
        self.problems.append(Problem(message, where, code, fix))
