"""The journal of a manifest: the only place that speaks SQL."""

from __future__ import annotations

from sora_batch.store.beside import jobs_beside
from sora_batch.store.reader import StoreReader, read_store
from sora_batch.store.store import Store, open_store

__all__ = ["Store", "StoreReader", "jobs_beside", "open_store", "read_store"]
