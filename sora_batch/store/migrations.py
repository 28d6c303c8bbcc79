"""Brings a store's schema to the version this program knows, one step a transaction.

`PRAGMA user_version` is the version of a store, and the table `migrations` says which program
took each step, so that an older program can name the one that is needed. Steps are only ever
added: a published one is never edited.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from importlib import metadata, resources

STEPS: tuple[str, ...] = (
    resources.files("sora_batch.store").joinpath("schema.sql").read_text(encoding="utf-8"),
    # Which file a run was of: two of one name write one store.
    "ALTER TABLE runs ADD COLUMN file TEXT NOT NULL DEFAULT '';",
)
"""SQL that leads from version n to n + 1."""

APPLICATION_ID = 0x736F7261
"""Marks an SQLite file as ours ("sora")."""


def version_of(db: sqlite3.Connection) -> int:
    """The schema version of the store; 0 where nothing has been made yet."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def is_ours(db: sqlite3.Connection) -> bool:
    """Whether the file is a store, or still empty."""
    mark = int(db.execute("PRAGMA application_id").fetchone()[0])
    tables = int(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    return mark == APPLICATION_ID or (mark == 0 and tables == 0)


def needed_program(db: sqlite3.Connection) -> str:
    """The program that took the newest step, "" where it cannot be told."""
    with suppress(sqlite3.Error):
        row = db.execute("SELECT program FROM migrations ORDER BY version DESC").fetchone()
        return str(row[0]) if row else ""
    return ""


def upgrade(db: sqlite3.Connection, *, steps: Sequence[str] = STEPS) -> int:
    """Takes the steps that are missing; how many were. A step that fails leaves no trace."""
    start = version_of(db)
    for version, step in enumerate(steps[start:], start + 1):
        try:
            db.executescript(_transaction(step, version))
        except sqlite3.Error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
    return max(0, len(steps) - start)


def _transaction(step: str, version: int) -> str:
    program = metadata.version("sora-batch").replace("'", "")
    return (
        f"BEGIN IMMEDIATE;\n{step}\n"
        "INSERT INTO migrations (version, program, applied_at) VALUES"
        f" ({version}, '{program}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));\n"
        f"PRAGMA application_id = {APPLICATION_ID};\n"
        f"PRAGMA user_version = {version};\nCOMMIT;"
    )
