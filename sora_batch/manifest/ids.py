"""Checks the ids of all shots: short enough for a file's name, and each there once."""

from __future__ import annotations

from collections.abc import Sequence

from sora_batch.manifest.families import Cell, Family
from sora_batch.manifest.findings import Findings
from sora_batch.manifest.slugs import MAX_ID_BYTES, folded


def check_lengths(family: Family, findings: Findings) -> None:
    """Reports ids that are too long for a file's name."""
    for cell in family.cells:
        if len(cell.id) * 4 > MAX_ID_BYTES and len(cell.id.encode()) > MAX_ID_BYTES:
            message = f"this shot id has more than the {MAX_ID_BYTES} bytes a file name can hold"
            fix = "use a shorter key, shorter names, or fewer axes"
            findings.befall(cell.id, message, family.where, "shot-id", fix)


def without_equal_ids(families: Sequence[Family], findings: Findings) -> list[Family]:
    """The families without the shots whose id another has already; those are reported."""
    known: dict[str, Cell] = {}
    for family in families:
        equal = set()
        for cell in family.cells:
            other = known.setdefault(folded(cell.id), cell)
            if other is not cell:
                equal.add(cell)
                also = (other.family.where, cell.row_where)
                message = f"`{family.name}` and `{other.family.name}` come to the same shot id"
                fix = "rename one of them"
                findings.befall(cell.id, message, family.where, "same-id", fix, also=also)
        if equal:
            family.cells = [cell for cell in family.cells if cell not in equal]
    return [family for family in families if family.cells]
