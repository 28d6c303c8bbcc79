"""The shape of one entry under `shots`: every key, its type and one sentence on what it means."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from sora_batch.manifest.values import (
    Count,
    Fit,
    ListIfNull,
    Mapping,
    MappingIfNull,
    Name,
    Number,
    Switch,
    Text,
    WholeNumber,
    kind_of,
    kind_of_source,
)


class Strict(BaseModel):
    """Every mapping of a manifest: unknown keys are problems."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class EachSpec(Strict):
    """Another shot, once for each of its parts."""

    shot: Name = Field(description="The shot: its name, a shot id or a pattern.")
    each: Switch = Field(
        default=False,
        description="Make this shot once for each shot meant; their parts join its id.",
    )


class JobSpec(Strict):
    """A job that was made elsewhere."""

    job: Name = Field(description="The job's id on the server.")


ShotReference: TypeAlias = Annotated[
    Text | Annotated[EachSpec, Tag("<mapping>")], Discriminator(kind_of)
]
SourceSpec: TypeAlias = Annotated[
    Text | Annotated[JobSpec, Tag("<job>")] | Annotated[EachSpec, Tag("<each>")],
    Discriminator(kind_of_source),
]


class ReferenceSpec(Strict):
    """A picture, or a frame of another shot's clip, that the clip starts from."""

    image: str | None = Field(
        default=None, description="A picture: a path beside the manifest, or an http(s) URL."
    )
    frame_of: ShotReference | None = Field(
        default=None, description="The shot whose clip gives the frame."
    )
    at: Number | None = Field(
        default=None,
        description="Which frame of that clip: `last` (the default), `first`, or seconds into it.",
    )
    fit: Fit = Field(
        default="cover",
        description="How the picture is brought to the clip's size; `exact` refuses one that has "
        "another size.",
    )
    focus: tuple[Number, Number] | None = Field(
        default=None,
        description="The point that stays in view, `[x, y]` as fractions of width and height; "
        "default `[0.5, 0.5]`.",
    )


PictureReference: TypeAlias = Annotated[
    Text | Annotated[ReferenceSpec, Tag("<mapping>")],
    Discriminator(kind_of),
]


class Overrides(Strict):
    """What a shot, a variant or the defaults may say about a clip."""

    prompt: str | None = Field(
        default=None, description="What to render; a template. Every shot has one."
    )
    model: str | None = Field(
        default=None,
        description="The model's name, as in the catalog of the provider. Every shot has one.",
    )
    size: str | None = Field(
        default=None,
        description="Width and height in pixels, such as `1280x720`; default `720x1280`.",
    )
    seconds: Number | None = Field(
        default=None, description="The clip's length in seconds; default 4."
    )
    seed: WholeNumber | None = Field(
        default=None, description="The starting point of chance, where the provider knows seeds."
    )
    options: Mapping | None = Field(
        default=None,
        description="Passed to the provider as they are, such as `negative_prompt`.",
    )
    reference: PictureReference | None = Field(
        default=None,
        description="The first frame: a path, a URL, or a mapping with `image` or `frame_of`.",
    )
    remix_of: SourceSpec | None = Field(
        default=None, description="The shot whose clip is remixed, or `{job: ID}`."
    )
    edit_of: SourceSpec | None = Field(
        default=None, description="The shot whose clip is edited, or `{job: ID}`."
    )
    extend_of: SourceSpec | None = Field(
        default=None, description="The shot whose clip is continued, or `{job: ID}`."
    )
    vars: Mapping | None = Field(default=None, description="Names for the templates of this shot.")
    tags: Annotated[list[str], ListIfNull] | None = Field(
        default=None, description="Words for `--select tag:...`."
    )


class SweepSpec(BaseModel):
    """The product of the axes: every key but two is an axis with its list of values."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)
    __pydantic_extra__: dict[str, Annotated[list[Any], Field(min_length=1)]]

    exclude: Annotated[list[dict[str, Any]], ListIfNull] = Field(
        default_factory=list, description="Combinations to leave out."
    )
    include: Annotated[list[dict[str, Any]], ListIfNull] = Field(
        default_factory=list,
        description="Combinations to add exactly as written; they never change others.",
    )


VariantSpec: TypeAlias = Annotated[
    Text | Annotated[Overrides, Tag("<mapping>")],
    Discriminator(kind_of),
    MappingIfNull,
]
Rows: TypeAlias = Annotated[Text | Annotated[list[Any], Tag("<list>")], Discriminator(kind_of)]


class ShotSpec(Overrides):
    """One entry under `shots`: a clip to make, or a family of them."""

    variants: Annotated[dict[str, VariantSpec], MappingIfNull] | None = Field(
        default=None,
        description="Named overrides, one shot each; a bare string is a prompt.",
    )
    sweep: SweepSpec | None = Field(
        default=None,
        description="The product of value lists; an axis named like a field sets it.",
    )
    takes: Count | None = Field(
        default=None, description="How many independent tries to make at identical inputs."
    )
    for_each: Rows | None = Field(
        default=None,
        description="One shot per row: a csv, tsv, json, jsonl or yaml file, or an inline list.",
    )
    key: str | None = Field(
        default=None,
        description="A template that names the row in the shot id; default the row's number.",
    )
    needs: Annotated[list[ShotReference], ListIfNull] | None = Field(
        default=None, description="Shots to finish first, without using anything of them."
    )
    enabled: Switch = Field(
        default=True, description="Whether the shot is made at all; default `true`."
    )


class DefaultsSpec(Overrides):
    """What every shot is unless it says otherwise."""
