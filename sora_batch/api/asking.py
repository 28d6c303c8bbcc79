"""Asks a server what became of one job, outside a run; a single "not found" is not believed.

Behind a balancer, or just after an order, a server that has the job may say that it has not. Who
believed that at once would free a price that is owed, and order the clip a second time.
"""

from __future__ import annotations

from datetime import datetime

from sora_batch.clock import Clock
from sora_batch.providers.provider import JobMissing, JobReport, JobUnreachable, Provider
from sora_batch.shots import JobId

_TIMES = 3
_APART_S = 1.0
_SETTLE_S = 30.0


async def ask(provider: Provider, clock: Clock, job: JobId, *, ordered_at: datetime) -> JobReport:
    """What the server says of the job.

    Raises JobMissing when it has not known it three times in a row, or says that it has expired;
    JobUnreachable where there is no answer, or the order is too young for a "not found" to count.
    """
    for left in reversed(range(_TIMES)):
        try:
            return await provider.poll(job)
        except JobMissing as error:
            if error.expired or (not left and _is_settled(clock, ordered_at)):
                raise
        if left:
            await clock.sleep(_APART_S)
    words = f"the server does not know job {job}; that counts {_SETTLE_S:g} s after its order"
    raise JobUnreachable(words)


def _is_settled(clock: Clock, ordered_at: datetime) -> bool:
    return (clock.now() - ordered_at).total_seconds() > _SETTLE_S
