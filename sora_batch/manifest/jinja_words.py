"""Says in our words what Jinja says of a template it cannot read, and how to mend it.

Jinja speaks of tokens, tags it was looking for and print statements; a person has written braces,
quotes and words. What is not known here keeps Jinja's own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

Said: TypeAlias = tuple[str, str]
"""What is wrong, and the fix."""

_ENDS: Final = {"print statement": "}}", "statement block": "%}"}
_BEGINS: Final = {"}}": "{{", "%}": "{%", ")": "(", "]": "[", "}": "{"}
_PARTS: Final = {"else": "if", "elif": "if"}


def plainly(said: str) -> Said | None:
    """What is wrong and the fix, None where Jinja's words are not known."""
    text = " ".join(said.split())
    for pattern, tell in _SAYINGS:
        found = pattern.match(text)
        if found is not None:
            return tell(found.groups())
    return None


def _never_closed(end: str) -> Said:
    return f"`{_BEGINS[end]}` is never closed", f"close it with `{end}`"


def _open_tag(tag: str) -> Said:
    return f"`{{% {tag} %}}` is never closed", f"end it with `{{% end{tag} %}}`"


def _out_of_place(word: str, tag: str) -> Said:
    if word not in _PARTS and not word.startswith("end"):
        return _no_tag(word)
    return f"`{word}` comes while `{tag}` is open", f"write `{{% end{tag} %}}` before it"


def _no_tag(word: str) -> Said:
    opening = _PARTS.get(word, word.removeprefix("end"))
    if opening == word:
        return f"there is no tag `{word}`", "write `{{ }}` for a value"
    return (
        f"`{word}` belongs to no `{opening}`",
        f"take it out, or open it: `{{% {opening} ... %}}`",
    )


def _ends_early(end: str) -> Said:
    return "it ends too early", f"write what is missing before `{end}`"


def _strange(char: str) -> Said:
    if char in "'\"":
        return "a quote is never closed", f"close it with `{char}`"
    return f"`{char}` has no meaning here", "take it out, or put text in quotes"


def _one_too_many(end: str, got: str) -> Said:
    if got == "=":
        return "`=` compares nothing", "compare with `==`"
    fix = f"join values with `~`, put text in quotes, or end it with `{end}`"
    return f"`{got}` is not expected here", fix


def _end(words: str) -> str:
    return _ENDS[words]


UNCLOSED: Final = "unexpected end of template, expected 'end of print statement'"
"""What Jinja says of `{{` without an end, where it gets as far as that."""

_END = r"'end of (print statement|statement block)'"
_OPEN = r".*innermost block that needs to be closed is '(\w+)'"
_SAYINGS: Final[Sequence[tuple[re.Pattern[str], Callable[[Sequence[str]], Said]]]] = [
    (re.compile(pattern, re.IGNORECASE), tell)
    for pattern, tell in (
        (rf"unexpected end of template, expected {_END}", lambda f: _never_closed(_end(f[0]))),
        (r"missing end of comment tag", lambda _: ("`{#` is never closed", "close it with `#}`")),
        (rf"unexpected end of template\.{_OPEN}", lambda f: _open_tag(f[0])),
        (rf"encountered unknown tag '(\w+)'{_OPEN}", lambda f: _out_of_place(f[0], f[1])),
        (r"encountered unknown tag '(\w+)'", lambda f: _no_tag(f[0])),
        (rf"expected [\w ']+, got {_END}", lambda f: _ends_early(_end(f[0]))),
        (rf"unexpected {_END}", lambda f: _ends_early(_end(f[0]))),
        (r"expected name or number", lambda _: ("a name is missing behind a dot", "name it")),
        (r"unexpected char (?:'|\")(.)(?:'|\") at", lambda f: _strange(f[0])),
        (r"unexpected '.', expected '([)\]}])'", lambda f: _never_closed(f[0])),
        (rf"expected token {_END}, got '(.+)'", lambda f: _one_too_many(_end(f[0]), f[1])),
    )
]
