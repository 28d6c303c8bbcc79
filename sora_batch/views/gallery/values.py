"""What stands on the page of a gallery, decided down to the words. The template only sets it."""

from __future__ import annotations

from dataclasses import dataclass

from sora_batch.views.gallery.gathered import Media


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a prompt, and whether the other prompts of its row say something else there."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """Another shot, and in words that stand before it what it has to do with this one."""

    shot: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One attempt, as a line of a table."""

    number: int
    state: str
    money: str
    when: str
    took: str
    job: str
    said: str
    server_words: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One shot. `label` tells it from its siblings; `own` are facts that they do not share.

    `column` and `line` count from 1 within the row's matrix.
    """

    shot: str
    label: str
    state: str
    state_class: str
    reason: str
    media: Media
    width: int
    height: int
    seconds: str
    own: tuple[str, ...]
    price: str
    took: str
    tries: tuple[Try, ...]
    failure: str
    server_words: str
    differs: str
    prompt: tuple[Piece, ...]
    template: str
    reference: str
    made_from: tuple[Link, ...]
    goes_into: tuple[Link, ...]
    facts: tuple[Fact, ...]
    tags: tuple[str, ...]
    model: str
    variant: str
    axes: tuple[str, ...]
    column: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """What stands over columns or before a line of a matrix; `first` and `span` in columns."""

    text: str
    first: int
    span: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One shot spec. Without columns its cards flow, one after another."""

    spec: str
    where: str
    cards: tuple[Card, ...]
    shared: tuple[str, ...]
    tags: tuple[str, ...]
    counts: str
    price: str
    reference: Media | None
    reference_words: str
    made_from: tuple[Link, ...]
    columns: int = 0
    heads: tuple[tuple[Head, ...], ...] = ()
    lines: tuple[Head, ...] = ()

    @property
    def shape(self) -> str:
        """`one`, `matrix` or `flow`."""
        if len(self.cards) == 1:
            return "one"
        return "matrix" if self.columns else "flow"

    @property
    def tall(self) -> bool:
        """Whether its clips are higher than wide."""
        return all(card.height > card.width for card in self.cards)

    @property
    def playable(self) -> int:
        """How many of its clips can be played."""
        return sum(bool(card.media.clip) for card in self.cards)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: its kind (a class), its words, and where it stands, in percent."""

    kind: str
    name: str
    value: str
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Times:
    """How long clips of one model took: a dot each and their median, in percent of the longest."""

    model: str
    words: str
    dots: tuple[float, ...]
    median: float


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter: its name, and what can be chosen."""

    name: str
    label: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole of it. `graph` is SVG, safe as it stands, "" where nothing needs anything."""

    name: str
    source: tuple[str, ...]
    running: str
    rows: tuple[Row, ...]
    shots: int
    done: int
    states: tuple[Part, ...]
    spent: str
    money_words: str
    money: tuple[Part, ...]
    times: tuple[Times, ...]
    longest: str
    choices: tuple[Choice, ...]
    graph: str
