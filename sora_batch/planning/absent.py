"""Says that there is no such shot: which one was meant, or that it is switched off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from sora_batch.errors import UsageError
from sora_batch.manifest.settings import Disabled
from sora_batch.problems import did_you_mean, joined

_GLOB = frozenset("*?[")
_MOST_NAMED = 8


def no_shot(text: str, known: Iterable[str], disabled: Sequence[Disabled]) -> UsageError:
    """The error for a name, an id or a glob that means none of the known shots; to be raised."""
    off = next((one for one in disabled if _is_meant(one, text)), None)
    if off is not None:
        return UsageError(
            f"`{off.spec}` is switched off: {off.said} says `enabled: false`",
            fix="delete that, or write `enabled: true`",
        )
    names = dict.fromkeys(known)
    message = f"no shot matches `{text}`" if is_glob(text) else f"no shot is called `{text}`"
    parts = [name for name in names if name.startswith(f"{text}.")]
    if parts:
        return UsageError(f"`{text}` is {len(parts):,} shots, say which", fix=there_are(parts))
    return UsageError(message, fix=did_you_mean(text, names) or there_are(names))


def is_glob(text: str) -> bool:
    """Whether it is a pattern."""
    return not _GLOB.isdisjoint(text)


def there_are(names: Iterable[str]) -> str:
    """``there are `a`, `b` and `c```, the first few of them; "" for none."""
    shown = [f"`{name}`" for name in names]
    some = joined(shown, "and")
    if len(shown) > _MOST_NAMED:
        some = f"{', '.join(shown[:_MOST_NAMED])} and others"
    return f"there {'is' if len(shown) == 1 else 'are'} {some}" if shown else ""


def _is_meant(one: Disabled, text: str) -> bool:
    by_name = text in {one.spec, one.word} or text.startswith(f"{one.word}.")
    return by_name or (is_glob(text) and fnmatchcase(one.word, text))
