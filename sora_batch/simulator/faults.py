"""What is to go wrong: a script of rules, as values.

A rule says at which operation what happens, how often and to whom. The same script and seed make
the same mischief again: what the n-th request that fits a rule draws hangs on seed, rule and n.
How a script is read from a file is in `fault_files.py`, how it is carried out in `mischief.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from sora_batch.problems import did_you_mean

CREATE, POLL, LIST, CONTENT, DELETE = OPERATIONS = ("create", "poll", "list", "content", "delete")
FORMS = ("seconds", "date", "ms", "reset")

_RULE = frozenset({"do", "at", "when", "chance", "times", "after", "first", "prompt"})


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that can go wrong: where, which settings of its own it takes, and what it is.

    `when` is whether it comes `before` the server does what it is asked or `after`, where the rule
    does not say; "" where the rule cannot.
    """

    at: tuple[str, ...]
    means: str
    takes: frozenset[str] = frozenset()
    when: Literal["before", "after", ""] = ""


ACTS: Mapping[str, Act] = {
    "error": Act(
        OPERATIONS,
        "answers with `status` (503), its `body` json, html or empty",
        frozenset({"status", "body"}),
        "before",
    ),
    "reset": Act(OPERATIONS, "drops the connection instead of an answer", when="before"),
    "hang": Act(
        OPERATIONS,
        "says nothing for `seconds` (3600), then drops the connection",
        frozenset({"seconds"}),
        "before",
    ),
    "html": Act(OPERATIONS, "answers 200 with a proxy's web page", when="before"),
    "garbage": Act((CREATE, POLL, LIST), "answers 200 with JSON that breaks off", when="after"),
    "no-id": Act((CREATE,), "accepts and answers 200 without an id"),
    "throttle": Act(
        OPERATIONS,
        "answers 429, to wait for `seconds` (1), said in the `form` seconds, date, ms or reset",
        frozenset({"seconds", "form"}),
    ),
    "quota": Act((CREATE,), "answers 429 insufficient_quota"),
    "refuse": Act((CREATE,), "answers 400 moderation_blocked"),
    "fail": Act((CREATE,), "accepts a job that fails while it renders"),
    "moderate": Act(
        (CREATE,),
        "accepts a job that moderation stops, at its `stage` prompt (before it renders) or output",
        frozenset({"stage"}),
    ),
    "stuck": Act((CREATE,), "accepts a job that renders for ever"),
    "status": Act((POLL,), "shows the status `word` (weird)", frozenset({"word"})),
    "missing": Act((POLL, CONTENT, DELETE), "answers 404, as though there were no such job"),
    "expired": Act((POLL, CONTENT), "answers 410"),
    "forget": Act(OPERATIONS, "forgets every job, as a server does that is started again"),
    "truncate": Act(
        (CONTENT,), "drops the connection after a `share` (0.5) of it", frozenset({"share"})
    ),
    "stall": Act(
        (CONTENT,),
        "sends a `share` (0.5), then nothing for `seconds` (3600), then drops the connection",
        frozenset({"share", "seconds"}),
    ),
    "wrong": Act(
        (CONTENT,),
        "sends something else in place of the clip: `body` html, clip (of another size) or empty",
        frozenset({"body"}),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule. Raises ValueError, in words, where it makes no sense.

    `do` is what happens (`ACTS`), `at` the operation ("" where there is but one), `when` whether
    before or after the server has done what was asked: an order that is answered by an error
    `after` was accepted. `chance` is 0 to 1. Of the requests that fit, the first `after` are left
    alone; it happens at most `times` times, and, with `first`, only to so many for each job (each
    prompt, of orders). `prompt` is text that must occur in the job's prompt. The rest are settings
    of what happens.
    """

    do: str
    at: str = ""
    when: str = ""
    chance: float = 1.0
    times: int | None = None
    after: int = 0
    first: int | None = None
    prompt: str = ""
    status: int = 503
    body: str = ""
    seconds: float | None = None
    form: str = "seconds"
    stage: str = "prompt"
    word: str = "weird"
    share: float = 0.5

    def __post_init__(self) -> None:
        _among("do", self.do, tuple(ACTS))
        act = ACTS[self.do]
        if self.at or len(act.at) > 1:
            _among("at", self.at, act.at)
        for name in _SET_ONLY - act.takes:
            if getattr(self, name) != _DEFAULTS[name]:
                raise ValueError(f"`{self.do}` takes no `{name}`")
        if self.when:
            if not act.when:
                raise ValueError(f"`{self.do}` takes no `when`")
            _among("when", self.when, ("before", "after"))
        _check_numbers(self)
        _among("form", self.form, FORMS)
        _among("stage", self.stage, ("prompt", "output"))
        if self.body:
            bodies = ("html", "clip", "empty") if self.do == "wrong" else ("json", "html", "empty")
            _among("body", self.body, bodies)

    @property
    def operation(self) -> str:
        """The operation it belongs to."""
        return self.at or ACTS[self.do].at[0]

    @property
    def is_late(self) -> bool:
        """Whether the server has done what it was asked by then."""
        return (self.when or ACTS[self.do].when) == "after" or self.do in _LATE

    @property
    def is_fate(self) -> bool:
        """Whether it is decided when a job is accepted and happens to the job."""
        return self.do in _FATES


@dataclass(frozen=True, slots=True)
class FaultScript:
    """Rules, of which the first that applies does; and the seed of what they draw."""

    faults: tuple[Fault, ...] = ()
    seed: int = 0


_FATES = frozenset({"fail", "moderate", "stuck"})
_LATE = frozenset({"no-id", "status", "truncate", "stall", "wrong"})
_DEFAULTS = {item.name: item.default for item in fields(Fault)}
_SET_ONLY = frozenset(_DEFAULTS) - _RULE
RULE_KEYS = tuple(_DEFAULTS)


def _among(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        fix = did_you_mean(value, choices) or f"use one of {', '.join(choices)}"
        raise ValueError(f"`{name}: {value}` is unknown here: {fix}")


def _check_numbers(fault: Fault) -> None:
    if not 0 <= fault.chance <= 1:
        raise ValueError("`chance` is from 0 to 1")
    if not 0 <= fault.share < 1:
        raise ValueError("`share` is from 0 to less than 1")
    if not 400 <= fault.status <= 599:
        raise ValueError("`status` is from 400 to 599")
    counts = {"times": fault.times, "after": fault.after, "first": fault.first}
    for name, count in counts.items():
        if count is not None and count < 0:
            raise ValueError(f"`{name}` is not negative")
    if fault.seconds is not None and not 0 <= fault.seconds <= 86_400:
        raise ValueError("`seconds` is from 0 to 86400")
