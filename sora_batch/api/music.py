"""Looks at the music of every cut before anything is done with it."""

from __future__ import annotations

from collections.abc import Iterable

from sora_batch.manifest.settings import Cut
from sora_batch.media.sounds import SoundProblem, inspect_sound
from sora_batch.problems import Problem


def inspect_music(cuts: Iterable[Cut]) -> tuple[Problem, ...]:
    """What is wrong with the sound files, at the places that name them."""
    problems = []
    for cut in cuts:
        if cut.music is None:
            continue
        try:
            inspect_sound(cut.music)
        except SoundProblem as error:
            problems.append(Problem(error.message, cut.music_where, "music", error.fix))
    return tuple(problems)
