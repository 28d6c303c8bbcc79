"""What every engine must keep, whatever machine it runs on: the contract of engines/engine.py."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from sora_batch.engines import ENGINES
from sora_batch.engines.engine import Engine, OperationFailed
from sora_batch.shots import Json
from tests.media.making import make_clip, make_quarters

Work = Callable[[Engine], Awaitable[Json]]
WithEngine = Callable[[Work], Json]


@pytest.fixture(params=sorted(ENGINES))
def with_engine(request: pytest.FixtureRequest) -> Callable[[Work], Json]:
    """Does work with a fresh engine, closes it, and hands back what came of the work."""

    def do(work: Work) -> Json:
        async def all_of_it() -> Json:
            engine = ENGINES[request.param]()
            try:
                return await work(engine)
            finally:
                await engine.close()

        return asyncio.run(all_of_it())

    return do


def fit_spec(image: Path, target: Path, way: str = "cover") -> dict[str, Json]:
    return {
        "image": str(image),
        "target": str(target),
        "width": 64,
        "height": 36,
        "fit": way,
        "focus": [0.5, 0.5],
    }


def test_an_operation_runs_and_its_answer_is_json(with_engine: WithEngine, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=1)

    async def work(engine: Engine) -> Json:
        return dict(await engine.run("verify", {"path": str(clip)}, key="hero"))

    answer = with_engine(work)
    assert isinstance(answer, dict)
    assert answer["frames"] == 12
    assert json.loads(json.dumps(answer)) == answer


def test_an_operations_own_failure_arrives_with_its_code(
    with_engine: WithEngine, tmp_path: Path
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"<html>")

    async def work(engine: Engine) -> Json:
        with pytest.raises(OperationFailed) as caught:
            await engine.run("verify", {"path": str(tmp_path / "a.mp4")}, key="hero")
        return [caught.value.code, caught.value.message]

    assert with_engine(work) == ["not-a-clip", "what arrived is a web page, not an MP4: <html>"]


@pytest.mark.parametrize(("operation", "spec"), [("render", {}), ("verify", {}), ("fit", {})])
def test_what_nobody_foresaw_is_a_failure_too(
    operation: str, spec: dict[str, Json], with_engine: WithEngine
) -> None:
    async def work(engine: Engine) -> Json:
        with pytest.raises(OperationFailed) as caught:
            await engine.run(operation, spec, key="hero")
        return caught.value.code

    assert with_engine(work) == "bug"


def test_a_file_that_went_away_is_a_failure_with_its_name(
    with_engine: WithEngine, tmp_path: Path
) -> None:
    async def work(engine: Engine) -> Json:
        with pytest.raises(OperationFailed) as caught:
            await engine.run("verify", {"path": str(tmp_path / "gone.mp4")}, key="hero")
        return [caught.value.code, "gone.mp4" in caught.value.message]

    assert with_engine(work) == ["missing", True]


def test_many_operations_at_once_all_answer(with_engine: WithEngine, tmp_path: Path) -> None:
    image = make_quarters(tmp_path / "a.png", (80, 60))

    async def work(engine: Engine) -> Json:
        answers = await asyncio.gather(
            *(
                engine.run("fit", fit_spec(image, tmp_path / f"{n}.png"), key=f"shot.take{n}")
                for n in range(40)
            )
        )
        return list({answer["sha256"] for answer in answers})

    digests = with_engine(work)
    assert isinstance(digests, list)
    assert len(digests) == 1
    assert len(list(tmp_path.iterdir())) == 41


def test_the_same_operation_twice_at_once_leaves_one_whole_file(
    with_engine: WithEngine, tmp_path: Path
) -> None:
    spec = fit_spec(make_quarters(tmp_path / "a.png", (80, 60)), tmp_path / "b.png", "blur")

    async def work(engine: Engine) -> Json:
        first, second = await asyncio.gather(
            engine.run("fit", spec, key="hero"), engine.run("fit", spec, key="hero")
        )
        return first == second

    assert with_engine(work) is True
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]


def test_the_event_loop_is_not_held_up(with_engine: WithEngine, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", size=(640, 360), seconds=3)
    spec: dict[str, Json] = {"path": str(clip), "target": str(tmp_path / "a.webp")}

    async def work(engine: Engine) -> Json:
        running = asyncio.ensure_future(engine.run("thumbnail", spec, key="hero"))
        turns = 0
        while not running.done():
            turns += 1
            await asyncio.sleep(0)
        await running
        return turns

    turns = with_engine(work)
    assert isinstance(turns, int)
    assert turns > 10


def test_close_waits_for_what_runs(with_engine: WithEngine, tmp_path: Path) -> None:
    image = make_quarters(tmp_path / "a.png", (800, 600))

    async def work(engine: Engine) -> Json:
        runs = [
            asyncio.ensure_future(
                engine.run("fit", fit_spec(image, tmp_path / f"{n}.png"), key="k")
            )
            for n in range(6)
        ]
        await asyncio.sleep(0)
        await engine.close()
        return len(await asyncio.gather(*runs))

    assert with_engine(work) == 6


def test_closing_twice_does_no_harm(with_engine: WithEngine) -> None:
    async def work(engine: Engine) -> Json:
        await engine.close()
        await engine.close()
        return None

    assert with_engine(work) is None
