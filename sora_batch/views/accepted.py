"""What `accept` has kept, and the shots that go on from it and would still be made again."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sora_batch.planning.plan import Step
from sora_batch.records import Clip
from sora_batch.shots import Json
from sora_batch.views.text import counted, dollars, money_text, wrapped

_MOST_NAMED = 5


def accepted_text(clips: Sequence[Clip], again: Sequence[Step], *, command: str, width: int) -> str:
    """A line for each clip; then the shots that are left, and `command`, which accepts them too."""
    lines = [f"{clip.shot_id}: its clip is kept as it is; nothing was spent" for clip in clips]
    if not again:
        return "\n".join(lines)
    lines.append("")
    for step in again[:_MOST_NAMED]:
        words = f"{step.shot.id}: would still be made again{_price([step])}: {step.reason}"
        first, *rest = wrapped(words, width - 2)
        lines += [first, *(f"  {line}" for line in rest)]
    if more := again[_MOST_NAMED:]:
        lines.append(f"and {counted(len(more), 'shot')} more{_price(more)}")
    # In one line, so that it can be copied.
    return "\n".join(
        [*lines, "what is there of them can be kept too, for nothing:", f"  {command}"]
    )


def accepted_json(clips: Sequence[Clip], again: Sequence[Step]) -> dict[str, Json]:
    """`accepted`: `shot`, `fingerprint`, `sha256`; `made_again`: `shot`, `price_usd`, `reason`."""
    return {
        "accepted": [
            {"shot": clip.shot_id, "fingerprint": clip.fingerprint, "sha256": clip.sha256}
            for clip in clips
        ],
        "made_again": [
            {
                "shot": step.shot.id,
                "price_usd": money_text(step.price_usd),
                "reason": step.reason,
            }
            for step in again
        ],
    }


def _price(steps: Sequence[Step]) -> str:
    """` for $0.40`; empty where it is free or a price is not known."""
    prices = [step.price_usd for step in steps if step.price_usd is not None]
    total = sum(prices, Decimal(0))
    return f" for {dollars(total)}" if total and len(prices) == len(steps) else ""
