from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sora_batch.clock import SystemClock
from sora_batch.errors import StoreBusy
from sora_batch.store import open_store, read_store
from sora_batch.store.filesystem import on_network
from sora_batch.store.lock import holder
from tests.store.making import make_attempt, opened

CLOCK = SystemClock()
ROOT = Path(__file__).parents[2]


def test_a_second_run_is_told_who_has_the_store(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path):
            with pytest.raises(StoreBusy) as caught:
                open_store(tmp_path, clock=CLOCK)
            words = str(caught.value)
            assert f"process {os.getpid()} on {socket.gethostname()} since 20" in words
            assert str(holder(tmp_path)) in words
            assert f"`kill {os.getpid()}`" in words
        async with opened(tmp_path) as store:
            await store.record(make_attempt())
        assert holder(tmp_path) is None
        assert not (tmp_path / "state.holder").exists()

    asyncio.run(scenario())


def test_asking_who_runs_neither_takes_nor_makes_the_lock(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_the_lock_dies_with_its_process_and_a_note_left_behind_is_not_believed(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "tests.store.writing", str(tmp_path), "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.readline()
        reader = read_store(tmp_path)
        assert reader is not None
        assert f"process {process.pid} on" in str(reader.holder())
        with pytest.raises(StoreBusy, match=f"process {process.pid} on"):
            open_store(tmp_path, clock=CLOCK)
        process.send_signal(signal.SIGKILL)
        process.stdout.readlines()
    assert json.loads((tmp_path / "state.holder").read_text())["pid"] == process.pid
    assert reader.holder() is None
    reader.close()

    async def scenario() -> None:
        async with opened(tmp_path):
            assert f"process {os.getpid()} on" in str(holder(tmp_path))

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"pid": 1}',
        b'{"pid": 1, "host": "box", "since": "soon"}',
        b'{"pid": -1, "host": "box", "since": "2026-11-23T12:00:00+00:00"}',
    ],
)
def test_a_note_that_cannot_be_read_only_costs_the_words(tmp_path: Path, note: bytes) -> None:
    async def scenario() -> None:
        async with opened(tmp_path):
            (tmp_path / "state.holder").write_bytes(note)
            assert str(holder(tmp_path)) == "another process"
            with pytest.raises(StoreBusy, match="finished or stop it; `sora-batch status` works"):
                open_store(tmp_path, clock=CLOCK)

    asyncio.run(scenario())


def test_a_store_that_cannot_be_opened_leaves_no_lock(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"overwritten")
    for _ in range(2):
        with pytest.raises(Exception, match="damaged"):
            open_store(tmp_path, clock=CLOCK)
    assert holder(tmp_path) is None


MOUNTS = r"""
proc /proc proc rw 0 0
/dev/vda / ext4 rw 0 0
fs:/export /mnt/shared nfs4 rw 0 0
//box/share /mnt/my\040share cifs rw 0 0
tmpfs /mnt/shared/scratch tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/ann/out/state.db", False),
        ("/mnt/shared/out/state.db", True),
        ("/mnt/shared/scratch/state.db", False),
        ("/mnt/my share/state.db", True),
    ],
)
def test_a_network_file_system_is_known_by_its_mount(
    tmp_path: Path, path: str, expected: bool
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert on_network(Path(path), mounts=mounts) is expected
    assert on_network(Path(path), mounts=tmp_path / "missing") is False
