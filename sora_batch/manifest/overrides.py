"""Finds what `--var` sets and nothing asks for: a slip of the pen that would change nothing.

A name counts where any part of the manifest gives it (`vars`, an axis) or any template speaks of
it, used by this run or not: a profile, a disabled shot, a fragment behind an `if`.
"""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import TemplateError, meta, nodes

from sora_batch.manifest.beside import Unreadable
from sora_batch.manifest.bounds import MAX_TEXT
from sora_batch.manifest.document import Node
from sora_batch.manifest.draft import Draft
from sora_batch.manifest.holes import has_template
from sora_batch.manifest.sandbox import Sandbox
from sora_batch.manifest.scope import RESERVED_NAMES
from sora_batch.problems import Problem, Where, did_you_mean, joined

_GIVE_NAMES = frozenset({"vars", "sweep"})
_NO_AXES = frozenset({"exclude", "include"})
_MOST_LISTED = 8


def unused_variables(draft: Draft, sandbox: Sandbox) -> list[Problem]:
    """A problem for each variable of the command line that nothing could use.

    None where it cannot be told: something of the manifest is wrong, or includes by a made-up name.
    """
    given = set(_given(draft.root))
    asked = draft.variables.keys() - given - RESERVED_NAMES
    if not asked or draft.dropped:
        return []
    names = _Spoken(sandbox).of(draft.root)
    if names is None:
        return []
    known = sorted(given | names - RESERVED_NAMES)
    return [_problem(name, known) for name in sorted(asked - names)]


def _problem(name: str, known: list[str]) -> Problem:
    fix = did_you_mean(name, known)
    if not fix and known:
        listed = joined(f"`{one}`" for one in known)
        fix = f"use {listed}" if len(known) <= _MOST_LISTED else "use a name of `vars`"
    message = f"`{name}` would change nothing: no template uses it"
    return Problem(message, Where("--var"), "unused-var", fix or "leave it out")


def _given(root: Node) -> Iterator[str]:
    """Every name that `vars` or a sweep gives, wherever it stands."""
    for key, child in _pairs(root):
        if key in _GIVE_NAMES and isinstance(child.children, dict):
            yield from child.children.keys() - _NO_AXES
        yield from _given(child)


def _texts(node: Node) -> Iterator[str]:
    if isinstance(node.data, str):
        yield node.data
    for _, child in _pairs(node):
        yield from _texts(child)


def _pairs(node: Node) -> Iterator[tuple[str, Node]]:
    if isinstance(node.children, dict):
        yield from node.children.items()
    else:
        for child in node.children or ():
            yield "", child


class _Spoken:
    """The names that templates speak of, and the fragments that they include."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._included: set[str] = set()
        self._names: set[str] = set()

    def of(self, root: Node) -> set[str] | None:
        """All of them; None where that cannot be told."""
        try:
            for text in dict.fromkeys(_texts(root)):
                if has_template(text):
                    self._read(text)
        except (TemplateError, Unreadable, LookupError, RecursionError, MemoryError):
            return None
        return self._names

    def _read(self, text: str) -> None:
        """Raises LookupError where nobody can tell what is asked for, and what reading raises."""
        if len(text) > MAX_TEXT:
            raise LookupError
        tree = self._sandbox.parse(text)
        self._names |= {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}
        for fragment in meta.find_referenced_templates(tree):
            if fragment is None or self._sandbox.loader is None:
                raise LookupError
            if fragment not in self._included:
                self._included.add(fragment)
                self._read(self._sandbox.loader.get_source(self._sandbox, fragment)[0])
