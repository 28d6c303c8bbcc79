from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from sora_batch.records import AttemptId, Clip, History, Ledger
from sora_batch.store import read_store
from tests.store.making import (
    NOW,
    done,
    failed,
    fingerprint,
    held,
    make_attempt,
    make_clip,
    make_run,
    opened,
    submitted,
    whole,
)


def test_the_history_tells_what_a_plan_needs(tmp_path: Path) -> None:
    first, second = done(make_attempt("a1"), after_s=40), done(make_attempt("a2"), after_s=90)
    again = replace(done(make_attempt("a3"), after_s=50), shot_id=first.shot_id)
    other_length = make_attempt("a4", inputs={"seconds": "4"})
    lost = failed(submitted(make_attempt("a5")))
    lost_again = replace(lost, id=AttemptId("a6"), number=2)
    waiting, on_hold = submitted(make_attempt("a7")), held(make_attempt("a8"))
    damaged = make_clip(second, sha256="00" * 32)

    async def scenario() -> None:
        async with opened(tmp_path) as store:
            await store.begin_run(make_run())
            for attempt in (lost, lost_again, waiting, on_hold):
                await store.record(attempt)
            for attempt in (first, again, done(other_length, after_s=20)):
                await store.keep(attempt, make_clip(attempt))
            await store.keep(second, damaged)
            history = store.history(intact=lambda clip: clip.sha256 != damaged.sha256)
            assert history == History(
                clips={
                    a.fingerprint: make_clip(a)
                    for a in (first, again, done(other_length, after_s=20))
                },
                latest={
                    first.shot_id: make_clip(again),
                    second.shot_id: damaged,
                    other_length.shot_id: make_clip(done(other_length, after_s=20)),
                },
                open=(waiting, on_hold),
                failed={lost.fingerprint: (lost, lost_again)},
                ledger=Ledger(
                    reserved=Decimal("0.80"),
                    spent=Decimal("3.20"),
                    released=Decimal("1.60"),
                    held=Decimal("0.80"),
                ),
                render_seconds={(first.model, "8"): 50.0, (first.model, "4"): 20.0},
                as_of=store.as_of(),
            )
            assert store.history(intact=whole).clips[second.fingerprint] == damaged

    asyncio.run(scenario())


def test_the_newest_whole_clip_of_a_fingerprint_is_the_one_to_reuse(tmp_path: Path) -> None:
    attempt = done(make_attempt())
    made = make_clip(attempt)
    copied = replace(made, shot_id=make_attempt("a2").shot_id)

    async def scenario() -> None:
        async with opened(tmp_path) as store:
            await store.keep(attempt, made)
            await store.keep(None, copied)
            assert store.history(intact=whole).clips == {made.fingerprint: copied}
            await store.keep(None, replace(made, mtime_ns=5))
            assert store.history(intact=whole).clips[made.fingerprint].mtime_ns == 5
            assert len(store.clips(made.shot_id)) == 1

            def asked(clip: Clip) -> bool:
                return clip.shot_id == copied.shot_id

            assert store.history(intact=asked).clips == {made.fingerprint: copied}

    asyncio.run(scenario())


def test_an_accepted_clip_is_the_shots_newest_under_its_new_inputs(tmp_path: Path) -> None:
    attempt = done(make_attempt())
    new = replace(make_clip(attempt), fingerprint=fingerprint("new"), inputs={"prompt": "new"})

    async def scenario() -> None:
        async with opened(tmp_path) as store:
            await store.keep(attempt, make_clip(attempt))
            await store.accept(new)
            history = store.history(intact=whole)
            assert history.latest[attempt.shot_id] == replace(new, origin="accepted")
            assert set(history.clips) == {attempt.fingerprint, new.fingerprint}

    asyncio.run(scenario())


def test_runs_and_pins_are_remembered(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            await store.begin_run(make_run("r1"))
            await store.begin_run(make_run("r2", budget_usd=None))
            end = NOW + timedelta(hours=1)
            await store.end_run(make_run("r1").id, end, "done")
            await store.pin("http://x/a.png", "aa")
            await store.pin("http://x/a.png", "bb")
            expected = [
                make_run("r1", ended_at=end, outcome="done"),
                make_run("r2", budget_usd=None),
            ]
            assert store.runs() == expected
            assert store.pins() == {"http://x/a.png": "bb"}
        reader = read_store(tmp_path)
        assert reader is not None
        assert (reader.runs(), reader.pins()) == (expected, {"http://x/a.png": "bb"})
        reader.close()

    asyncio.run(scenario())


def test_readers_see_a_run_go_on_and_do_not_stop_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            readers = [read_store(tmp_path) for _ in range(5)]
            for n in range(20):
                await store.record(make_attempt(f"a{n}"))
                for reader in readers:
                    assert reader is not None
                    assert len(reader.attempts()) == n + 1
                    assert reader.ledger() == store.ledger()

            def write_meanwhile(_clip: Clip) -> bool:
                raise AssertionError("no clips")

            assert len(store.history(intact=write_meanwhile).open) == 20
            for reader in readers:
                assert reader is not None
                reader.close()

    asyncio.run(scenario())


def test_thousands_of_clips_and_attempts_are_read_quickly(tmp_path: Path) -> None:
    async def scenario() -> float:
        async with opened(tmp_path) as store:

            async def make(n: int) -> None:
                attempt = done(make_attempt(f"a{n}"))
                await store.keep(attempt, make_clip(attempt))

            for start in range(0, 3000, 500):
                await asyncio.gather(*(make(n) for n in range(start, start + 500)))
            begin = time.process_time()
            history = store.history(intact=whole)
            assert len(history.clips) == len(history.latest) == 3000
            return time.process_time() - begin

    assert asyncio.run(scenario()) < 0.3


def test_every_change_is_another_state_and_looking_is_not(tmp_path: Path) -> None:
    async def scenario() -> None:
        words = []
        async with opened(tmp_path) as store:
            assert store.as_of() == store.history(intact=whole).as_of == History().as_of
            for attempt in (make_attempt(), submitted(make_attempt()), held(make_attempt("a2"))):
                await store.record(attempt)
                words.append(store.as_of())
            await store.pin("http://x", "aa")
            words.append(store.as_of())
            await asyncio.gather(store.record(make_attempt()), return_exceptions=True)
            assert store.as_of() == words[-1]
        async with opened(tmp_path) as store:
            assert store.as_of() == store.history(intact=whole).as_of == words[-1]
        assert len(set(words)) == 4

    asyncio.run(scenario())
