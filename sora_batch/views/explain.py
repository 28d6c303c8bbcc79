"""Why a shot would (not) be made again: what changed in it, old and new, word by word.

Without colour the words are marked as `git diff --word-diff` does: `[-mist-]{+rain+}`.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from sora_batch.planning.explain import Explanation, InputChange
from sora_batch.planning.plan import Action
from sora_batch.records import Attempt
from sora_batch.shots import FINGERPRINT_VERSION, Json
from sora_batch.views.facts import as_json
from sora_batch.views.paint import PLAIN, Paint
from sora_batch.views.text import cells, dollars, money_text, printable, wrapped
from sora_batch.views.tracking import why

_DIGEST = 10

Mark: TypeAlias = tuple[str, str, Callable[[str], str]]
"""What stands before and after a run of words, and how its words are coloured."""


def explain_text(found: Explanation, *, width: int, paint: Paint = PLAIN) -> str:
    """The verdict, the inputs that changed, the names of those that did not, and the tries."""
    lines = [*_verdict(found, width, paint), ""]
    lines += wrapped(_compared(found), width)
    shown = found.changed if found.compared else found.inputs
    for one in shown:
        lines += ["", *_heading(one, paint), *_difference(one, found, width, paint)]
    same = [one.words for one in found.inputs if not one.changed]
    if found.compared and same:
        lines += ["", *wrapped(f"unchanged: {', '.join(same)}", width)]
    for attempt in found.attempts:
        lines += ["", *wrapped(_attempt(attempt), width)]
    return "\n".join(lines)


def explain_json(found: Explanation) -> dict[str, Json]:
    """`shot`, `action`, `reason`, `where`, `price_usd`, `fingerprint`, `compared`, `since`,
    `inputs` (name, words, now, before, changed, where, parent), `clip`, `attempts`."""
    step = found.step
    return {
        "shot": step.shot.id,
        "action": step.action.value,
        "reason": step.reason,
        "where": str(step.shot.where),
        "price_usd": money_text(step.price_usd),
        "fingerprint": step.fingerprint,
        "compared": found.compared,
        "since": as_json(found.since),
        "inputs": [
            {
                "name": one.name,
                "words": one.words,
                "now": one.now,
                "before": one.before,
                "changed": one.changed,
                "where": str(one.where),
                "parent": one.parent,
            }
            for one in found.inputs
        ],
        "clip": as_json(found.clip),
        "attempts": [as_json(attempt) for attempt in found.attempts],
    }


def word_difference(before: str, now: str, *, width: int, paint: Paint = PLAIN) -> list[str]:
    """The new text with what went and what came marked in it, in lines behind an indent."""
    return _flowed(_marked(before.split(), now.split(), paint), width)


def _marked(old: Sequence[str], new: Sequence[str], paint: Paint) -> Iterator[tuple[str, int]]:
    """Each word as it is shown, with how many columns it takes."""
    gone: Mark = ("", "", paint.bad) if paint.on else ("[-", "-]", str)
    come: Mark = ("", "", paint.good) if paint.on else ("{+", "+}", str)
    same: Mark = ("", "", str)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            yield from _run(new[new_from:new_to], same)
        else:
            yield from _run(old[old_from:old_to], gone)
            yield from _run(new[new_from:new_to], come)


def _run(words: Sequence[str], mark: Mark) -> Iterator[tuple[str, int]]:
    before, after, colour = mark
    for place, word in enumerate(words):
        plain = printable(word, 200)
        plain = before + plain if place == 0 else plain
        plain = plain + after if place == len(words) - 1 else plain
        yield colour(plain), cells(plain)


def _flowed(words: Iterator[tuple[str, int]], width: int, indent: str = "  ") -> list[str]:
    lines: list[list[str]] = [[]]
    room = width - cells(indent)
    for word, columns in words:
        if lines[-1] and columns > room:
            lines.append([])
            room = width - cells(indent)
        lines[-1].append(word)
        room -= columns + 1
    return [indent + " ".join(line) for line in lines]


def _verdict(found: Explanation, width: int, paint: Paint) -> list[str]:
    step = found.step
    price = f" for {dollars(step.price_usd)}" if step.price_usd else ""
    words = {
        Action.MAKE: f"would be made{price}",
        Action.RESUME: "would be picked up",
        Action.REUSE: "would be reused",
        Action.HOLD: "stays on hold",
        Action.BLOCKED: "would not be made",
    }
    first, *rest = wrapped(
        f"{step.shot.id} ({step.shot.where}) {words[step.action]}: {printable(step.reason)}", width
    )
    return [paint.strong(step.shot.id) + first.removeprefix(step.shot.id), *rest]


def _compared(found: Explanation) -> str:
    if found.since is None:
        return "There is no clip and no try to compare with; it would be made from:"
    what = "its clip" if found.compared == "clip" else "its last try"
    what += f" of {found.since:%Y-%m-%d %H:%M} UTC"
    if not found.changed:
        return f"Nothing has changed since {what}."
    return f"Compared with {what}:"


def _heading(one: InputChange, paint: Paint) -> list[str]:
    place = f"  {paint.faint(str(one.where))}" if one.where.line else ""
    return [f"{paint.strong(one.words)}{place}"]


def _difference(one: InputChange, found: Explanation, width: int, paint: Paint) -> list[str]:
    if one.parent is not None and isinstance(one.now, str):
        words = f"the clip of `{one.parent}` comes first"
        if found.compared:
            words = f"`{one.parent}` has other inputs now than when this was made from it"
            if one.name == "reference":
                words = f"the clip of `{one.parent}` is not the one it was made from"
        return wrapped(words, width, indent="  ")
    if not found.compared:
        return wrapped(_plain(one.now), width, indent="  ")
    if one.name == "prompt":
        before, now = str(one.before or ""), str(one.now or "")
        return word_difference(before, now, width=width, paint=paint)
    if isinstance(one.now, dict) and isinstance(one.before, dict):
        return _by_key(one.before, one.now, width)
    return wrapped(f"{_plain(one.before)} -> {_plain(one.now)}", width, indent="  ")


def _by_key(before: dict[str, Json], now: dict[str, Json], width: int) -> list[str]:
    lines = []
    for key in dict.fromkeys([*before, *now]):
        if before.get(key) != now.get(key):
            change = f"{_plain(before.get(key), key)} -> {_plain(now.get(key), key)}"
            lines += wrapped(f"{_KEYS.get(key, key)}: {change}", width, indent="  ")
    return lines


_KEYS = {"sha256": "the picture's bytes", "frame_of": "the clip the frame is from"}


def _plain(value: Json, key: str = "") -> str:
    if value is None:
        return "(none)"
    if isinstance(value, str):
        if key == "frame_of" and value.startswith(f"{FINGERPRINT_VERSION}:"):
            # Only a clip that is there has a digest; until then its shot's inputs stand for it.
            return "one still to be made"
        short = key in _KEYS and len(value) > _DIGEST
        return f"{value.removeprefix('f1:')[:_DIGEST]}…" if short else printable(value, 2000)
    return printable(json.dumps(value, ensure_ascii=False), 2000)


def _attempt(attempt: Attempt) -> str:
    words = [
        f"attempt {attempt.number} of {attempt.created_at:%Y-%m-%d %H:%M} UTC: {attempt.state}",
        why(attempt.failure) if attempt.failure is not None else "",
        printable(attempt.note),
        f"job {printable(attempt.job_id, 80)}" if attempt.job_id else "",
        f"{dollars(attempt.price_usd)} {attempt.money}" if attempt.price_usd else "",
    ]
    return ", ".join(filter(None, words))
