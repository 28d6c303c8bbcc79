"""The JSON beside a cut: what it was made of, and by that whether it must be made again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sora_batch.api.cut_orders import CutOrder
from sora_batch.durable import sha256_of
from sora_batch.errors import OutputUnusable
from sora_batch.outputs import write_atomically
from sora_batch.shots import Json


def read_record(path: Path) -> Mapping[str, Json] | None:
    """What is written beside the cut; None where there is nothing that can be read."""
    try:
        record = json.loads(path.with_suffix(".json").read_bytes())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def is_made(path: Path, record: Mapping[str, Json], order: CutOrder) -> bool:
    """Whether the cut there is whole, and would come out the same again."""
    try:
        facts = path.stat()
    except OSError:
        return False
    if record.get("inputs") != order.digest or record.get("bytes") != facts.st_size:
        return False
    if record.get("captions") and not path.with_suffix(".srt").exists():
        return False
    same_time = record.get("mtime_ns") == facts.st_mtime_ns
    return same_time or record.get("sha256") == sha256_of(path)


def write_record(
    path: Path,
    order: CutOrder,
    facts: Mapping[str, Json],
    *,
    made_at: datetime,
    missing: Mapping[str, str],
) -> Mapping[str, Json]:
    """Writes what the cut was made of beside it, the last of its files. Raises OutputUnusable."""
    record: dict[str, Json] = {
        "cut": order.spec["name"],
        "made_at": made_at.isoformat(),
        "inputs": order.digest,
        **facts,
        "captions": path.with_suffix(".srt").exists(),
        "title": order.spec["title"],
        "music": order.spec["music"],
        "loudness": order.spec["loudness"],
        "clips": order.spec["pieces"],
        "left_out": dict(missing),
    }
    try:
        text = json.dumps(record, indent=2, ensure_ascii=False)
        write_atomically(path.with_suffix(".json"), f"{text}\n".encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise OutputUnusable.because(error, path) from error
    return record
