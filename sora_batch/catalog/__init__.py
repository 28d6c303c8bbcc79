"""What models exist, their limits and what they cost: `catalog.toml` and its reader."""

from __future__ import annotations

from sora_batch.catalog.entries import (
    ModelEntry,
    PriceList,
    Rate,
    ServiceEntry,
)
from sora_batch.catalog.reader import Catalog, load_catalog
from sora_batch.catalog.sizes import ratio_of, resolution_named, resolution_of

__all__ = [
    "Catalog",
    "ModelEntry",
    "PriceList",
    "Rate",
    "ServiceEntry",
    "load_catalog",
    "ratio_of",
    "resolution_named",
    "resolution_of",
]
