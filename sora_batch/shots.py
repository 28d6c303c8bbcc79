"""A shot: one clip to make, every value decided, and what its picture depends on.

Knows nothing of files, providers or time. `inputs_of` is the one list from which both the
fingerprint and the words of `explain` are made, so the two cannot disagree.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple, NewType, TypeAlias

from sora_batch.problems import Where

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
ShotId = NewType("ShotId", str)
Fingerprint = NewType("Fingerprint", str)
JobId = NewType("JobId", str)

FINGERPRINT_VERSION = "f1"

Fit = Literal["cover", "contain", "blur", "stretch", "exact"]
SourceKind = Literal["remix", "edit", "extend"]


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class ImageReference:
    """A picture that is the clip's first frame: a path (absolute, or relative to the working
    directory) or an http(s) URL, and how it is brought to the clip's size."""

    image: str
    fit: Fit = "cover"
    focus: tuple[float, float] = (0.5, 0.5)
    where: Where = field(default=Where(""), compare=False)

    @property
    def is_url(self) -> bool:
        """Whether the picture has to be fetched."""
        return self.image.startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True)
class FrameReference:
    """A frame of another shot's clip: the last, the first, or the one at so many seconds."""

    shot: ShotId
    at: Literal["first", "last"] | Decimal = "last"
    fit: Fit = "cover"
    focus: tuple[float, float] = (0.5, 0.5)
    where: Where = field(default=Where(""), compare=False)


@dataclass(frozen=True, slots=True)
class Source:
    """What a clip is made from: another shot's job, or a job that was made elsewhere.

    Exactly one of `shot` and `job` is set.
    """

    kind: SourceKind
    shot: ShotId | None = None
    job: JobId | None = None
    where: Where = field(default=Where(""), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One clip to make, all values decided.

    `where` is the place of its shot spec; `places` the places of its fields as written, for
    messages. `template` is the prompt before rendering, `variables` what belonged to this shot
    alone when its templates were rendered (row, axes, own vars), for the sidecar. `row` is the
    slugged key of its row. `seconds` is normalised: `Decimal("4")`, never `Decimal("4.0")`.
    """

    id: ShotId
    spec: str
    where: Where
    prompt: str
    model: str
    size: Size
    seconds: Decimal
    template: str = ""
    seed: int | None = None
    options: Mapping[str, Json] = field(default_factory=dict)
    reference: ImageReference | FrameReference | None = None
    source: Source | None = None
    needs: tuple[ShotId, ...] = ()
    tags: tuple[str, ...] = ()
    row: str | None = None
    variant: str | None = None
    axes: tuple[tuple[str, Json], ...] = ()
    take: int | None = None
    variables: Mapping[str, Json] = field(default_factory=dict)
    places: Mapping[str, Where] = field(default_factory=dict, repr=False, compare=False)

    def place(self, name: str) -> Where:
        """Where the field was written, else where the shot spec stands."""
        return self.places.get(name, self.where)

    @property
    def needed(self) -> tuple[ShotId, ...]:
        """Every shot that has to be finished before this one can start, each once."""
        ids = [*self.needs]
        if self.source is not None and self.source.shot is not None:
            ids.append(self.source.shot)
        if isinstance(self.reference, FrameReference):
            ids.append(self.reference.shot)
        return tuple(dict.fromkeys(ids))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a shot would be rendered, as far as its picture depends on it.

    `provider` is the kind (a word of the registry), `base_url` without a trailing slash, `model`
    the server's own name for the shot's model.
    """

    provider: str
    base_url: str
    model: str


def inputs_of(
    shot: Shot,
    target: Target,
    *,
    picture_sha256: str | None = None,
    parents: Mapping[ShotId, Fingerprint] | None = None,
    frames: Mapping[ShotId, str] | None = None,
) -> dict[str, Json]:
    """Everything that would change the picture, by name, in one fixed order.

    `picture_sha256` is the digest of the reference picture's own bytes; with fit, focus and size
    it decides the fitted picture. `parents` has the fingerprints of the shots it is made from or
    takes a frame of. `frames` has the digests of clips: a frame counts by the very clip it is
    taken from, and by its shot's fingerprint only until there is one. Not among them: price,
    limits, tags, the output folder, white space around the prompt.
    """
    inputs: dict[str, Json] = {
        "provider": target.provider,
        "base_url": target.base_url,
        "model": target.model,
        "prompt": shot.prompt.strip(),
        "size": str(shot.size),
        "seconds": str(shot.seconds),
    }
    if shot.seed is not None:
        inputs["seed"] = shot.seed
    if shot.options:
        inputs["options"] = dict(shot.options)
    if shot.reference is not None:
        origins = {**(parents or {}), **(frames or {})}
        inputs["reference"] = _reference_inputs(shot.reference, picture_sha256, origins)
    if shot.source is not None:
        origin = shot.source.job or (parents or {}).get(shot.source.shot or ShotId(""))
        inputs[f"{shot.source.kind}_of"] = origin
    if shot.take is not None and shot.take > 1:
        inputs["take"] = shot.take
    return inputs


def _reference_inputs(
    reference: ImageReference | FrameReference,
    picture_sha256: str | None,
    origins: Mapping[ShotId, str],
) -> Json:
    focus: list[Json] = list(reference.focus)
    if isinstance(reference, ImageReference):
        return {"sha256": picture_sha256, "fit": reference.fit, "focus": focus}
    at = reference.at if isinstance(reference.at, str) else str(reference.at)
    return {"frame_of": origins.get(reference.shot), "at": at, "fit": reference.fit, "focus": focus}


def fingerprint_of(inputs: Mapping[str, Json]) -> Fingerprint:
    """The hash of the inputs behind the version of this recipe: `f1:` and 64 hex digits."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Fingerprint(f"{FINGERPRINT_VERSION}:{digest}")
