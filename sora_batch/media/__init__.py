"""Pictures and clips: fit a reference, check a clip, take a thumbnail or a strip, assemble a cut;
fetch a picture.

All but the last are operations: an engine runs them by name, here or on another machine.
"""

from __future__ import annotations

from collections.abc import Mapping

from sora_batch.media.operation import Operation, OperationFailed, OperationTable

OPERATIONS: Mapping[str, Operation] = OperationTable(
    {
        "verify": "sora_batch.media.clips:verify",
        "thumbnail": "sora_batch.media.thumbnails:thumbnail",
        "strip": "sora_batch.media.strips:strip",
        "frame": "sora_batch.media.frames:frame",
        "fit": "sora_batch.media.fitting:fit",
        "contact-sheet": "sora_batch.media.contact_sheet:contact_sheet",
        "cut": "sora_batch.media.cutting.assemble:assemble",
    }
)

__all__ = ["OPERATIONS", "Operation", "OperationFailed"]
