"""Batch rendering of generative video: a manifest of shots becomes finished clips.

    import sora_batch

    manifest = sora_batch.load("manifests/hello.yaml")
    plan = sora_batch.plan(manifest)
    report = sora_batch.run_sync(plan, accept_price=plan.estimate_usd)

What can go wrong is in `sora_batch.errors`, what is told while a run goes on in
`sora_batch.events`.
"""

from __future__ import annotations

from sora_batch import api

__version__ = "0.1.0"

__all__ = list(api.HOMES)


def __getattr__(name: str) -> object:
    if name not in api.HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(api, name)
