"""The operation that makes a cut out of clips: measure, lay out, listen, write, rename."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from sora_batch.durable import sha256_of, sync_file, sync_folder, write_atomically
from sora_batch.media.cutting.captions import Sign, signs_of, with_signs
from sora_batch.media.cutting.copying import can_be_copied, packets_of
from sora_batch.media.cutting.mix import Finished, mix
from sora_batch.media.cutting.order import Order, read_order
from sora_batch.media.cutting.pictures import frames_of
from sora_batch.media.cutting.sources import measure, usual_fps, usual_size
from sora_batch.media.cutting.subtitles import subtitles
from sora_batch.media.cutting.timeline import Timeline, lay_out
from sora_batch.media.cutting.writing import Film, require_wanted, write_film
from sora_batch.media.operation import OperationFailed
from sora_batch.shots import Json, Size


def assemble(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """Makes the cut that is ordered at `target`, its captions beside it with `.srt`.

    The spec has name, target, part (an empty file in the same folder; whoever removes it stops the
    work), pieces (each: shot, path, sha256, crossfade_s, caption), and may have size, fps, title,
    music and loudness. Answers sha256, bytes, mtime_ns, width, height, fps, frames, seconds,
    has_audio, lufs, copied, notes, starts (the time in seconds at which each clip begins).

    Raises OperationFailed with the shot's id in its text: `not-a-clip`, `truncated`, `changed`,
    `missing`, `crossfade`; `music` for the music; `abandoned`.
    """
    order = read_order(spec)
    try:
        return _assembled(order)
    finally:
        order.part.unlink(missing_ok=True)


def _assembled(order: Order) -> Mapping[str, Json]:
    sources = [measure(piece) for piece in order.pieces]
    stamps = _stamps(order)
    size = order.size or usual_size(sources)
    timeline = lay_out(sources, order.fps or usual_fps(sources))
    signs = signs_of(timeline, order.title)
    wanted = partial(require_wanted, order.part)
    sound = mix(timeline, order.music, order.loudness, wanted=wanted)
    film = _film(order, timeline, size, signs, sound)
    write_film(order.part, film)
    if _stamps(order) != stamps:
        raise OperationFailed("a clip was replaced meanwhile; cut again", code="changed")
    return {
        **_placed(order, subtitles(signs, timeline.fps)),
        "width": size.width,
        "height": size.height,
        "fps": round(float(timeline.fps), 3),
        "frames": timeline.frames,
        "seconds": round(float(timeline.seconds), 6),
        "has_audio": sound is not None,
        "lufs": None if sound is None or sound.lufs is None else round(sound.lufs, 1),
        "copied": film.packets is not None,
        "notes": [source.note for source in sources if source.note],
        "starts": [round(float(s.first / timeline.fps), 6) for s in timeline.stretches],
    }


def _stamps(order: Order) -> list[tuple[int, int]]:
    """What changes when a clip is replaced by another."""
    facts = [piece.path.stat() for piece in order.pieces if piece.path.exists()]
    return [(each.st_ino, each.st_mtime_ns) for each in facts]


def _film(
    order: Order,
    timeline: Timeline,
    size: Size,
    signs: tuple[Sign, ...],
    sound: Finished | None,
) -> Film:
    title, heard = order.title or order.name, None if sound is None else sound.begin()
    if not signs and can_be_copied(timeline, size):
        packets = packets_of(timeline)
        return Film(timeline=timeline, size=size, title=title, sound=heard, packets=packets)
    frames = frames_of(timeline, size)
    if signs:
        frames = with_signs(frames, signs, size, timeline.fps)
    return Film(timeline=timeline, size=size, title=title, sound=heard, frames=frames)


def _placed(order: Order, captions: str) -> dict[str, Json]:
    """Brings the finished files to their names, the captions first: no cut has another's."""
    sync_file(order.part)
    digest, facts = sha256_of(order.part), order.part.stat()
    beside = order.target.with_suffix(".srt")
    if captions:
        write_atomically(beside, captions.encode("utf-8", "backslashreplace"))
    else:
        beside.unlink(missing_ok=True)
    order.part.replace(order.target)
    sync_folder(order.target.parent)
    return {"sha256": digest, "bytes": facts.st_size, "mtime_ns": facts.st_mtime_ns}
