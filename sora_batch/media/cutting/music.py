"""The music of a cut: opened, begun again where it ends too early, faded in and out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError

from sora_batch.media.clips import LENIENT
from sora_batch.media.cutting.samples import BLOCK, SAMPLE_RATE, Block, Supply, decoded
from sora_batch.media.operation import OperationFailed
from sora_batch.media.sounds import SoundProblem, inspect_sound

_FORMATS = "mp3,mov,wav,flac,ogg,aac,aiff,matroska"
_IN_S, _OUT_S = 0.4, 2.0


def music_sound(path: Path, total: int) -> Iterator[Block]:
    """So many samples of the music, from its start again where it ends, faded in and out.

    Raises OperationFailed where it cannot be read.
    """
    supply = Supply(_looped(path))
    fade_in = min(round(_IN_S * SAMPLE_RATE), total // 4)
    fade_out = min(round(_OUT_S * SAMPLE_RATE), total // 4)
    for first in range(0, total, BLOCK):
        block = supply.take(min(BLOCK, total - first))
        at = np.arange(first, first + block.shape[1], dtype=np.float32)
        level = np.minimum((at + 1) / max(1, fade_in), (total - at) / max(1, fade_out))
        yield block * np.clip(level, 0, 1)
    supply.close()


@contextmanager
def open_sound(path: Path) -> Iterator[InputContainer]:
    """The file, open, with at least one stream of sound.

    Raises OperationFailed (`music`), also for errors within. Formats are named and not guessed: a
    file that pretends to be music must not be read as a playlist, which may name other files.
    """
    try:
        inspect_sound(path)
        options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
        with av.open(f"file:{path}", options=options, **LENIENT) as container:
            if not container.streams.audio:
                raise OperationFailed(f"the music {path.name} has no sound in it", code="music")
            yield container
    except SoundProblem as error:
        raise OperationFailed(f"the music: {error.message}", code="music") from error
    except FFmpegError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"the music {path.name} is damaged and cannot be read: {reason}"
        raise OperationFailed(message, code="music") from error


def _looped(path: Path) -> Iterator[Block]:
    while True:
        heard = 0
        with open_sound(path) as container:
            for block in decoded(container, start=None):
                heard += block.shape[1]
                yield block
        if not heard:
            raise OperationFailed(f"the music {path.name} has no sound in it", code="music")
