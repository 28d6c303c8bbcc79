"""A loaded manifest: what a run needs to know besides the shots.

Every value is decided: profile, includes and command line are already applied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Literal

from sora_batch.problems import Problem, Where
from sora_batch.shots import Json, Shot, ShotId, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """One server. `base_url` has no trailing slash and is None for the kind's own address.

    `api_key_variable` names the environment variable; its value is read only where requests are
    made. `models` maps the manifest's model names to the server's. `prices_per_second` are the
    user's own, in USD, by the manifest's model name; `price_per_second` is for all the others.
    """

    name: str
    kind: str
    base_url: str | None = None
    api_key_variable: str | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    price_per_second: Decimal | None = None
    prices_per_second: Mapping[str, Decimal] = field(default_factory=dict)
    where: Where = field(default=Where(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLimit:
    """At once and how often; None is no limit of its own."""

    concurrency: int | None = None
    requests_per_minute: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much at once, how often, how many tries, how long."""

    concurrency: int = 4
    requests_per_minute: float | None = None
    models: Mapping[str, ModelLimit] = field(default_factory=dict)
    attempts: int = 3
    render_timeout: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A cut as the manifest describes it; `shots` are ids in order, patterns resolved.

    `crossfade_s` is the cut's own; `crossfades_s` says for each of the shots over how many seconds
    it follows the one before. `captions` is the template, `caption_texts` what it comes to for
    each of the shots. `size` and `fps` are None where the clips decide. `loudness` is in LUFS.
    """

    name: str
    shots: tuple[ShotId, ...]
    crossfade_s: Decimal = Decimal(0)
    crossfades_s: tuple[Decimal, ...] = ()
    title: str = ""
    captions: str | None = None
    caption_texts: tuple[str, ...] = ()
    music: Path | None = None
    loudness: float = -14.0
    size: Size | None = None
    fps: Fraction | None = None
    where: Where = field(default=Where(""), compare=False)
    music_where: Where = field(default=Where(""), compare=False)


@dataclass(frozen=True, slots=True)
class Disabled:
    """A shot spec that is switched off: its name, the slug of it, where it begins, and where that
    is said."""

    spec: str
    word: str
    where: Where
    said: Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest, expanded. `sha256` is over every file it was read from and what the command
    line changed; `folder` is where its relative paths start; `shots` are in written order, without
    those that are `disabled`."""

    name: str
    file: Path
    folder: Path
    sha256: str
    provider: ProviderSettings
    output: Path
    shots: tuple[Shot, ...]
    budget: Decimal | None = None
    limits: Limits = Limits()
    on_unknown: Literal["reconcile", "hold"] = "reconcile"
    cuts: tuple[Cut, ...] = ()
    disabled: tuple[Disabled, ...] = ()
    profile: str | None = None
    arguments: Mapping[str, Json] = field(default_factory=dict)
    """What it was loaded with besides the file, so that a saved plan can be made again."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of reading a manifest: all its problems, and as much of it as could be made out.

    `manifest` is None where not even that is possible. With problems, it is only good for finding
    more problems.
    """

    manifest: Manifest | None
    problems: tuple[Problem, ...]
