"""What the process of a detached run does; `api.detach` starts it.

Nothing of this program is imported before it has left whoever started it.
"""

from __future__ import annotations

import os
from pathlib import Path


def carry_on(saved: Path, pipe: int, *, keep_going: bool, as_json: bool) -> int:
    """Runs the saved plan, into its log; the exit code.

    Whoever started it hears through the pipe that the run begins, or why it cannot.
    """
    # The process that was started ends at once, so that nobody has to wait for its end; the one
    # that goes on leads no session and can get no terminal. There are no threads yet.
    if os.fork():
        os._exit(0)

    from sora_batch.api.detaching import Starter
    from sora_batch.commands.execution import carry_out, watcher_for_log
    from sora_batch.errors import SoraBatchError

    starter = Starter(saved, pipe)
    try:
        plan = starter.plan()
        watcher = watcher_for_log(plan, as_json=as_json)
        return carry_out(
            plan,
            watcher,
            accept_price=plan.estimate_usd,
            keep_going=keep_going,
            as_json=as_json,
            starter=starter,
        )
    except SoraBatchError as error:
        starter.refuse(error)
        raise
