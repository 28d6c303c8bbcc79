"""Builds the scopes templates are rendered in: which names there are, and which wins.

Later wins: the manifest's vars (the profile's are among them), the shot's, the variant's, row,
axes, the command line's. The names that mean the shot's own (`shot`, `snippets`, `row`, `model`,
`size`, `seconds`, `width`, `height`) cannot be taken: a shoe's `size` that silently became the
clip's would be a costly surprise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from sora_batch.manifest.draft import Draft
from sora_batch.manifest.findings import Findings
from sora_batch.manifest.holes import has_template
from sora_batch.manifest.layers import Written
from sora_batch.manifest.scope import RESERVED_NAMES, Scope, Way
from sora_batch.manifest.sweeps import Combination
from sora_batch.manifest.templates import Templates
from sora_batch.problems import Where
from sora_batch.shots import Json

Names: TypeAlias = dict[str, Any]
Late: TypeAlias = dict[str, tuple[Json, Way]]


class Scopes:
    """Names for templates, from what the manifest and the command line say."""

    def __init__(self, draft: Draft, templates: Templates, findings: Findings) -> None:
        self.templates = templates
        self._draft = draft
        self._findings = findings
        self._names: Names = {}
        self._late: Late = {}
        self._put(self._names, self._late, _written(draft.vars))
        self._variables = self._allowed_variables()

    def names(
        self, own: Mapping[str, Written], combination: Combination | None = None
    ) -> tuple[Names, Late]:
        """Everything but the row and the shot's own; to be copied before it is changed."""
        names, late = dict(self._names), dict(self._late)
        self._put(names, late, own)
        if combination is not None:
            axes = zip(combination.axes, combination.ways, strict=True)
            written = {name: Written(value, way) for (name, value), way in axes}
            allowed = {name: item for name, item in written.items() if name not in RESERVED_NAMES}
            self._put(names, late, allowed)
        for name, value in self._variables.items():
            names[name] = value
            late.pop(name, None)
        return names, late

    def scope(self, names: Names, late: Late, **more: Json) -> Scope:
        """A fresh scope over a copy of the names."""
        return Scope(self.templates, {**names, **more}, late)

    def _put(self, names: Names, late: Late, written: Mapping[str, Written]) -> None:
        for name, item in written.items():
            if name in RESERVED_NAMES:
                self._refuse(name, self._draft.where(item.way, key=True))
            elif has_template(item.value):
                names.pop(name, None)
                late[name] = (item.value, item.way)
            else:
                late.pop(name, None)
                names[name] = item.value

    def _refuse(self, name: str, where: Where) -> None:
        self._findings.add(
            f"`{name}` is the shot's own in every template, so nothing else can be called that",
            where,
            "reserved-name",
            f"call it something else, such as `my_{name}`",
        )

    def _allowed_variables(self) -> Mapping[str, str]:
        allowed = {}
        for name, value in self._draft.variables.items():
            if name in RESERVED_NAMES:
                self._refuse(name, Where("--var"))
            elif not _is_text(value):
                message = f"the value of `{name}` has bytes that are no text"
                self._findings.add(message, Where("--var"), "value", "give it as UTF-8")
            else:
                allowed[name] = value
        return allowed


def _is_text(value: str) -> bool:
    """Whether it can be written down; undecodable bytes of a command line cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _written(values: Mapping[str, Any]) -> dict[str, Written]:
    return {name: Written(value, ("vars", name)) for name, value in values.items()}
