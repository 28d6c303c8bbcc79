"""Turns what a gallery is told into its page, and the page into HTML.

The template escapes everything; what is marked safe is our own style, script and drawing. A policy
in the page's head allows no script but that one, by its digest: should something ever slip through,
it still does not run.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from sora_batch.planning.plan import Step
from sora_batch.shots import ShotId
from sora_batch.views.gallery import charts
from sora_batch.views.gallery.cards import Told
from sora_batch.views.gallery.gathered import Gathered, Media
from sora_batch.views.gallery.rows import row_of
from sora_batch.views.gallery.values import Card, Choice, Link, Page
from sora_batch.views.graph_svg import Arrow, Box, arrows_of, drawn
from sora_batch.views.status import Standing, standing
from sora_batch.views.text import counted, dollars

CLIPS_GO_HERE = "<!-- clips -->"
"""Where elements with clips are put; nothing that is escaped can contain it."""

_MOST_BOXES = 60
_MADE_FROM = {
    "remix": "remix of",
    "edit": "edit of",
    "extend": "extends",
    "frame": "begins with a frame of",
    "needs": "made after",
    "same": "the same inputs as",
}
_GOES_INTO = {
    "remix": "remixed as",
    "edit": "edited as",
    "extend": "extended by",
    "frame": "its frame begins",
    "needs": "needed by",
    "same": "the same inputs as",
}
_HERE = files("sora_batch.views.gallery")


def gallery_html(gathered: Gathered) -> str:
    """The page. Clips that are to be inside it go in place of CLIPS_GO_HERE."""
    style, script = (Markup(_ours(name)) for name in ("page.css", "page.js"))  # noqa: S704
    digest = base64.b64encode(hashlib.sha256(str(script).encode()).digest()).decode()
    page = page_of(gathered)
    return _template().render(
        page=page,
        graph=Markup(page.graph),  # noqa: S704
        style=style,
        script=script,
        script_digest=f"sha256-{digest}",
        clips_go_here=Markup(CLIPS_GO_HERE),  # noqa: S704
        anchor=anchor,
    )


def clip_element(name: str, data: bytes) -> bytes:
    """A clip as an element of the page, which is asked for as `#name`."""
    head = f'<script type="text/plain" id="{name}">'.encode("ascii")
    return b"".join((head, base64.b64encode(data), b"</script>\n"))


def anchor(shot: str) -> str:
    """The address of a shot on the page."""
    return f"#shot.{quote(shot)}"


def page_of(gathered: Gathered) -> Page:
    """Everything on the page, decided."""
    order = {shot.id: number for number, shot in enumerate(gathered.manifest.shots)}
    steps = sorted(gathered.steps, key=lambda step: order.get(step.shot.id, len(order)))
    told = _told(gathered, steps)
    specs: defaultdict[str, list[Told]] = defaultdict(list)
    for one in told:
        specs[one.step.shot.spec].append(one)
    rows = tuple(row_of(some) for some in specs.values())
    times, longest = charts.times(gathered.attempts)
    places = [one.place for one in told]
    budget = gathered.manifest.budget
    return Page(
        name=gathered.manifest.name,
        source=_source(gathered),
        running=f"being run by {gathered.running}" if gathered.running else "",
        rows=rows,
        shots=len(told),
        done=places.count(Standing.DONE),
        states=charts.standings(places),
        spent=dollars(gathered.ledger.spent),
        money_words=charts.money_words(gathered.ledger, budget),
        money=charts.money(gathered.ledger, budget),
        times=times,
        longest=longest,
        choices=_choices([card for row in rows for card in row.cards]),
        graph=_graph(steps, told),
    )


def _told(gathered: Gathered, steps: Sequence[Step]) -> list[Told]:
    forth: defaultdict[str, list[Link]] = defaultdict(list)
    back: defaultdict[str, list[Link]] = defaultdict(list)
    for arrow in arrows_of(steps):
        back[arrow.end].append(Link(arrow.start, _MADE_FROM.get(arrow.why, arrow.why)))
        forth[arrow.start].append(Link(arrow.end, _GOES_INTO.get(arrow.why, arrow.why)))
    return [_told_of(gathered, step, back, forth) for step in steps]


def _told_of(
    gathered: Gathered,
    step: Step,
    back: Mapping[str, list[Link]],
    forth: Mapping[str, list[Link]],
) -> Told:
    shot: ShotId = step.shot.id
    attempts = gathered.attempts.get(shot, ())
    newest = attempts[-1] if attempts else None
    return Told(
        step=step,
        place=standing(step, newest, running=gathered.running is not None),
        attempts=attempts,
        media=gathered.media.get(shot, Media()),
        made_from=tuple(back.get(shot, ())),
        goes_into=tuple(forth.get(shot, ())),
    )


def _source(gathered: Gathered) -> tuple[str, ...]:
    manifest = gathered.manifest
    profile = f"profile {manifest.profile}" if manifest.profile else ""
    when = f"{gathered.at:%d %B %Y, %H:%M} UTC".lstrip("0")
    return tuple(
        filter(None, (manifest.file.as_posix(), profile, f"on {manifest.provider.name}", when))
    )


def _choices(cards: Sequence[Card]) -> tuple[Choice, ...]:
    """The filters that have something to choose between."""
    found = {
        "state": ("State", [(card.state_class, card.state) for card in cards]),
        "tag": ("Tag", [(tag, tag) for card in cards for tag in card.tags]),
        "model": ("Model", [(card.model, card.model) for card in cards]),
        "variant": ("Variant", [(card.variant, card.variant) for card in cards if card.variant]),
        "axis": ("Axis", [(axis, axis) for card in cards for axis in card.axes]),
    }
    choices = (
        Choice(name, label, tuple(dict.fromkeys(values))) for name, (label, values) in found.items()
    )
    return tuple(choice for choice in choices if len(choice.values) > 1)


def _graph(steps: Sequence[Step], told: Sequence[Told]) -> str:
    """What needs what: by shot, or by shot spec where there are many; "" where nothing does."""
    arrows = arrows_of(steps)
    if not arrows:
        return ""
    joined = {name for arrow in arrows for name in (arrow.start, arrow.end)}
    boxes = [_box(one) for one in told if one.step.shot.id in joined]
    if len(boxes) > _MOST_BOXES:
        boxes, arrows = _by_spec([one for one in told if one.step.shot.id in joined], arrows)
    return drawn(boxes, arrows, title="What needs what")


def _box(one: Told) -> Box:
    shot = one.step.shot
    return Box(shot.id, shot.id, str(one.place), charts.state_class(one.place), anchor(shot.id))


def _by_spec(told: Sequence[Told], arrows: Sequence[Arrow]) -> tuple[list[Box], list[Arrow]]:
    spec = {one.step.shot.id: one.step.shot.spec for one in told}
    groups: defaultdict[str, list[Told]] = defaultdict(list)
    for one in told:
        groups[one.step.shot.spec].append(one)
    boxes = [
        Box(name, name, counted(len(some), "shot"), _kind(some), anchor(some[0].step.shot.id))
        for name, some in groups.items()
    ]
    found = [Arrow(spec[ShotId(a.start)], spec[ShotId(a.end)], a.why) for a in arrows]
    return boxes, list(dict.fromkeys(arrow for arrow in found if arrow.start != arrow.end))


def _kind(told: Sequence[Told]) -> str:
    """The state of them all, or that they stand differently."""
    places = {one.place for one in told}
    return charts.state_class(places.pop()) if len(places) == 1 else "mixed"


def _ours(name: str) -> str:
    """A style or script of ours, which must not end its own element."""
    text = (_HERE / name).read_text(encoding="utf-8")
    if re.search(r"</(script|style)|<!--", text, re.IGNORECASE):
        raise ValueError(f"{name} would end its own element")
    return text


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string((_HERE / "page.html.j2").read_text(encoding="utf-8"))
