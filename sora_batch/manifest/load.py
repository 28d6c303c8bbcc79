"""Reads a manifest and everything it includes into a Draft; each thing wrong becomes a Problem.

Every file is held against the schema as it was written, so that problems have their own places;
only then are includes, manifest and profile laid over each other. A profile nobody chose is
checked like everything else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

from sora_batch.manifest.beside import Unreadable, find_beside
from sora_batch.manifest.check import Checked, Model, check, paths_at
from sora_batch.manifest.document import Document, Node, mapping
from sora_batch.manifest.draft import Draft
from sora_batch.manifest.limits import limits_of
from sora_batch.manifest.merge import merged
from sora_batch.manifest.schema import ManifestSpec, SharedSpec
from sora_batch.manifest.servers import find_provider
from sora_batch.manifest.settings import ProviderSettings
from sora_batch.manifest.slugs import is_reserved, slug
from sora_batch.manifest.source import read_document
from sora_batch.problems import Problem, Where, did_you_mean

__all__ = ["Draft", "load_draft"]

_A_FOLDER: Final = "write the path of a folder"
_OF_A_PROFILE: Final = ("provider", "budget", "defaults", "vars", "limits")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What was said outside the manifest; it wins."""

    profile: str | None = None
    provider: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    budget: Decimal | None = None
    concurrency: int | None = None

    def digest_of(self, files: list[str]) -> str:
        """One digest over the files' digests and all of this."""
        said = [self.profile, self.provider, dict(sorted(self.variables.items()))]
        rest = [None if self.budget is None else str(self.budget), self.concurrency]
        text = json.dumps([files, *said, *rest], ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class _Found:
    """What was asked for, and what is gathered on the way: problems, digests, what was dropped."""

    path: Path
    asked: _Asked
    problems: list[Problem] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    dropped: set[tuple[str | int, ...]] = field(default_factory=set)


def load_draft(
    path: Path,
    *,
    profile: str | None = None,
    provider: str | None = None,
    variables: Mapping[str, str] | None = None,
    budget: Decimal | None = None,
    concurrency: int | None = None,
    environment: Mapping[str, str],
) -> tuple[Draft | None, list[Problem]]:
    """The draft, as good as it could be made, and every problem found on the way."""
    asked = _Asked(
        profile=profile,
        provider=provider,
        variables=dict(variables or {}),
        budget=budget,
        concurrency=concurrency,
    )
    found = _Found(path, asked)
    document = _read(path, "a manifest", found)
    if document is None:
        return None, found.problems
    checked = _checked(ManifestSpec, document, found)
    if checked.spec is None:
        return None, found.problems
    root = _with_includes(checked.root, checked.spec, found)
    root = _with_profile(root, found)
    spec = checked.spec
    if root is not checked.root:
        again = check(ManifestSpec, root)
        found.problems += again.problems
        spec, root = again.spec or spec, again.root
    return _draft(document, spec, root, environment, found), found.problems


def _read(path: Path, what: str, found: _Found) -> Document | None:
    document, problems = read_document(path)
    found.problems += problems
    if document is None:
        return None
    found.digests.append(document.sha256)
    if document.data is None:
        fix = "`sora-batch init` writes one to begin with" if what == "a manifest" else ""
        found.problems.append(Problem("the file is empty", Where(document.file), "empty", fix))
        return None
    if not isinstance(document.data, dict):
        said = "a list" if isinstance(document.data, list) else "a single value"
        message = f"{what} is a mapping of keys and values; this is {said}"
        fix = "begin with `version: 1` and `shots:`" if what == "a manifest" else ""
        found.problems.append(Problem(message, document.where(()), "root", fix))
        return None
    return document


def _checked(model: type[Model], document: Document, found: _Found) -> Checked[Model]:
    if found.problems:
        found.dropped |= paths_at(document.root, (problem.where for problem in found.problems))
    checked = check(model, document.root, found.problems)
    found.problems += checked.problems
    found.dropped |= checked.dropped
    return checked


def _with_includes(root: Node, spec: ManifestSpec, found: _Found) -> Node:
    """The manifest over what it includes; a later include over an earlier one."""
    under: Node | None = None
    for number, name in enumerate(spec.include):
        where = root.place(("include", number))
        shared = _included(name, where, found)
        if shared is not None:
            under = shared if under is None else merged(under, shared)
    return root if under is None else merged(under, root)


def _included(name: str, where: Where, found: _Found) -> Node | None:
    try:
        file = find_beside(found.path.parent, name)
    except Unreadable as error:
        found.problems.append(Problem(error.message, where, "include", error.fix))
        return None
    if file.resolve() == found.path.resolve():
        message = "the manifest includes itself"
        found.problems.append(Problem(message, where, "include", "delete this entry"))
        return None
    document = _read(file, "an included file", found)
    if document is None:
        return None
    return _checked(SharedSpec, document, found).root


def _with_profile(root: Node, found: _Found) -> Node:
    """The chosen profile over the manifest."""
    name = found.asked.profile
    if name is None:
        return root
    node = root.at(("profiles", name))
    profiles = root.at(("profiles",))
    if node is None:
        known = list(profiles.children) if profiles and isinstance(profiles.children, dict) else []
        if ("profiles", name) not in found.dropped:
            found.problems.append(_unknown_profile(name, known, root))
        return root
    if not isinstance(node.children, dict):
        return root
    for way in list(found.dropped):
        if way[:2] == ("profiles", name):
            found.dropped.add(way[2:])
    chosen = {key: child for key, child in node.children.items() if key in _OF_A_PROFILE}
    keys = {key: (node.keys or {})[key] for key in chosen}
    return merged(root, mapping(chosen, keys, root))


def _unknown_profile(name: str, known: Iterable[str], root: Node) -> Problem:
    names = list(known)
    fix = did_you_mean(name, names)
    if not fix:
        there = f"the manifest has {', '.join(names)}"
        fix = there if names else "leave `--profile` out: the manifest has no `profiles`"
    also = (root.place(("profiles",), key=True),) if names else ()
    message = f"there is no profile `{name}`"
    return Problem(message, Where("--profile"), "unknown-profile", fix, also)


def _draft(
    document: Document,
    spec: ManifestSpec,
    root: Node,
    environment: Mapping[str, str],
    found: _Found,
) -> Draft:
    asked = found.asked
    name = _name(spec, root, found)
    limits, too_much = limits_of(spec.limits, root, asked.concurrency)
    found.problems += [*too_much, *_wrong_budget(asked.budget)]
    return Draft(
        spec=spec,
        document=document,
        root=root,
        file=found.path,
        folder=found.path.parent,
        name=name,
        output=_output(spec, name, root, found),
        provider=_provider(spec, root, environment, found),
        limits=limits,
        sha256=asked.digest_of(found.digests),
        budget=spec.budget if asked.budget is None else asked.budget,
        profile=asked.profile,
        variables=asked.variables,
        dropped=frozenset(found.dropped),
    )


def _provider(
    spec: ManifestSpec, root: Node, environment: Mapping[str, str], found: _Found
) -> ProviderSettings:
    asked = found.asked.provider
    name = asked or spec.provider or "local"
    where = Where("--provider") if asked else root.place(("provider",))
    settings, problems = find_provider(name, spec, root, where, environment)
    if ("providers", name) in found.dropped:
        problems = [problem for problem in problems if problem.code != "unknown-provider"]
    found.problems += problems
    return settings


def _name(spec: ManifestSpec, root: Node, found: _Found) -> str:
    """The manifest's name as part of a path."""
    written = spec.name if spec.name is not None else found.path.stem
    name = slug(written)
    if name and not is_reserved(name):
        return name
    message = f"`{written}` cannot be the name of a folder"
    where = root.place(("name",)) if spec.name is not None else Where(str(found.path))
    fix = "write a `name:` with letters or digits in it" if not name else "choose another `name:`"
    found.problems.append(Problem(message, where, "name", fix))
    return name or "manifest"


def _output(spec: ManifestSpec, name: str, root: Node, found: _Found) -> Path:
    if spec.output is None:
        return Path("outputs") / name
    if not spec.output.isprintable() or not spec.output.strip():
        message = "`output` is no path of a folder"
        found.problems.append(Problem(message, root.place(("output",)), "output", _A_FOLDER))
        return Path("outputs") / name
    try:
        return Path(spec.output).expanduser()
    except RuntimeError:
        message = "there is no such home folder"
        found.problems.append(Problem(message, root.place(("output",)), "output", _A_FOLDER))
        return Path("outputs") / name


def _wrong_budget(budget: Decimal | None) -> list[Problem]:
    if budget is None or (budget.is_finite() and budget >= 0):
        return []
    fix = "write the most to spend, in USD"
    return [Problem("the budget is negative or no number", Where("--budget"), "value", fix)]
