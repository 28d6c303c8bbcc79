"""URLs as they are shown to people, and the one way to allow more of them than usual."""

from __future__ import annotations

ALLOW_PRIVATE = "SORA_BATCH_PRIVATE_PICTURES"
"""The environment variable by which a person, never a manifest, allows addresses of the own
network."""

_LONGEST = 120


def shown_url(url: str) -> str:
    """The URL without what may be secret: no password, no query; at most 120 characters."""
    bare = url.partition("?")[0]
    scheme, slashes, rest = bare.partition("//")
    host, slash, path = rest.partition("/")
    shown = f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}"
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
