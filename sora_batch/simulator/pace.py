"""How often orders may come: so many in any minute."""

from __future__ import annotations

from collections import deque

from sora_batch.clock import Clock

_WINDOW_S = 60.0


class Pace:
    """Counts orders over a sliding minute."""

    def __init__(self, per_minute: int | None, clock: Clock) -> None:
        self._most = per_minute
        self._clock = clock
        self._times: deque[float] = deque()

    def wait_s(self) -> float:
        """0 and counts one, where one more may come now; else seconds until it may."""
        if self._most is None:
            return 0.0
        now = self._clock.monotonic()
        while self._times and self._times[0] <= now - _WINDOW_S:
            self._times.popleft()
        if len(self._times) >= self._most:
            return self._times[0] + _WINDOW_S - now
        self._times.append(now)
        return 0.0
