"""Finds what the chosen provider cannot make, before anything is spent.

Every problem stands at the field where it was written and says what is allowed instead. The same
problem of ten thousand shots of one shot spec is one problem, with a count.
"""

from __future__ import annotations

from sora_batch.catalog import Catalog
from sora_batch.manifest.settings import Manifest
from sora_batch.planning.capabilities import Capabilities
from sora_batch.planning.price import Pricer
from sora_batch.problems import Problem


def check(
    manifest: Manifest, catalog: Catalog, capabilities: Capabilities, pricer: Pricer
) -> list[Problem]:
    """Everything that is wrong with the shots for this provider."""
    return []
