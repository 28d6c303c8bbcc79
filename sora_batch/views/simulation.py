"""What a simulator was asked for and did, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping

from sora_batch.shots import Json
from sora_batch.simulator.bill import Bill
from sora_batch.views.facts import as_json
from sora_batch.views.text import counted, dollars, money_text


def listening_text(*, base_url: str, dialect: str, folder: str, manifest: str) -> str:
    """Where it listens, and a manifest that renders there."""
    return (
        f"{dialect} at {base_url}, jobs in {folder}\n\n"
        f"A manifest that renders there:\n\n{manifest}\nCtrl-C ends it."
    )


def bill_text(bill: Bill, requests: Mapping[str, int], faults: Mapping[str, int]) -> str:
    """The bill in a few lines."""
    lines = [
        f"accepted {counted(bill.accepted, 'job')}, rendered {bill.rendered} "
        f"({bill.rendered_seconds} s), served {bill.served}: {dollars(bill.owed_usd)}",
    ]
    if bill.repeated_keys:
        lines.append(f"orders that came more than once: {len(bill.repeated_keys)}")
    if requests:
        lines.append(f"asked: {_counts(requests)}")
    if faults:
        lines.append(f"went wrong: {_counts(faults)}")
    return "\n".join(lines)


def bill_json(
    bill: Bill, requests: Mapping[str, int], faults: Mapping[str, int]
) -> dict[str, Json]:
    """The bill with all its jobs."""
    return {
        "accepted": bill.accepted,
        "rendered": bill.rendered,
        "served": bill.served,
        "rendered_seconds": as_json(bill.rendered_seconds),
        "owed_usd": money_text(bill.owed_usd),
        "repeated_keys": as_json(bill.repeated_keys),
        "requests": as_json(requests),
        "faults": as_json(faults),
        "jobs": [as_json(line) for line in bill.lines],
    }


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {name}" for name, count in sorted(counts.items()))
