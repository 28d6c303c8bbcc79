"""A line for each shot: its id, where it stands, what there is to say of it.

Where a line is too narrow for that, what there is to say stands beneath, and the folder that
clips are in is said once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sora_batch.views.columns import middle
from sora_batch.views.text import cells, cut, pad, shown_path, wrapped

_ID_COLUMNS = 36


@dataclass(frozen=True, slots=True)
class ShotRow:
    """What is shown of a shot; `mark` colours the word for where it stands."""

    shot: str
    place: str
    detail: str
    mark: Callable[[str], str] = str


def shot_rows(rows: Sequence[ShotRow], *, folder: Path, width: int) -> list[str]:
    """The rows in so many columns; `folder` is where clips have their shots' names. A path that is
    longer than a line stays whole, so that it can be copied."""
    ids = max((cells(row.shot) for row in rows), default=0)
    places = max((cells(row.place) for row in rows), default=0)
    beside = min(ids, _ID_COLUMNS)
    longest = max((cells(word) for row in rows for word in row.detail.split()), default=0)
    if beside + places + 4 + longest <= width:
        return _beside(rows, beside, places, width)
    return _beneath(rows, min(ids, max(_ID_COLUMNS, width - places - 2)), folder, width)


def _beside(rows: Sequence[ShotRow], ids: int, places: int, width: int) -> list[str]:
    lines = []
    for row in rows:
        shot, place = pad(cut(row.shot, ids), ids), pad(row.place, places)
        start = f"{shot}  {place}  "
        first, *rest = wrapped(row.detail, width, indent=start)
        marked = f"{shot}  {row.mark(place)}  {first.removeprefix(start)}"
        lines += [marked.rstrip(), *rest]
    return lines


def _beneath(rows: Sequence[ShotRow], ids: int, folder: Path, width: int) -> list[str]:
    usual = {row.shot: shown_path(folder / f"{row.shot}.mp4") for row in rows}
    has_usual = any(row.detail == usual[row.shot] for row in rows)
    lines = [f"clips  {shown_path(folder / 'SHOT.mp4')}", ""] if has_usual else []
    for row in rows:
        lines.append(f"{pad(middle(row.shot, ids), ids)}  {row.mark(row.place)}")
        if row.detail and row.detail != usual[row.shot]:
            lines += wrapped(row.detail, width, indent="    ")
    return lines
