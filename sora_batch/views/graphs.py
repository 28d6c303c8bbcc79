"""A plan as a graph, for Mermaid and for Graphviz: what needs what, and what is done with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sora_batch.planning.plan import Action, Plan, Step
from sora_batch.shots import FrameReference, ShotId
from sora_batch.views.text import dollars, printable

# Light fills with dark text, told apart by colour-blind readers too.
_FILLS: Mapping[Action, str] = {
    Action.MAKE: "#cfe8ff",
    Action.RESUME: "#fff2b3",
    Action.REUSE: "#d9f2d9",
    Action.HOLD: "#ffd9b3",
    Action.BLOCKED: "#f2d0d0",
}
# Mermaid has entity codes for what would end a label or start a tag.
_MERMAID = str.maketrans({'"': "#quot;", "<": "#lt;", ">": "#gt;", "#": "#35;", "`": "#96;"})
_DOT = str.maketrans({'"': '\\"', "\\": "\\\\"})


def graph_mermaid(plan: Plan) -> str:
    """The plan as a Mermaid flowchart, each shot after what it needs."""
    names = {step.shot.id: f"n{place}" for place, step in enumerate(plan.steps)}
    lines = ["flowchart LR"]
    for step in plan.steps:
        label = "<br/>".join(line.translate(_MERMAID) for line in _label(step))
        lines.append(f'  {names[step.shot.id]}["{label}"]:::{step.action}')
    for step in plan.steps:
        for needed, why in edges_of(step, names):
            lines.append(f"  {names[needed]} -->|{why}| {names[step.shot.id]}")
    used = {step.action for step in plan.steps}
    lines += [
        f"  classDef {action} fill:{fill},stroke:#555,color:#111"
        for action, fill in _FILLS.items()
        if action in used
    ]
    return "\n".join(lines)


def graph_dot(plan: Plan) -> str:
    """The plan as a Graphviz digraph, each shot after what it needs."""
    names = {step.shot.id: f"n{place}" for place, step in enumerate(plan.steps)}
    lines = [
        "digraph plan {",
        "  rankdir=LR;",
        '  node [shape=box, style="rounded,filled", fontname="sans-serif"];',
    ]
    for step in plan.steps:
        label = "\\n".join(line.translate(_DOT) for line in _label(step))
        name = names[step.shot.id]
        lines.append(f'  {name} [label="{label}", fillcolor="{_FILLS[step.action]}"];')
    for step in plan.steps:
        for needed, why in edges_of(step, names):
            lines.append(f'  {names[needed]} -> {names[step.shot.id]} [label="{why}"];')
    return "\n".join([*lines, "}"])


def _label(step: Step) -> list[str]:
    price = f" {dollars(step.price_usd)}" if step.action is Action.MAKE else ""
    return [printable(step.shot.id), f"{step.action}{price}"]


def edges_of(step: Step, known: Mapping[ShotId, str]) -> Iterator[tuple[ShotId, str]]:
    """What the step needs among the steps of the plan, each with what it needs it for."""
    shot = step.shot
    for needed in step.needed:
        if needed not in known:
            continue
        if shot.source is not None and shot.source.shot == needed:
            yield needed, shot.source.kind
        elif isinstance(shot.reference, FrameReference) and shot.reference.shot == needed:
            yield needed, "frame"
        else:
            yield needed, "same" if needed == step.same_as else "needs"
