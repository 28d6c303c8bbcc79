"""The record of one server family: how it takes orders, shows jobs, lists, refuses and forgets.

What one family does and another does not is a value here; what takes a few lines of its own is a
small function the record names. The facts come from the servers' sources and from running them;
`docs/servers.md` has the sources.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sora_batch.shots import Json, SourceKind
from sora_batch.simulator.job import Job, Status
from sora_batch.simulator.refusals import Refused, openai_envelope

DERIVATIONS: frozenset[SourceKind] = frozenset({"remix", "edit", "extend"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How a list is read. `default` is the page's size where none is asked for, None for all.

    `knows_after` is whether an unknown cursor is refused; else it is the end of the list.
    `hollow_zero` is whether `limit=0` promises more for ever. `by_the_second` is whether jobs of
    one second stand oldest first in a list of the newest first.
    """

    default: int | None = 20
    least: int = 0
    most: int = 100
    knows_after: bool = True
    hollow_zero: bool = False
    by_the_second: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A code in place of the usual one; words, and a word for programs, unless ""."""

    status: int
    words: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What may be ordered, and in which form.

    `json` is whether JSON is taken besides forms. `lengths` are the lengths there are, None for
    any; `whole` is whether they are whole numbers, and `numbers` whether JSON numbers are taken.
    `sizes` are the sizes there are, None for any, and `model_sizes` those of models that have
    fewer; of them, an order of a size that is not among `renders` is taken and fails.
    `models` is `any`, `served` (the one it serves and no other), `loaded` (any name, answered with
    that of the loaded one), or the names there are.
    """

    json: bool = True
    derivations: frozenset[SourceKind] = DERIVATIONS
    sizes: frozenset[str] | None = None
    model_sizes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    renders: frozenset[str] | None = None
    lengths: frozenset[str] | None = None
    whole: bool = True
    numbers: bool = False
    models: Literal["any", "served", "loaded"] | frozenset[str] = "any"
    one_at_a_time: bool = False


def plain_id(job: Job, again: bool) -> str:
    """The id as it is, whenever it is shown."""
    return job.id


def known_id(shown: str) -> str:
    """The id as it was shown."""
    return shown


def nothing_more(job: Job) -> Mapping[str, Json]:
    """No fields beyond the protocol's."""
    return {}


def video_hex() -> str:
    """An id as OpenAI made them."""
    return f"video_{secrets.token_hex(16)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One family's way of serving the protocol.

    `prefix` is what its paths begin with. `paging` is None where it has no list; `no_list` is its
    answer then. `statuses` are its words where they are not OpenAI's, `hidden` the fields of the
    video object it does not have, `more` those it has besides. `failed_code` is what a poll of a
    failed job is answered with, and `quotes` makes its body where that is not the job itself.
    `error` shapes what is said of a failed job.

    `variants` is what `?variant=` means: `named` kinds of picture, an `index` of the job's outputs,
    or nothing (`ignored`). `ranges` is whether part of a clip can be had. `refusals` change the
    code or the words of a refusal, by the name of the field at fault or its word for programs.
    `delete` is whether that `cancels` a job, only `forgets` it, or is not there.
    `poll_after_ms` is the hint in answers about a job that is not over: a fixed number, -1 for one
    that is reckoned, None for none.

    `owner` is who its list of models says they belong to, "" where it has no such list. `headers`
    go along with every answer, `no_method` is the code for a method that a path does not take.

    `repeats` is how often it orders anew at the server behind it when that answers with an error
    or with nonsense; `repeats_header` is the header by which a client says how often instead.

    `shown_id` is how a job is called in an answer to create and in later ones (`again`), `known_id`
    what such an id means. `forgets` is whether a restart loses every job; `expires_s` how long a
    clip can be fetched once it is there.
    """

    name: str
    prefix: str = "/v1"
    orders: Orders = field(default_factory=Orders)
    paging: Paging | None = field(default_factory=Paging)
    no_list: Answer = Answer(404, "Not Found")
    statuses: Mapping[Status, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    more: Callable[[Job], Mapping[str, Json]] = nothing_more
    failed_code: int = 200
    quotes: Callable[[Job, Mapping[str, Json]], Json] | None = None
    error: Literal["worded", "numbered", "bare"] = "worded"
    percents: bool = True
    variants: Literal["named", "index", "ignored"] = "named"
    ranges: bool = True
    envelope: Callable[[Refused], Json] = openai_envelope
    refusals: Mapping[str, Answer] = field(default_factory=dict)
    delete: Literal["cancels", "forgets", "nothing"] = "cancels"
    deleted_video: bool = False
    poll_after_ms: int | None = None
    owner: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    no_method: int = 405
    repeats: int = 0
    repeats_header: str = ""
    new_id: Callable[[], str] = video_hex
    shown_id: Callable[[Job, bool], str] = plain_id
    known_id: Callable[[str], str] = known_id
    forgets: bool = False
    expires_s: int | None = None

    def word(self, status: Status) -> str:
        """What it calls a status."""
        return self.statuses.get(status, status.value)

    def refuse(self, refused: Refused) -> tuple[int, Json]:
        """Code and body of its answer to a request it turns down."""
        names = [name for name in (refused.param, refused.code) if name]
        other = next((self.refusals[name] for name in names if name in self.refusals), None)
        if other is not None:
            words, code = other.words or refused.message, other.code or refused.code
            refused = Refused(other.status, words, param=refused.param, code=code)
        return refused.status, self.envelope(refused)
