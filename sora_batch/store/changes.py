"""Every change of a store: the rule it must keep, and its SQL. Runs in the writer thread.

An attempt is one order. So its job id, once given, stays; a final state stays; and it is never
submitted again: another order is another attempt, and the schema allows one open attempt of a
shot with the same inputs. The schema holds all this too; here it gets words.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sora_batch.errors import BudgetExceeded, ChangeRefused, StoreBusy
from sora_batch.records import (
    Attempt,
    AttemptState,
    Clip,
    Ledger,
    Money,
    RunId,
    RunRow,
)
from sora_batch.shots import ShotId
from sora_batch.store.ledger import moved
from sora_batch.store.rows import (
    ATTEMPT_COLUMNS,
    CLIP_COLUMNS,
    DERIVED_COLUMNS,
    RUN_COLUMNS,
    attempt_from,
    attempt_row,
    clip_row,
    run_row,
    time_text,
)

_S = AttemptState
_ENDINGS = {_S.FAILED, _S.CANCELLED}

FOLLOWERS: dict[AttemptState, set[AttemptState]] = {
    _S.SUBMITTING: {_S.SUBMITTED, _S.RENDERED, _S.HELD, *_ENDINGS},
    _S.SUBMITTED: {_S.RENDERED, _S.HELD, _S.DONE, *_ENDINGS},
    _S.RENDERED: {_S.HELD, _S.DONE, *_ENDINGS},
    _S.HELD: {_S.SUBMITTED, _S.RENDERED, _S.DONE, *_ENDINGS},
    _S.DONE: set(),
    _S.FAILED: set(),
    _S.CANCELLED: set(),
}
"""What an attempt may become. It may always be written again in the state it has."""

_UPSERT = (
    f"INSERT INTO attempts ({', '.join(ATTEMPT_COLUMNS + DERIVED_COLUMNS)})"  # noqa: S608
    f" VALUES ({', '.join('?' * len(ATTEMPT_COLUMNS + DERIVED_COLUMNS))})"
    " ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(
        f"{name} = max(forgiven, excluded.forgiven)"
        if name == "forgiven"
        else f"{name} = excluded.{name}"
        for name in (ATTEMPT_COLUMNS + DERIVED_COLUMNS)[1:]
    )
)
_BY_ID = f"SELECT {', '.join(ATTEMPT_COLUMNS)} FROM attempts WHERE id = ?"  # noqa: S608
_INSERT_CLIP = (
    f"INSERT INTO clips ({', '.join(CLIP_COLUMNS)})"  # noqa: S608
    f" VALUES ({', '.join('?' * len(CLIP_COLUMNS))})"
)
_INSERT_RUN = (
    f"INSERT INTO runs ({', '.join(RUN_COLUMNS)})"  # noqa: S608
    f" VALUES ({', '.join('?' * len(RUN_COLUMNS))})"
)


@dataclass(slots=True)
class Page:
    """What a change writes on: the database in a transaction, and the sums as they then are.

    `is_alone` is whether nobody else has written since it was opened.
    """

    db: sqlite3.Connection
    ledger: Ledger
    is_alone: bool = True


def changes_of(db: sqlite3.Connection) -> int:
    """How often the store was changed, by whomever."""
    return int(db.execute("SELECT changes FROM store").fetchone()[0])


def begin_run(page: Page, run: RunRow) -> None:
    """A new run."""
    page.db.execute(_INSERT_RUN, run_row(run))


def end_run(page: Page, run_id: RunId, ended_at: datetime, outcome: str) -> None:
    """The end of a run that began. Raises ChangeRefused for one that did not."""
    done = page.db.execute(
        "UPDATE runs SET ended_at = ?, outcome = ? WHERE id = ?",
        (time_text(ended_at), outcome, run_id),
    )
    if done.rowcount != 1:
        raise ChangeRefused(f"there is no run {run_id} that could end")


def put_attempt(page: Page, attempt: Attempt, budget: Decimal | None) -> None:
    """The attempt as it now stands. Raises ChangeRefused, BudgetExceeded, StoreBusy."""
    if attempt.state is AttemptState.SUBMITTING and not page.is_alone:
        raise StoreBusy(
            "another program has written this store since it was opened; nothing more is ordered",
            fix="let one machine at a time run it: this folder's locks do not reach the other one",
        )
    row = page.db.execute(_BY_ID, (attempt.id,)).fetchone()
    old = None if row is None else attempt_from(row)
    if old is None:
        _check_budget(page.ledger, attempt, budget)
    else:
        check_change(old, attempt)
    page.db.execute(_UPSERT, attempt_row(attempt))
    page.ledger = moved(page.ledger, old, attempt)


def put_clip(page: Page, attempt: Attempt | None, clip: Clip) -> None:
    """The clip as the newest of its shot, with the attempt that made it. Raises ChangeRefused."""
    if attempt is not None:
        if attempt.state is not AttemptState.DONE:
            raise ChangeRefused(f"a clip of {attempt.shot_id} is kept, but its attempt is not done")
        if attempt.fingerprint != clip.fingerprint or attempt.shot_id != clip.shot_id:
            raise ChangeRefused(f"the clip is not the one that {attempt.shot_id} ordered")
        put_attempt(page, attempt, None)
    page.db.execute(
        "DELETE FROM clips WHERE fingerprint = ? AND shot_id = ?", (clip.fingerprint, clip.shot_id)
    )
    page.db.execute(_INSERT_CLIP, clip_row(clip))


def put_pin(page: Page, url: str, sha256: str) -> None:
    """The digest of what the URL showed last."""
    page.db.execute("INSERT OR REPLACE INTO pins (url, sha256) VALUES (?, ?)", (url, sha256))


def forgive(page: Page, shot_ids: Iterable[ShotId], at: datetime) -> int:
    """Marks the failures of these shots; how many shots had one."""
    moment = time_text(at)
    changed = 0
    for shot_id in dict.fromkeys(shot_ids):
        done = page.db.execute(
            "UPDATE attempts SET forgiven = 1, forgiven_at = ?"
            " WHERE shot_id = ? AND state = 'failed' AND forgiven = 0",
            (moment, shot_id),
        )
        changed += done.rowcount > 0
    return changed


def check_change(old: Attempt, new: Attempt) -> None:
    """Raises ChangeRefused where an attempt may not become what it is said to be now."""
    who = f"attempt {old.number} of {old.shot_id} ({old.id})"
    if (old.shot_id, old.fingerprint) != (new.shot_id, new.fingerprint):
        raise ChangeRefused(f"{who} belongs to {old.fingerprint} and cannot be moved")
    if new.state is not old.state and new.state not in FOLLOWERS[old.state]:
        raise ChangeRefused(f"{who} is {old.state} and cannot become {new.state}")
    if old.job_id is not None and new.job_id != old.job_id:
        raise ChangeRefused(f"{who} is job {old.job_id} and cannot become job {new.job_id}")
    if old.state.final:
        _check_settlement(old, new, who)


def _check_settlement(old: Attempt, new: Attempt, who: str) -> None:
    """A final attempt may still be told apart: its note, and what an uncertain price came to."""
    same = replace(
        new, note=old.note, forgiven=old.forgiven, money=old.money, spent_usd=old.spent_usd
    )
    settled = (old.money, old.spent_usd) == (new.money, new.spent_usd)
    if same != old or not (settled or old.money is Money.UNCERTAIN):
        raise ChangeRefused(f"{who} is {old.state}, which is final, and cannot be changed")


def _check_budget(ledger: Ledger, attempt: Attempt, budget: Decimal | None) -> None:
    if budget is None or attempt.price_usd is None:
        return
    needed = ledger.committed + attempt.price_usd
    if needed > budget:
        raise BudgetExceeded(
            f"{attempt.shot_id} for ${attempt.price_usd} would bring the total to ${needed},"
            f" over the budget of ${budget}",
            fix="raise `budget`, or make fewer or cheaper shots",
        )
