"""Names the parts of a manifest in sentences, and guesses which key was meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import BaseModel

from sora_batch.manifest.document import Path
from sora_batch.manifest.schema import (
    DefaultsSpec,
    LimitsSpec,
    ManifestSpec,
    ProviderSpec,
    ReferenceSpec,
    SharedSpec,
    ShotSpec,
)
from sora_batch.problems import closest

_ONE_OF: Final[Mapping[str, str]] = {
    "shots": "shot",
    "variants": "variant",
    "profiles": "profile",
    "providers": "provider",
    "cuts": "cut",
    "models": "model",
}
_SAID_ELSEWHERE: Final[Mapping[str, str]] = {
    "aspect_ratio": "size",
    "count": "takes",
    "depends_on": "needs",
    "duration": "seconds",
    "endpoint": "base_url",
    "length": "seconds",
    "matrix": "sweep",
    "n": "takes",
    "parallel": "concurrency",
    "repeat": "takes",
    "resolution": "size",
    "retries": "attempts",
    "rows": "for_each",
    "rpm": "requests_per_minute",
    "samples": "takes",
    "text": "prompt",
    "timeout": "render_timeout",
    "type": "kind",
    "url": "base_url",
    "variables": "vars",
}
_MOST_LISTED: Final = 8


def thing(path: Path) -> str:
    """What stands at the path, for the start of a sentence."""
    if not path:
        return "the manifest"
    step = path[-1]
    if isinstance(step, int):
        return f"item {step + 1} of {thing(path[:-1])}"
    kind = _ONE_OF.get(str(path[-2])) if len(path) > 1 else None
    return f"{kind} `{step}`" if kind else f"`{step}`"


def within(path: Path) -> str:
    """` in shot `hero`` and the like; nothing at the top of the file."""
    named = [n for n in range(len(path)) if n and path[n - 1] in _ONE_OF]
    if not path:
        return ""
    end = f" of {thing(path[: named[-1] + 1])}" if named else ""
    return (
        f" in {thing(path)}"
        if not end or named[-1] == len(path) - 1
        else (f" in {thing(path)}{end}")
    )


def meant(word: str, known: Sequence[str], model: type[BaseModel] | None = None) -> str:
    """The key somebody probably meant; "" where nothing is near, or it belongs elsewhere."""
    plain = word.replace("-", "_").lower()
    if plain in known:
        return plain
    if _SAID_ELSEWHERE.get(plain) in known:
        return _SAID_ELSEWHERE[plain]
    return "" if _home_of(plain, known, model) else closest(word, known)


def suggest(word: str, known: Sequence[str], model: type[BaseModel]) -> str:
    """What to do about a key that is not known in this place."""
    near = meant(word, known, model)
    return f"did you mean `{near}`?" if near else _home_of(word, known, model) or _listed(known)


def _home_of(word: str, known: Sequence[str], model: type[BaseModel] | None) -> str:
    """Where a key that exists belongs."""
    word = word.replace("-", "_").lower()
    if model is SharedSpec and word in ManifestSpec.model_fields:
        return "an included file holds " + _joined(list(SharedSpec.model_fields))
    if "shots" in known:
        homes = (("limits", LimitsSpec), ("defaults", DefaultsSpec), ("shots", ShotSpec))
        for name, home in homes:
            if word in home.model_fields:
                return f"write it under `{name}`"
    if "prompt" in known and "takes" not in known and word in ShotSpec.model_fields:
        return "write it in the shot itself"
    if "prompt" in known and word in ReferenceSpec.model_fields:
        return "write it under `reference`"
    if word in ProviderSpec.model_fields and "kind" not in known:
        return "write it in a provider under `providers`"
    return ""


def _listed(known: Sequence[str]) -> str:
    if "options" in known:
        return "leave it out; what only the provider knows goes under `options`"
    if known and len(known) <= _MOST_LISTED:
        return f"use {_joined(known, 'or')}"
    return "leave it out; `sora-batch schema` has all keys"


def _joined(words: Sequence[str], last: str = "and") -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)
