"""The shape of a manifest: every key, its type and one sentence on what it means.

No logic: what is checked here is only what each value must look like on its own. The sentences
are the manual's field tables and the JSON Schema's descriptions. Strings inside a shot may be
templates, so a number may also be written as a string that renders to one.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Name: TypeAlias = Annotated[str, Field(min_length=1)]
Duration: TypeAlias = Annotated[str | int | float, Field(description="`90s`, `30m`, `2h`.")]
Number: TypeAlias = int | float | str
Fit: TypeAlias = Literal["cover", "contain", "blur", "stretch", "exact"]
ProviderKind: TypeAlias = Literal[
    "local", "openai", "azure", "vllm-omni", "sglang", "litellm", "openrouter", "unsloth"
]


class Strict(BaseModel):
    """Every mapping of a manifest: unknown keys are problems."""

    model_config = ConfigDict(
        extra="forbid", strict=False, frozen=True, coerce_numbers_to_str=False
    )


class ReferenceSpec(Strict):
    """A picture, or a frame of another shot's clip, that the clip starts from."""

    image: str | None = Field(None, description="Path beside the manifest, or an http(s) URL.")
    frame_of: str | EachSpec | None = Field(
        None, description="The shot whose clip gives the frame."
    )
    at: Literal["first", "last"] | int | float | str | None = Field(
        None, description="Which frame: `first`, `last` (default) or seconds into the clip."
    )
    fit: Fit = Field("cover", description="How the picture is brought to the clip's size.")
    focus: tuple[float | str, float | str] | None = Field(
        None, description="The point that stays in view, as fractions of width and height."
    )


class EachSpec(Strict):
    """Another shot, once for each of its parts."""

    shot: Name = Field(description="The shot, an id or a pattern.")
    each: bool = Field(False, description="Make the child once per parent.")


class JobSpec(Strict):
    """A job that was made elsewhere."""

    job: Name = Field(description="Its id on the server.")


SourceSpec: TypeAlias = str | JobSpec | EachSpec


class Overrides(Strict):
    """What a shot, a variant or the defaults may say about the clip."""

    prompt: str | None = Field(None, description="What to render; a template.")
    model: str | None = Field(None, description="The model's name.")
    size: str | None = Field(None, description="Width and height in pixels, `1280x720`.")
    seconds: Number | None = Field(None, description="The clip's length in seconds.")
    seed: int | str | None = Field(None, description="Where the provider knows seeds.")
    options: dict[str, Any] | None = Field(None, description="Passed to the provider as they are.")
    reference: str | ReferenceSpec | None = Field(
        None, description="First frame: a path, a URL, or a mapping."
    )
    remix_of: SourceSpec | None = Field(None, description="The shot (or job) to remix.")
    edit_of: SourceSpec | None = Field(None, description="The shot (or job) to edit.")
    extend_of: SourceSpec | None = Field(None, description="The shot (or job) to extend.")
    vars: dict[str, Any] | None = Field(None, description="Names for the templates.")
    tags: list[str] | None = Field(None, description="Words for `--select tag:...`.")


class SweepSpec(BaseModel):
    """The product of the axes; every other key is an axis with its list of values."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, list[Any]]

    exclude: list[dict[str, Any]] = Field(
        default_factory=list, description="Combinations to leave out."
    )
    include: list[dict[str, Any]] = Field(
        default_factory=list, description="Combinations to add, exactly as written."
    )


class ShotSpec(Overrides):
    """One entry under `shots`."""

    variants: dict[str, str | Overrides] | None = Field(
        None, description="Named overrides; a bare string is a prompt."
    )
    sweep: SweepSpec | None = Field(None, description="The product of value lists.")
    takes: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Independent tries at identical inputs."
    )
    for_each: str | list[Any] | None = Field(
        None, description="One shot per row: csv, tsv, json, jsonl, yaml, or an inline list."
    )
    key: str | None = Field(None, description="Names the row in the shot id; default: row number.")
    needs: list[str | EachSpec] | None = Field(
        None, description="Shots that must be finished first."
    )
    enabled: bool = Field(True, description="Whether the shot is made at all.")


class DefaultsSpec(Overrides):
    """What every shot is unless it says otherwise."""


class ModelLimits(Strict):
    """Limits for one model."""

    concurrency: Annotated[int, Field(ge=1)] | None = Field(None, description="Jobs at once.")
    requests_per_minute: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Job submissions a minute."
    )


class LimitsSpec(ModelLimits):
    """How much at once, how often, how long."""

    models: dict[str, ModelLimits] = Field(default_factory=dict, description="Limits per model.")
    attempts: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Tries per shot, counting only those that may safely be repeated."
    )
    render_timeout: Duration | None = Field(
        None, description="After this a job is on hold, not resubmitted."
    )


class ProviderSpec(Strict):
    """One server and how to reach it."""

    kind: ProviderKind = Field(description="Which dialect it speaks.")
    base_url: str | None = Field(None, description="Where it is; `${NAME}` is an environment name.")
    api_key: str | None = Field(
        None, description="`${NAME}` of the environment variable that holds the key."
    )
    models: dict[str, str] = Field(
        default_factory=dict, description="The manifest's model names to the server's."
    )
    price_per_second: Annotated[Decimal, Field(ge=0)] | dict[str, Decimal] | None = Field(
        None, description="Your own price in USD, one for all models or one per model."
    )


class ProfileSpec(Strict):
    """Named overrides, chosen with `--profile`."""

    provider: str | None = Field(None, description="Another provider.")
    defaults: DefaultsSpec | None = Field(None, description="Over the manifest's defaults.")
    vars: dict[str, Any] | None = Field(None, description="Over the manifest's vars.")
    limits: LimitsSpec | None = Field(None, description="Over the manifest's limits.")
    budget: Annotated[Decimal, Field(ge=0)] | None = Field(None, description="Another budget, USD.")


class CutSpec(Strict):
    """Clips assembled."""

    shots: list[Name] = Field(min_length=1, description="Ids and patterns, in order.")
    transition: dict[str, float] | str | None = Field(
        None, description="`{crossfade: SECONDS}`; default: a hard cut."
    )
    captions: str | None = Field(None, description="A template, once per shot.")
    music: str | None = Field(None, description="Path of a sound file beside the manifest.")


class SharedSpec(Strict):
    """What an included file may hold."""

    vars: dict[str, Any] = Field(default_factory=dict, description="Names for the templates.")
    snippets: dict[str, str] = Field(
        default_factory=dict, description="Named template fragments, as `{{ snippets.look }}`."
    )
    defaults: DefaultsSpec | None = Field(None, description="What every shot is by default.")
    profiles: dict[str, ProfileSpec] = Field(default_factory=dict, description="Named overrides.")
    providers: dict[str, ProviderSpec] = Field(default_factory=dict, description="Servers.")


class ManifestSpec(SharedSpec):
    """A manifest: one campaign."""

    version: Literal[1] = Field(description="The version of this language: 1.")
    name: str | None = Field(None, description="Names the output folder; default: the file's stem.")
    provider: str = Field("local", description="A built-in name or one under `providers`.")
    budget: Annotated[Decimal, Field(ge=0)] | None = Field(
        None, description="USD, the most that all runs of this manifest together may spend."
    )
    output: str | None = Field(None, description="The output folder; default `outputs/<name>`.")
    include: list[str] = Field(default_factory=list, description="Files to take shared parts from.")
    limits: LimitsSpec | None = Field(None, description="How much at once, how often.")
    on_unknown: Literal["reconcile", "hold"] = Field(
        "reconcile", description="`hold`: never submit again after a lost reply."
    )
    shots: dict[str, str | ShotSpec] = Field(min_length=1, description="The shots, by name.")
    cuts: dict[str, CutSpec] = Field(default_factory=dict, description="Clips assembled.")
