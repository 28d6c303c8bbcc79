"""One job as the simulator keeps it: what was ordered, and what became of it.

A job is written to the journal as JSON and read back from it; `to_json` and `from_json` are each
other's inverse. Progress is not in it: it is only ever display, and a restart begins it anew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import StrEnum

from sora_batch.shots import JobId, Json, Size, SourceKind

_log = logging.getLogger(__name__)


class Status(StrEnum):
    """OpenAI's four words, and one more for a job that was deleted before it was done."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self not in {Status.QUEUED, Status.IN_PROGRESS}


@dataclass(frozen=True, slots=True)
class Picture:
    """What a clip shows: a reference, by the name it is kept under, or else a prompt's background.

    A remix, an edit and an extension show their source's picture, however long the chain.
    """

    prompt: str
    seed: int | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Derivation:
    """That a job was made from another's clip; `label` is how people know that clip, and
    `seconds` how long it was."""

    kind: SourceKind
    id: JobId
    label: str
    seconds: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One accepted order.

    `number` rises by one with each job accepted in the folder and is the order of listings; it
    and `created_at` are given when the job is accepted.
    `label` is the shot id, "" where nobody told it; `key` the Idempotency-Key it came with: it is
    recorded for the audit and deliberately not honoured, as no server we know honours it.
    `fate` is what a fault script has in store for it, "" for nothing; `error_code` the word for
    programs of a failure.
    `clip` is the file's name inside the folder once rendered; `rendered` counts how often it was.
    """

    id: JobId
    prompt: str
    model: str
    size: Size
    seconds: Decimal
    picture: Picture
    number: int = 0
    created_at: int = 0
    seed: int | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)
    source: Derivation | None = None
    label: str = ""
    key: str = ""
    status: Status = Status.QUEUED
    error: str = ""
    error_code: str = ""
    fate: str = ""
    completed_at: int | None = None
    clip: str = ""
    rendered: int = 0
    served: int = 0
    deleted: bool = False

    @property
    def new_seconds(self) -> Decimal:
        """How much of the clip was not there before: an extension begins with its source."""
        extended = self.source is not None and self.source.kind == "extend"
        return self.seconds - self.source.seconds if extended and self.source else self.seconds

    def to_json(self) -> dict[str, Json]:
        """The job as the journal keeps it."""
        written: dict[str, Json] = {
            name: getattr(self, name) for name in _NAMES if name not in _SHAPED
        }
        written["size"] = str(self.size)
        written["seconds"] = str(self.seconds)
        written["extra"] = dict(self.extra)
        written["picture"] = [self.picture.prompt, self.picture.seed, self.picture.reference]
        written["source"] = None
        if self.source is not None:
            kind, source_id, label = self.source.kind, self.source.id, self.source.label
            written["source"] = [kind, source_id, label, str(self.source.seconds)]
        return written


def from_json(written: Mapping[str, Json]) -> Job:
    """The job that was written; unknown keys of a newer version are left aside."""
    values: dict[str, object] = {name: written[name] for name in _NAMES if name in written}
    width, height = str(written["size"]).split("x")
    values["size"] = Size(int(width), int(height))
    values["seconds"] = Decimal(str(written["seconds"]))
    values["status"] = Status(str(written["status"]))
    picture, source = written["picture"], written.get("source")
    values["picture"] = Picture(*picture)  # type: ignore[misc]
    if isinstance(source, list):
        kind, source_id, label, seconds = source
        values["source"] = Derivation(
            str(kind),  # type: ignore[arg-type]
            JobId(str(source_id)),
            str(label),
            Decimal(str(seconds)),
        )
    return Job(**values)  # type: ignore[arg-type]


def readable_jobs(written: Iterable[Mapping[str, Json]]) -> Iterator[Job]:
    """The jobs that can be made out; a damaged one must not take the others with it."""
    for values in written:
        try:
            yield from_json(values)
        except (KeyError, TypeError, ValueError) as error:
            _log.warning("job %s cannot be read and is left out: %s", values.get("id"), error)


_SHAPED = frozenset({"size", "seconds", "extra", "picture", "source"})
_NAMES = tuple(item.name for item in fields(Job))
