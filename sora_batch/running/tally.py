"""How the shots of a run ended: counted, and told to everybody who watches."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from sora_batch.events import RunNotice, ShotBlocked, ShotDone, ShotFailed, ShotHeld
from sora_batch.records import Attempt, Clip, Failure
from sora_batch.running.tools import Tools
from sora_batch.shots import ShotId


class Tally:
    """Counts by word, failures by shot."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self.counts: Counter[str] = Counter()
        self.failures: dict[ShotId, Failure] = {}

    def done(self, shot: ShotId, clip: Clip, *, reused: bool = False) -> None:
        """The clip is on disk and in the store."""
        self.counts["reused" if reused else "done"] += 1
        path = str(self._tools.outputs.clip_path(shot))
        self._tools.tell(ShotDone(shot, clip, path, reused=reused))

    def failed(
        self, shot: ShotId, number: int, failure: Failure, spent_usd: Decimal | None
    ) -> None:
        """No further attempt will be made."""
        self.counts["failed"] += 1
        self.failures[shot] = failure
        self._tools.tell(ShotFailed(shot, number, failure, spent_usd))

    def held(self, shot: ShotId, attempt: Attempt | None, note: str) -> None:
        """A person has to look."""
        self.counts["held"] += 1
        number = attempt.number if attempt is not None else 0
        price = attempt.price_usd if attempt is not None else None
        self._tools.tell(ShotHeld(shot, number, note, price))

    def blocked(self, shot: ShotId, reason: str) -> None:
        """Something it needs will not be there."""
        self.counts["blocked"] += 1
        self._tools.tell(ShotBlocked(shot, reason))

    def left(self, shot: ShotId, note: str = "") -> None:
        """Still the server's; the next run goes on with it. `note` says what kept it there."""
        self.counts["in_flight"] += 1
        if note:
            self._tools.tell(RunNotice(f"{shot}: {note}; the next run fetches it"))
