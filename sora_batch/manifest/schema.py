"""The shape of a manifest: every key, its type and one sentence on what it means.

No logic: what is checked here is only what each value must look like on its own. The sentences
are the manual's field tables and the JSON Schema's descriptions. Strings inside a shot may be
templates, so a number may also be written as a string that renders to one.

A mapping or list left empty (`vars:` and nothing after it) is an empty one. `null` for a field of
a shot is a value: it takes back what the defaults or the shot itself said.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from sora_batch.manifest.shot_schema import (
    DefaultsSpec,
    EachSpec,
    JobSpec,
    Overrides,
    ReferenceSpec,
    ShotSpec,
    Strict,
    SweepSpec,
)
from sora_batch.manifest.values import (
    Count,
    Duration,
    ListIfNull,
    Mapping,
    MappingIfNull,
    Money,
    Name,
    ProviderKind,
    Rate,
    Text,
    Variable,
    kind_of,
    kind_of_price,
)

__all__ = [
    "CutShotSpec",
    "CutSpec",
    "DefaultsSpec",
    "EachSpec",
    "JobSpec",
    "LimitsSpec",
    "ManifestSpec",
    "ModelLimits",
    "Overrides",
    "ProfileSpec",
    "ProviderSpec",
    "ReferenceSpec",
    "SharedSpec",
    "ShotSpec",
    "Strict",
    "SweepSpec",
    "TransitionSpec",
]


class ModelLimits(Strict):
    """Limits for one model."""

    concurrency: Count | None = Field(default=None, description="Jobs rendering at once.")
    requests_per_minute: Rate | None = Field(default=None, description="Job submissions a minute.")


class LimitsSpec(ModelLimits):
    """How much at once, how often, how long."""

    concurrency: Count | None = Field(
        default=None, description="Jobs rendering at once; default 4."
    )
    models: Annotated[dict[str, ModelLimits], MappingIfNull] = Field(
        default_factory=dict, description="Limits of single models, by name."
    )
    attempts: Count | None = Field(
        default=None,
        description="Tries per shot, counting only those that may safely be repeated; default 3.",
    )
    render_timeout: Duration | None = Field(
        default=None,
        description="After this (default `30m`) a job is on hold; it is not submitted again.",
    )


Prices: TypeAlias = Annotated[
    Annotated[Money, Tag("<money>")] | Annotated[dict[str, Money], Tag("<mapping>")],
    Discriminator(kind_of_price),
]


class ProviderSpec(Strict):
    """One server and how to reach it."""

    kind: ProviderKind = Field(description="Which protocol and dialect it speaks.")
    base_url: str | None = Field(
        default=None, description="Where it is; `${NAME}` stands for an environment variable."
    )
    api_key: Variable | None = Field(
        default=None,
        description="`${NAME}` of the environment variable that holds the key, never a key.",
    )
    models: Annotated[dict[str, str], MappingIfNull] = Field(
        default_factory=dict, description="The manifest's model names to the server's."
    )
    price_per_second: Prices | None = Field(
        default=None,
        description="Your own price in USD: one for all models, or a mapping by model.",
    )


class ProfileSpec(Strict):
    """Named overrides, chosen with `--profile`."""

    provider: Name | None = Field(default=None, description="Another provider.")
    budget: Money | None = Field(default=None, description="Another budget, in USD.")
    defaults: DefaultsSpec | None = Field(
        default=None, description="Over the manifest's defaults, field by field."
    )
    vars: Mapping = Field(default_factory=dict, description="Over the manifest's vars.")
    limits: LimitsSpec | None = Field(default=None, description="Over the manifest's limits.")


class TransitionSpec(Strict):
    """How one clip of a cut follows the other."""

    crossfade: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] = Field(
        default=0, description="Seconds over which one clip becomes the next; 0 is a hard cut."
    )


class CutShotSpec(Strict):
    """A shot in a cut that follows the one before in its own way."""

    shot: Name = Field(description="A shot, a shot id or a pattern.")
    transition: TransitionSpec | None = Field(
        default=None, description="Instead of the cut's own, into each of the clips meant."
    )


class CutSpec(Strict):
    """Clips assembled."""

    shots: list[
        Annotated[
            Annotated[Name, Tag("<text>")] | Annotated[CutShotSpec, Tag("<mapping>")],
            Discriminator(kind_of),
        ]
    ] = Field(min_length=1, description="Shot ids and patterns, in order.")
    transition: TransitionSpec | None = Field(
        default=None, description="`{crossfade: SECONDS}`; default a hard cut."
    )
    title: str | None = Field(
        default=None,
        description="A template, rendered for the first shot and written over its beginning.",
    )
    captions: str | None = Field(
        default=None, description="A template, rendered for each shot and written on its clip."
    )
    music: str | None = Field(
        default=None,
        description="A sound file: a path beside the manifest. Looped or trimmed to the cut, faded "
        "out, and quieter while a clip is heard.",
    )
    loudness: Annotated[float, Field(strict=True, ge=-40, le=-5)] | None = Field(
        default=None,
        description="How loud the cut is, in LUFS; default -14, as the web plays. Television: -23.",
    )
    size: str | None = Field(
        default=None,
        description="Width and height in pixels; default what most clips have. Others are shown "
        "whole, with bars.",
    )
    fps: Annotated[float, Field(strict=True, ge=1, le=120)] | None = Field(
        default=None, description="Frames a second; default what most clips have."
    )


class SharedSpec(Strict):
    """What an included file may hold."""

    vars: Mapping = Field(
        default_factory=dict, description="Names for the templates, as `{{ product }}`."
    )
    snippets: Annotated[dict[str, str], MappingIfNull] = Field(
        default_factory=dict, description="Named template fragments, as `{{ snippets.look }}`."
    )
    defaults: DefaultsSpec | None = Field(
        default=None, description="What every shot is unless it says otherwise."
    )
    profiles: Annotated[dict[str, Annotated[ProfileSpec, MappingIfNull]], MappingIfNull] = Field(
        default_factory=dict, description="Named overrides, for `--profile`."
    )
    providers: Annotated[dict[str, ProviderSpec], MappingIfNull] = Field(
        default_factory=dict, description="Servers, by the name `provider` uses."
    )


class ManifestSpec(SharedSpec):
    """A manifest: one campaign."""

    version: Literal[1] = Field(description="The version of this language: 1.")
    name: Name | None = Field(
        default=None, description="Names the output folder; default the file's stem."
    )
    provider: Name | None = Field(
        default=None,
        description="A built-in name or one under `providers`; default `local`.",
    )
    budget: Money | None = Field(
        default=None,
        description="USD, the most that all runs of this manifest together may spend.",
    )
    output: Name | None = Field(
        default=None,
        description="The output folder, default `outputs/<name>`, relative to the working "
        "directory.",
    )
    include: Annotated[list[Name], ListIfNull] = Field(
        default_factory=list,
        description="Files beside the manifest to take vars, snippets, defaults, profiles and "
        "providers from; what the manifest says wins.",
    )
    limits: LimitsSpec | None = Field(
        default=None, description="How much at once, how often, how long."
    )
    on_unknown: Literal["reconcile", "hold"] | None = Field(
        default=None,
        description="After a lost reply, `reconcile` (the default) may submit again once it is "
        "proven that nothing was accepted; `hold` never does.",
    )
    shots: dict[
        str,
        Annotated[
            Text | Annotated[ShotSpec, Tag("<mapping>")],
            Discriminator(kind_of),
        ],
    ] = Field(min_length=1, description="The shots, by name; a bare string is a prompt.")
    cuts: Annotated[dict[str, CutSpec], MappingIfNull] = Field(
        default_factory=dict, description="Clips assembled, by name."
    )
