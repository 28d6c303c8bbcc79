"""Marks, word by word, where the prompts of a row part ways.

What all of them share, in the same order, is their core; every other word is marked. So no prompt
is the right one that the others are held against.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby

from sora_batch.views.gallery.values import Piece

_TOKEN = re.compile(r"\s+|\w+(?:['’\-]\w+)*|[^\w\s]")
_BREAK = re.compile(r"(?<=\S)\n(?=(\S))")
_LONGEST = 2_000
_LEAST_SHARED = 0.1
# A shared word or two amid others are chance; marked as well, they leave a line that can be read.
_ISLAND = 3


def marked(prompts: Sequence[str]) -> list[tuple[Piece, ...]]:
    """The prompts in pieces. Where they share next to nothing, or nothing differs, none is marked.

    Very long prompts are not compared.
    """
    tokens = {prompt: _TOKEN.findall(prompt) for prompt in prompts}
    words = {prompt: [t for t in found if not t.isspace()] for prompt, found in tokens.items()}
    longest = max(map(len, words.values()), default=0)
    core = _core(list(words.values())) if len(words) > 1 and longest <= _LONGEST else []
    if len(core) < max(1.0, _LEAST_SHARED * longest):
        return [(Piece(prompt),) for prompt in prompts]
    pieces = {prompt: _pieces(tokens[prompt], _alike(words[prompt], core)) for prompt in tokens}
    return [pieces[prompt] for prompt in prompts]


def unwrapped(prompt: str) -> str:
    """Without the breaks where a sentence was wrapped: those before a small letter."""
    return _BREAK.sub(lambda found: " " if found[1].islower() else "\n", prompt)


def _core(texts: Sequence[Sequence[str]]) -> list[str]:
    core = list(texts[0])
    for text in texts[1:]:
        blocks = SequenceMatcher(None, core, text, autojunk=False).get_matching_blocks()
        core = [word for block in blocks for word in core[block.a : block.a + block.size]]
    return core


def _alike(words: Sequence[str], core: Sequence[str]) -> list[bool]:
    """For every word whether it is of the core, without islands."""
    alike = [False] * len(words)
    for block in SequenceMatcher(None, words, core, autojunk=False).get_matching_blocks():
        alike[block.a : block.a + block.size] = [True] * block.size
    runs = [(same, len(list(run))) for same, run in groupby(alike)]
    smoothed: list[bool] = []
    for number, (same, length) in enumerate(runs):
        island = same and 0 < number < len(runs) - 1 and length < _ISLAND
        smoothed += [same and not island] * length
    return smoothed


def _pieces(tokens: Sequence[str], alike: Sequence[bool]) -> tuple[Piece, ...]:
    return tuple(
        Piece("".join(token for token, _ in run), is_marked)
        for is_marked, run in groupby(_with_spaces(tokens, alike), key=lambda pair: pair[1])
    )


def _with_spaces(tokens: Sequence[str], alike: Sequence[bool]) -> Iterator[tuple[str, bool]]:
    """Every token with whether it is marked; a space is, between two marked words."""
    place, before = 0, False
    for token in tokens:
        if token.isspace():
            following = place < len(alike) and not alike[place]
            yield token, before and following
            continue
        before = not alike[place]
        place += 1
        yield token, before
