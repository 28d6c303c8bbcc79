"""Real processes killed in the middle of commits; and logs cut off where a power cut would."""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sora_batch.records import AttemptState
from sora_batch.store import read_store
from tests.store.making import make_attempt, opened, submitted, whole
from tests.store.test_ledger import of

ROOT = Path(__file__).parents[2]
ORDER = ["submitting", "submitted", "rendered", "done"]


def kill_after(folder: Path, generation: int, lines: int) -> list[tuple[str, str]]:
    """What a writing process had been told was safe when it was killed."""
    command = [sys.executable, "-m", "tests.store.writing", str(folder), str(generation)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        said += process.stdout.readlines()
        assert process.wait() == -signal.SIGKILL
    words = [line.decode().split() for line in said if line.endswith(b"\n")]
    return [(word[0], word[1]) for word in words if word[0] != "begun"]


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    chance = random.Random(20261123)
    told: dict[str, str] = {}
    for generation, lines in enumerate([1, 2, *(chance.randrange(10, 300) for _ in range(4))]):
        told |= dict(kill_after(tmp_path, generation, lines))
        reader = read_store(tmp_path)
        if reader is None:
            assert not told
            continue
        assert reader.holder() is None
        attempts = {a.id: a for a in reader.attempts()}
        clips = {c.attempt_id for c in reader.clips()}
        assert reader.ledger() == of(list(attempts.values()))
        reader.close()
        for name, state in told.items():
            found = attempts[name]  # type: ignore[index]
            assert ORDER.index(found.state) >= ORDER.index(state)
        assert clips == {a.id for a in attempts.values() if a.state is AttemptState.DONE}
    assert len(told) > 60

    async def go_on() -> None:
        async with opened(tmp_path) as store:
            history = store.history(intact=whole)
            assert {a.id for a in history.open} >= {n for n, s in told.items() if s != "done"} - {
                clip.attempt_id for clip in history.clips.values()
            }
            await store.record(make_attempt("after"))
            assert store.attempts()[-1].id == "after"

    asyncio.run(go_on())


@settings(max_examples=15, deadline=None)
@given(st.floats(0, 1), st.binary(max_size=4))
def test_a_log_cut_off_anywhere_leaves_a_store_with_the_first_changes(
    cut: float, rubbish: bytes
) -> None:
    async def write(folder: Path, copy: Path) -> None:
        async with opened(folder) as store:
            for n in range(4):
                await store.record(make_attempt(f"a{n}"))
                await store.record(submitted(make_attempt(f"a{n}")))
            shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.lock", "*-shm"))

    async def go_on(folder: Path) -> None:
        async with opened(folder) as store:
            found = store.attempts()
            assert [a.id for a in found] == [f"a{n}" for n in range(len(found))]
            assert all(a.state is AttemptState.SUBMITTED for a in found[:-1])
            await store.record(make_attempt("after"))
            assert store.ledger() == of(store.attempts())

    with tempfile.TemporaryDirectory() as place:
        folder, copy = Path(place, "before"), Path(place, "after")
        asyncio.run(write(folder, copy))
        log = copy / "state.db-wal"
        data = log.read_bytes()
        log.write_bytes(data[: int(len(data) * cut)] + rubbish)
        asyncio.run(go_on(copy))


def test_a_cancelled_wait_still_records_the_change(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            await store.record(make_attempt())
            told = asyncio.create_task(store.record(submitted(make_attempt())))
            await asyncio.sleep(0)
            told.cancel()
            await asyncio.gather(told, return_exceptions=True)
            assert told.cancelled()
            await store.record(replace(make_attempt("a2")))
            assert store.attempts()[0].job_id == "vid_a1"

    asyncio.run(scenario())
