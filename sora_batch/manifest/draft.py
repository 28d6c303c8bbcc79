"""A manifest with includes, profile and command line applied, not yet expanded into shots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from sora_batch.manifest.document import Document, Node
from sora_batch.manifest.document import Path as Way
from sora_batch.manifest.schema import DefaultsSpec, ManifestSpec
from sora_batch.manifest.settings import Limits, ProviderSettings
from sora_batch.problems import Where


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draft:
    """What expansion starts from; every value is effective.

    `spec` holds only values that are right as far as the schema can tell: what is wrong was
    reported and left out, and `dropped` has the paths of what was. `root` is the merged tree that
    `where` reads. `vars` are the manifest's and the profile's, `variables` those of the command
    line, which win over everything. `file` is the manifest, `folder` the folder it is in.
    `sha256` is over the YAML files and the command line's changes.
    """

    spec: ManifestSpec
    document: Document
    root: Node
    file: Path
    folder: Path
    name: str
    output: Path
    provider: ProviderSettings
    limits: Limits
    sha256: str
    budget: Decimal | None = None
    profile: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    dropped: frozenset[tuple[str | int, ...]] = frozenset()

    @property
    def vars(self) -> Mapping[str, Any]:
        """Names for all templates: the includes', the manifest's, the profile's; later wins."""
        return self.spec.vars

    @property
    def snippets(self) -> Mapping[str, str]:
        """Named template fragments."""
        return self.spec.snippets

    @property
    def defaults(self) -> DefaultsSpec:
        """What every shot is unless it says otherwise; empty where nothing was said."""
        return self.spec.defaults or DefaultsSpec()

    def where(self, path: Way, *, key: bool = False) -> Where:
        """The place of a merged value (or of its key), also when it came from an included file.

        `path` is that of the merged manifest: `("defaults", "seconds")` may point into a profile.
        """
        return self.root.place(path, key=key)

    def where_in(self, path: Way, line: int, column: int, length: int = 1) -> Where:
        """The place of a part of the string at the path, by line and column of its value."""
        node = self.root.at(path)
        return node.place_in(line, column, length) if node else self.where(path)

    def was_dropped(self, path: Way) -> bool:
        """Whether something at or below this path was written, reported as wrong and left out.

        What then seems to be missing is no further problem.
        """
        way = tuple(path)
        return any(gone[: len(way)] == way for gone in self.dropped)
