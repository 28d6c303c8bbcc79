from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sora_batch.clock import SystemClock
from sora_batch.errors import OutputUnusable, StoreBroken
from sora_batch.records import Ledger
from sora_batch.store import changes, open_store, read_store
from sora_batch.store.database import open_for_reading, open_for_writing
from sora_batch.store.journal import Journal
from sora_batch.store.migrations import STEPS, upgrade, version_of
from tests.store.making import make_attempt, make_run, opened, submitted, whole

CLOCK = SystemClock()
NEWER = (*STEPS, "CREATE TABLE votes (shot_id TEXT);", "ALTER TABLE votes ADD COLUMN by TEXT;")


def fill(folder: Path, count: int = 50) -> None:
    async def scenario() -> None:
        async with opened(folder) as store:
            await asyncio.gather(*(store.record(make_attempt(f"a{n}")) for n in range(count)))

    asyncio.run(scenario())


def test_a_new_store_has_a_number_a_mark_and_the_program_that_made_it(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    db = sqlite3.connect(tmp_path / "state.db")
    assert version_of(db) == len(STEPS)
    assert db.execute("PRAGMA application_id").fetchone() == (0x736F7261,)
    taken = db.execute("SELECT version, program FROM migrations ORDER BY version").fetchall()
    assert [version for version, _ in taken] == list(range(1, len(STEPS) + 1))
    assert all(program for _, program in taken)
    db.close()


def test_an_older_store_is_upgraded_once_and_keeps_its_rows(tmp_path: Path) -> None:
    fill(tmp_path)
    path = tmp_path / "state.db"
    for _ in range(2):
        db = open_for_writing(path, steps=NEWER)
        assert version_of(db) == len(NEWER)
        assert db.execute("SELECT count(*) FROM attempts").fetchone() == (50,)
        assert db.execute("SELECT by FROM votes").fetchall() == []
        db.close()


def test_an_older_store_is_read_without_being_changed(tmp_path: Path) -> None:
    fill(tmp_path)
    path = tmp_path / "state.db"
    before = path.read_bytes()
    db = open_for_reading(path, steps=NEWER)
    assert db is not None
    assert db.execute("SELECT count(*) FROM attempts, votes").fetchone() == (0,)
    db.close()
    assert path.read_bytes() == before


def test_a_ledger_that_cannot_be_summed_leaves_nothing_open(
    tmp_path: Path, connections: list[Watched]
) -> None:
    fill(tmp_path)
    db = sqlite3.connect(tmp_path / "state.db")
    db.execute("UPDATE attempts SET price_usd = 'x'")
    db.commit()
    db.close()
    with pytest.raises(StoreBroken, match="damaged"):
        open_store(tmp_path, clock=CLOCK)
    assert len(connections) > 3
    assert not any(one.is_open for one in connections)


def test_a_step_that_fails_on_a_copy_leaves_nothing_open(
    tmp_path: Path, connections: list[Watched]
) -> None:
    fill(tmp_path)
    with pytest.raises(StoreBroken):
        open_for_reading(tmp_path / "state.db", steps=(*STEPS, "CREATE TABLE x (a; "))
    assert len(connections) > 2
    assert not any(db.is_open for db in connections)


def test_a_step_that_fails_leaves_the_version_before_it() -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        upgrade(db, steps=(*STEPS, "CREATE TABLE votes (a); CREATE TABLE votes (b);"))
    assert version_of(db) == len(STEPS)
    assert db.execute("SELECT * FROM sqlite_master WHERE name = 'votes'").fetchall() == []
    assert upgrade(db, steps=NEWER) == 2
    assert upgrade(db, steps=NEWER) == 0
    db.close()


def test_a_newer_store_says_which_program_is_needed_and_is_not_touched(tmp_path: Path) -> None:
    db = open_for_writing(tmp_path / "state.db", steps=NEWER)
    db.execute("UPDATE migrations SET program = '7.1.0' WHERE version = ?", (len(NEWER),))
    db.close()
    before = (tmp_path / "state.db").read_bytes()
    for opening in (read_store, lambda folder: open_store(folder, clock=CLOCK)):
        with pytest.raises(
            StoreBroken, match=rf"version {len(NEWER)}.* up to {len(STEPS)}"
        ) as caught:
            opening(tmp_path)
        assert "sora-batch 7.1.0 or newer" in caught.value.fix
        assert caught.value.exit_code == 3
    assert (tmp_path / "state.db").read_bytes() == before


def test_a_store_of_the_first_version_learns_to_name_the_file_of_a_run(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    db = open_for_writing(path, steps=STEPS[:1])
    db.execute(
        "INSERT INTO runs (id, manifest, manifest_sha256, prices_date, started_at)"
        " VALUES ('r1', 'harbour', '', '', '2026-11-01T00:00:00.000000+00:00')"
    )
    db.close()
    before = path.read_bytes()
    assert files_of_runs(tmp_path) == ["", ""]
    assert path.read_bytes() == before

    async def scenario() -> None:
        async with opened(tmp_path) as store:
            await store.begin_run(make_run("r2", file="../../harbour.yaml"))

    asyncio.run(scenario())
    assert files_of_runs(tmp_path) == ["", "../../harbour.yaml", "../../harbour.yaml"]
    with pytest.raises(StoreBroken, match="store version 2; this program knows versions up to 1"):
        open_for_writing(path, steps=STEPS[:1])


def files_of_runs(folder: Path) -> list[str]:
    """Of every run, then what a plan is told of the newest."""
    reader = read_store(folder)
    assert reader is not None
    try:
        return [run.file for run in reader.runs()] + [reader.history(intact=whole).last_file]
    finally:
        reader.close()


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "state.db")
    db.execute("CREATE TABLE bookmarks (url)")
    db.commit()
    db.close()
    for opening in (read_store, lambda folder: open_store(folder, clock=CLOCK)):
        with pytest.raises(StoreBroken, match="another program's"):
            opening(tmp_path)


@pytest.mark.parametrize("data", [b"overwritten", b"SQLite format 3\0" + b"\0" * 5000, b"\0"])
def test_what_is_no_store_is_named_and_kept(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(data)
    for opening in (read_store, lambda folder: open_store(folder, clock=CLOCK)):
        with pytest.raises(StoreBroken, match=r"state\.db is damaged") as caught:
            opening(tmp_path)
        assert ".recover" in caught.value.fix
        assert "untouched" in caught.value.fix
    assert path.read_bytes() == data


def test_a_folder_where_the_store_should_be(tmp_path: Path) -> None:
    (tmp_path / "state.db").mkdir()
    (tmp_path / "state.db" / "x").touch()
    for opening in (read_store, lambda folder: open_store(folder, clock=CLOCK)):
        with pytest.raises(StoreBroken, match="is a folder"):
            opening(tmp_path)


def test_a_start_that_was_killed_before_the_first_step_is_no_store_yet(tmp_path: Path) -> None:
    assert read_store(tmp_path) is None
    (tmp_path / "state.db").touch()
    assert read_store(tmp_path) is None
    db = sqlite3.connect(tmp_path / "state.db")
    db.execute("PRAGMA journal_mode = WAL")
    db.close()
    assert read_store(tmp_path) is None
    fill(tmp_path)
    reader = read_store(tmp_path)
    assert reader is not None
    reader.close()


class Watched(sqlite3.Connection):
    """A connection that says whether it was closed; `all` are those of one test."""

    all: ClassVar[list[Watched]] = []

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.is_open = True
        Watched.all.append(self)

    def close(self) -> None:
        super().close()
        self.is_open = False


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Watched]:
    """All connections to databases that the test has made."""
    monkeypatch.setattr(Watched, "all", [])
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Watched))
    return Watched.all


def test_overwritten_bytes_are_said_and_never_a_traceback(
    tmp_path: Path, connections: list[Watched]
) -> None:
    """Wherever the bytes fall: the store opens and reads, or says that it is damaged, and closes
    what it has opened."""
    fill(tmp_path / "whole")
    original = (tmp_path / "whole" / "state.db").read_bytes()
    chance = random.Random(7)
    said = 0
    for trial in range(60):
        folder = tmp_path / str(trial)
        folder.mkdir()
        start = chance.randrange(len(original))
        junk = chance.randbytes(chance.choice([1, 64, 4096]))
        damaged = (original[:start] + junk + original[start + len(junk) :])[: len(original)]
        if trial % 10 == 0:
            damaged = damaged[:start]
        (folder / "state.db").write_bytes(damaged)
        said += speaks_of_damage(folder) | writes_or_speaks(folder)
        assert not any(db.is_open for db in connections), trial
    assert said > 20


def speaks_of_damage(folder: Path) -> bool:
    try:
        reader = read_store(folder)
        if reader is not None:
            try:
                reader.history(intact=whole)
                reader.attempts()
            finally:
                reader.close()
    except StoreBroken as error:
        assert str(folder / "state.db") in str(error)
        return True
    return False


def writes_or_speaks(folder: Path) -> bool:
    async def scenario() -> None:
        async with opened(folder) as store:
            store.history(intact=whole)
            await store.record(submitted(make_attempt("new")))

    try:
        asyncio.run(scenario())
    except StoreBroken as error:
        assert str(folder / "state.db") in str(error)
        return True
    return False


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """The folder and what is in it may be read and not written, also if root runs the tests."""
    for path in (folder, *folder.iterdir()):
        path.chmod(path.stat().st_mode & ~0o222)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        for path in (folder, *folder.iterdir()):
            path.chmod(path.stat().st_mode | stat.S_IWUSR)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach."""
    folder = Path(tempfile.mkdtemp(prefix="sora-batch-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_store_is_read_in_a_folder_nobody_may_write(open_folder: Path) -> None:
    fill(open_folder)
    with unwritable(open_folder):
        reader = read_store(open_folder)
        assert reader is not None
        assert len(reader.attempts()) == 50
        assert reader.holder() is None
        reader.close()
        with pytest.raises(OutputUnusable, match="permission denied"):
            open_store(open_folder, clock=CLOCK)


@pytest.mark.parametrize("left", ["state.db*", "state.db-wal"])
def test_what_a_kill_left_is_read_in_a_folder_nobody_may_write(
    open_folder: Path, tmp_path: Path, left: str
) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            for n in range(3):
                await store.record(make_attempt(f"a{n}"))
            for path in [tmp_path / "state.db", *tmp_path.glob(left)]:
                shutil.copyfile(path, open_folder / path.name)

    asyncio.run(scenario())
    with unwritable(open_folder):
        reader = read_store(open_folder)
        assert reader is not None
        assert [a.id for a in reader.attempts()] == ["a0", "a1", "a2"]
        reader.close()


def test_a_run_is_watched_from_an_account_that_may_only_read(open_folder: Path) -> None:
    async def scenario() -> None:
        async with opened(open_folder) as store:
            await store.record(make_attempt("a1"))
            with unwritable(open_folder):
                reader = read_store(open_folder)
                assert reader is not None
                assert len(reader.attempts()) == 1
                assert f"process {os.getpid()} on" in str(reader.holder())
            await store.record(make_attempt("a2"))
            assert len(reader.attempts()) == 2
            reader.close()

    asyncio.run(scenario())


def test_a_file_nobody_may_read_is_said(open_folder: Path) -> None:
    fill(open_folder, 1)
    (open_folder / "state.db").chmod(0o200)
    with unwritable(open_folder), pytest.raises(StoreBroken, match="cannot be read: Permission"):
        read_store(open_folder)


def test_an_output_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    for folder in (tmp_path / "out", tmp_path / "out" / "inner"):
        with pytest.raises(OutputUnusable, match="a file stands where a folder is needed"):
            open_store(folder, clock=CLOCK)
        assert read_store(folder) is None


@pytest.fixture
def on_nfs(tmp_path: Path) -> Path:
    """A list of mounts by which everything is on a network file system."""
    mounts = tmp_path / "mounts"
    mounts.write_text("fs:/export / nfs4 rw 0 0\n")
    return mounts


def test_on_a_network_file_system_there_is_no_shared_memory_and_readers_still_work(
    tmp_path: Path, on_nfs: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "state.db"
    journal = Journal(open_for_writing(path, mounts=on_nfs), path, Ledger())

    async def scenario() -> None:
        reader = read_store(folder)
        assert reader is not None
        for n in range(5):
            change = partial(changes.put_attempt, attempt=make_attempt(f"a{n}"), budget=None)
            await journal.make(change)
            assert len(reader.attempts()) == n + 1
            assert {p.name for p in folder.iterdir()} == {"state.db"}
        reader.close()

    try:
        asyncio.run(scenario())
    finally:
        journal.close()


def test_half_a_commit_left_on_a_network_file_system_is_read_as_none(
    tmp_path: Path, on_nfs: Path, open_folder: Path
) -> None:
    fill(tmp_path, 3)
    db = open_for_writing(tmp_path / "state.db", mounts=on_nfs)
    db.execute("PRAGMA cache_size = 1")
    db.execute("BEGIN")
    db.execute("UPDATE attempts SET note = hex(randomblob(20000))")
    for path in tmp_path.glob("state.db*"):
        shutil.copyfile(path, open_folder / path.name)
    assert {path.name for path in open_folder.iterdir()} == {"state.db", "state.db-journal"}
    db.execute("ROLLBACK")
    db.close()
    with unwritable(open_folder):
        reader = read_store(open_folder)
        assert reader is not None
        assert [a.note for a in reader.attempts()] == ["", "", ""]
        reader.close()
