"""A plan as a picture: what needs what, in layers from left to right, as SVG.

By itself it brings its own colours, light and dark; inside a page the page's style decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from sora_batch.planning.plan import Action, Plan, Step
from sora_batch.shots import ShotId
from sora_batch.views.columns import middle
from sora_batch.views.graphs import edges_of
from sora_batch.views.layers import Layout, Point, laid_out
from sora_batch.views.text import cells, counted, dollars, printable

_HEIGHT = 40.0
_MARGIN = 12.0
_CELL = 7.0
_PADDING = 30.0
_MOST_CELLS = 34

_STYLE = """
svg { background: #fcfbf8; font: 12px ui-sans-serif, system-ui, sans-serif }
.box rect { fill: #fff; stroke: #d5d1c7 } .box .name { fill: #1d1c19; font-weight: 600 }
.box .said, .why { fill: #6a665d; font-size: 10.5px } .line { stroke: #aaa497; fill: none }
.head { fill: #aaa497 } .make .dot { fill: #2f6fb5 } .resume .dot { fill: #b98a00 }
.reuse .dot { fill: #3b8a52 } .hold .dot { fill: #c2621b } .blocked .dot { fill: #b5403a }
@media (prefers-color-scheme: dark) {
svg { background: #151513 } .box rect { fill: #1f1e1b; stroke: #403d36 }
.box .name { fill: #ece9e2 } .box .said, .why { fill: #a19b8d } .line { stroke: #6a655a }
.head { fill: #6a655a } }
"""


@dataclass(frozen=True, slots=True)
class Box:
    """One box: what it is called, what is said of it, its kind (a class), where it leads."""

    id: str
    name: str
    said: str
    kind: str
    leads_to: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """From what is needed to what needs it, and for what."""

    start: str
    end: str
    why: str


def graph_svg(plan: Plan) -> str:
    """The plan as an SVG of its own, each shot right of what it needs."""
    boxes = [Box(step.shot.id, step.shot.id, *_said(step)) for step in plan.steps]
    title = f"{plan.manifest.name}: {counted(len(plan.steps), 'shot')}"
    return drawn(boxes, arrows_of(plan.steps), title=title, style=_STYLE)


def arrows_of(steps: Sequence[Step]) -> list[Arrow]:
    """Every need among the steps."""
    known: Mapping[ShotId, str] = {step.shot.id: "" for step in steps}
    return [
        Arrow(needed, step.shot.id, why) for step in steps for needed, why in edges_of(step, known)
    ]


def drawn(boxes: Sequence[Box], arrows: Sequence[Arrow], *, title: str, style: str = "") -> str:
    """The boxes and arrows as SVG; `style` is written into it."""
    longest = max((cells(text) for box in boxes for text in (box.name, box.said)), default=0)
    width = min(longest, _MOST_CELLS) * _CELL + _PADDING
    lines = [(arrow.start, arrow.end) for arrow in arrows]
    layout = laid_out([box.id for box in boxes], lines, box_width=width, box_height=_HEIGHT)
    whole = (round(layout.width + 2 * _MARGIN), round(layout.height + 2 * _MARGIN))
    role = "group" if any(box.leads_to for box in boxes) else "img"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole[0]}" height="{whole[1]}" '
            f'viewBox="0 0 {whole[0]} {whole[1]}" role="{role}" aria-label="{_plain(title)}">',
            f"<style>{style}</style>" if style else "",
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
            'markerHeight="7" orient="auto"><path class="head" d="M0 1 8 4 0 7z"/></marker></defs>',
            f'<g transform="translate({_MARGIN:g} {_MARGIN:g})">',
            *_arrow_lines(arrows, layout),
            *(_box_line(box, layout.boxes[box.id], width) for box in boxes),
            "</g>",
            "</svg>",
        ]
    )


def _said(step: Step) -> tuple[str, Action]:
    price = f" {dollars(step.price_usd)}" if step.action is Action.MAKE else ""
    facts = f"{step.shot.seconds} s, {step.shot.model}"
    return f"{step.action}{price}, {facts}", step.action


def _arrow_lines(arrows: Iterable[Arrow], layout: Layout) -> Iterable[str]:
    for arrow in arrows:
        points = layout.lines.get((arrow.start, arrow.end))
        if points is None:
            continue
        yield f'<path class="line" d="{_curve(points)}" marker-end="url(#head)"/>'
        if arrow.why != "needs":
            (_, before), (x, y) = points[-2], points[-1]
            # Beside the arrow's head, on the side that the line does not come from.
            aside = y + 12 if before < y else y - 5
            yield (
                f'<text class="why" x="{x - 10:.1f}" y="{aside:.1f}" text-anchor="end">'
                f"{_plain(arrow.why)}</text>"
            )


def _curve(points: Sequence[Point]) -> str:
    """A line that leaves and arrives level, and runs straight through the layers it passes."""
    said = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for number, ((x, y), (nx, ny)) in enumerate(pairwise(points)):
        half = (nx - x) / 2
        if number % 2 == 0:
            said += f"C{x + half:.1f} {y:.1f} {nx - half:.1f} {ny:.1f} {nx:.1f} {ny:.1f}"
        else:
            said += f"L{nx:.1f} {ny:.1f}"
    return said


def _box_line(box: Box, place: Point, width: float) -> str:
    x, y = place
    name, said = middle(box.name, _MOST_CELLS), middle(box.said, _MOST_CELLS + 4)
    inner = (
        f"<title>{_plain(box.name)}</title>"
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:g}" height="{_HEIGHT:g}" rx="6"/>'
        f'<circle class="dot" cx="{x + 12:.1f}" cy="{y + 14:.1f}" r="3.5"/>'
        f'<text class="name" x="{x + 22:.1f}" y="{y + 18:.1f}">{_plain(name)}</text>'
        f'<text class="said" x="{x + 22:.1f}" y="{y + 32:.1f}">{_plain(said)}</text>'
    )
    if box.leads_to:
        inner = f'<a href="{_plain(box.leads_to)}">{inner}</a>'
    return f'<g class="box {_plain(box.kind)}">{inner}</g>'


def _plain(text: str) -> str:
    """Text that cannot be anything else; also what XML has no place for is gone."""
    return escape(printable(text), quote=True)
