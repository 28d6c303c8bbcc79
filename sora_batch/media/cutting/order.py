"""What is to be assembled, read from the JSON that an engine carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from sora_batch.media.operation import OperationFailed, text_of
from sora_batch.shots import Json, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One clip of a cut: whose it is, where it stands, and how it follows the one before."""

    shot: str
    path: Path
    sha256: str
    crossfade_s: Fraction = Fraction(0)
    caption: str = ""

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Says of a failure within which clip it is about."""
        try:
            yield
        except OperationFailed as error:
            raise OperationFailed(f"`{self.shot}`: {error.message}", code=error.code) from error
        except FileNotFoundError as error:
            message = f"`{self.shot}`: its clip {self.path.name} is gone"
            raise OperationFailed(message, code="missing") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A cut to make, written to `part` and then renamed to `target`.

    `size` and `fps` are None where the clips decide; loudness is in LUFS.
    """

    name: str
    target: Path
    part: Path
    pieces: tuple[Piece, ...]
    size: Size | None = None
    fps: Fraction | None = None
    title: str = ""
    music: Path | None = None
    loudness: float = -14.0


def read_order(spec: Mapping[str, Json]) -> Order:
    """The order. Raises TypeError, KeyError: the caller's bug."""
    pieces, size, fps, loudness = (spec.get(n) for n in ("pieces", "size", "fps", "loudness"))
    if not isinstance(pieces, list) or not pieces:
        raise TypeError(f"`pieces` must be a list of clips, not {pieces!r}")
    music = spec.get("music")
    return Order(
        name=text_of(spec, "name"),
        target=Path(text_of(spec, "target")),
        part=Path(text_of(spec, "part")),
        pieces=tuple(_piece(piece) for piece in pieces),
        size=_size(size),
        fps=None if fps is None else Fraction(str(fps)),
        title=str(spec.get("title") or ""),
        music=None if music is None else Path(text_of(spec, "music")),
        loudness=float(loudness) if isinstance(loudness, (int, float)) else -14.0,
    )


def _piece(spec: Json) -> Piece:
    if not isinstance(spec, dict):
        raise TypeError(f"a piece must be a mapping, not {spec!r}")
    return Piece(
        shot=text_of(spec, "shot"),
        path=Path(text_of(spec, "path")),
        sha256=text_of(spec, "sha256"),
        crossfade_s=Fraction(str(spec.get("crossfade_s") or 0)),
        caption=str(spec.get("caption") or ""),
    )


def _size(value: Json) -> Size | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise TypeError(f"`size` must be [width, height], not {value!r}")
    width, height = value
    if not isinstance(width, int) or not isinstance(height, int):
        raise TypeError(f"`size` must be whole numbers, not {value!r}")
    return Size(width, height)
