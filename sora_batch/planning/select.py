"""Which shots `--select` means.

    hero                an id, a shot spec, or the beginning of ids up to a dot
    city.*              a glob over ids
    tag:social          shots with the tag
    model:sora-2        shots on the model, by the manifest's name or the server's
    state:failed        shots by what would be done with them or what became of them
    line:42             the shots of the shot spec at that line of the manifest
    +hero   hero+       with what it needs; with what needs it

Words after `tag:`, `model:` may be globs. Several selections add up.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sora_batch.errors import UsageError
from sora_batch.manifest.settings import Disabled
from sora_batch.planning.absent import is_glob, no_shot, there_are
from sora_batch.planning.actions import Verdict
from sora_batch.planning.graph import Graph
from sora_batch.planning.plan import Action
from sora_batch.problems import did_you_mean, joined
from sora_batch.records import AttemptState
from sora_batch.shots import Fingerprint, Shot, Target

_STATES: Mapping[str, frozenset[Action]] = {
    "make": frozenset({Action.MAKE}),
    "resume": frozenset({Action.RESUME}),
    "reuse": frozenset({Action.REUSE}),
    "hold": frozenset({Action.HOLD}),
    "blocked": frozenset({Action.BLOCKED}),
    "done": frozenset({Action.REUSE}),
    "pending": frozenset({Action.MAKE, Action.BLOCKED}),
}
STATES = (*_STATES, "held", "rendering", "failed")


@dataclass(frozen=True, slots=True)
class Field:
    """The shots to choose from and what is known of each; all by the shots' numbers.

    `failed` are the fingerprints with a failure that is not forgiven.
    """

    shots: Sequence[Shot]
    graph: Graph
    targets: Sequence[Target]
    verdicts: Sequence[Verdict]
    fingerprints: Sequence[Fingerprint]
    failed: frozenset[Fingerprint]
    disabled: Sequence[Disabled] = ()


def select(field: Field, selection: Sequence[str]) -> set[int]:
    """The numbers of the shots that any of the selections means.

    Raises UsageError for one that means nothing.
    """
    chosen: set[int] = set()
    for text in selection:
        chosen |= _select_one(field, text.strip())
    return chosen


def with_needs(field: Field, chosen: Iterable[int]) -> set[int]:
    """The chosen shots and what has to be there to finish them.

    What is finished needs nothing more; what it is needed for still has to find it, so the
    finished shots that are needed directly are among them.
    """
    closed = set(chosen)
    stack = list(closed)
    while stack:
        number = stack.pop()
        verdict = field.verdicts[number]
        if verdict.twin is not None:
            needed: Sequence[int] = (verdict.twin,)
        elif verdict.action in {Action.REUSE, Action.RESUME}:
            needed = ()
        else:
            needed = field.graph.needs.get(number, ())
        for one in needed:
            if one not in closed:
                closed.add(one)
                stack.append(one)
    return closed


def _select_one(field: Field, text: str) -> set[int]:
    if not text:
        raise UsageError("an empty selection", fix="name a shot, or leave `--select` out")
    exact = _by_id(field, text)
    if exact:
        return exact
    upstream, downstream = text.startswith("+"), text.endswith("+")
    core = text[1:] if upstream else text
    core = core[:-1] if downstream else core
    found = _matching(field, core)
    chosen = set(found)
    if upstream:
        chosen |= field.graph.upstream(found)
    if downstream:
        chosen |= field.graph.downstream(found)
    return chosen


def _matching(field: Field, text: str) -> set[int]:
    kind, colon, word = text.partition(":")
    by_kind: dict[str, Callable[[Field, str], set[int]]] = {
        "tag": _by_tag,
        "model": _by_model,
        "state": _by_state,
        "line": _by_line,
    }
    if colon and kind in by_kind:
        return by_kind[kind](field, word.strip())
    if colon:
        raise UsageError(
            f"nothing can be selected by `{kind}`",
            fix=did_you_mean(kind, by_kind) or f"use {joined(f'`{k}:`' for k in by_kind)}",
        )
    found = _by_id(field, text)
    if found:
        return found
    names = [*(s.spec for s in field.shots), *(s.id for s in field.shots)]
    raise no_shot(text, names, field.disabled)


def _by_id(field: Field, text: str) -> set[int]:
    """An id itself, else every shot of a spec, else ids that begin with it, else a glob."""
    shots = field.shots
    if is_glob(text):
        return {n for n, shot in enumerate(shots) if fnmatchcase(shot.id, text)}
    exact = {n for n, shot in enumerate(shots) if shot.id == text}
    if exact:
        return exact
    start = f"{text}."
    return {n for n, shot in enumerate(shots) if shot.spec == text or shot.id.startswith(start)}


def _by_tag(field: Field, word: str) -> set[int]:
    tags = {tag for shot in field.shots for tag in shot.tags}
    meant = _meant(word, tags, "no shot has the tag")
    return {n for n, shot in enumerate(field.shots) if not meant.isdisjoint(shot.tags)}


def _by_model(field: Field, word: str) -> set[int]:
    models = {s.model for s in field.shots} | {target.model for target in field.targets}
    meant = _meant(word, models, "no shot is on the model")
    return {
        n
        for n, shot in enumerate(field.shots)
        if shot.model in meant or field.targets[n].model in meant
    }


def _by_state(field: Field, word: str) -> set[int]:
    if word not in STATES:
        fix = did_you_mean(word, STATES) or f"use {joined(STATES)}"
        raise UsageError(f"there is no state `{word}`", fix=fix)
    if word == "failed":
        found = {
            n
            for n, fingerprint in enumerate(field.fingerprints)
            if fingerprint in field.failed
            and field.verdicts[n].action in {Action.MAKE, Action.BLOCKED}
        }
    elif word in {"held", "rendering"}:
        found = {n for n, v in enumerate(field.verdicts) if _under_way(v) == word}
    else:
        found = {n for n, v in enumerate(field.verdicts) if v.action in _STATES[word]}
    if not found:
        raise UsageError(f"no shot is in the state `{word}`")
    return found


def _under_way(verdict: Verdict) -> str:
    """As `status` has it: `held` where nobody knows what became of an order, else `rendering`."""
    if verdict.action not in {Action.RESUME, Action.HOLD} or verdict.attempt is None:
        return ""
    unclear = verdict.attempt.state in {AttemptState.SUBMITTING, AttemptState.HELD}
    return "held" if unclear else "rendering"


def _by_line(field: Field, word: str) -> set[int]:
    """Shots with a field written on that line, if only some of a spec's; else the whole spec."""
    if not word.isdecimal() or not int(word):
        raise UsageError(f"`{word}` is not the number of a line")
    line = int(word)
    off = {one.where.line: one for one in field.disabled}
    starts = sorted({shot.where.line for shot in field.shots} | off.keys())
    place = bisect.bisect_right(starts, line)
    if not place:
        raise UsageError(f"line {line} is above all shots", fix=f"the first is at line {starts[0]}")
    start = starts[place - 1]
    spec = {n for n, shot in enumerate(field.shots) if shot.where.line == start}
    if not spec:
        raise no_shot(off[start].spec, (), field.disabled)
    written = {n for n in spec if any(w.line == line for w in field.shots[n].places.values())}
    return written or spec


def _meant(word: str, names: set[str], complaint: str) -> set[str]:
    meant = {name for name in names if name == word or fnmatchcase(name, word)}
    if not meant:
        fix = did_you_mean(word, names) or there_are(sorted(names))
        raise UsageError(f"{complaint} `{word}`", fix=fix)
    return meant
