"""Fault scripts: what may be written, what strikes when, and what a client then sees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sora_batch.errors import ProblemsFound
from sora_batch.providers.in_process import InProcessTransport
from sora_batch.simulator import Fault, FaultScript, SimulatorSettings, create_app
from sora_batch.simulator.dialects import DIALECTS
from sora_batch.simulator.fault_files import read_script
from sora_batch.simulator.faults import ACTS, FORMS, OPERATIONS
from sora_batch.simulator.mischief import Mischief, Subject
from tests.documents import blocks, rows, sections
from tests.simulator.serving import Client, ManualClock


@asynccontextmanager
async def serve(folder: Path, *faults: Fault, **settings: Any) -> AsyncIterator[Client]:
    clock = settings.pop("clock", None)
    told = SimulatorSettings(**{"speed": "instant", "faults": FaultScript(faults), **settings})
    app = create_app(folder, settings=told, clock=clock)
    await app.state.simulator.start()
    transport = InProcessTransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://local/v1") as http:
        yield Client(http, app.state.simulator)
    await app.state.simulator.close()


def struck(fault: Fault, count: int, *, seed: int = 0, key: str = "job") -> list[bool]:
    mischief = Mischief(FaultScript((fault,), seed))
    subject = Subject(key, "a dragon")
    return [mischief.early("poll", subject) is not None for _ in range(count)]


def test_a_rule_strikes_as_often_as_it_says() -> None:
    assert struck(Fault(do="error", at="poll", after=1, times=2), 5) == [
        False, True, True, False, False,
    ]  # fmt: skip
    assert struck(Fault(do="missing", at="poll", first=2), 4) == [True, True, False, False]
    assert not any(struck(Fault(do="error", at="poll", prompt="castle"), 3))
    half = struck(Fault(do="error", at="poll", chance=0.5), 400)
    assert 150 < sum(half) < 250


def test_the_same_seed_makes_the_same_mischief() -> None:
    fault = Fault(do="error", at="poll", chance=0.5)
    assert struck(fault, 50, seed=3) == struck(fault, 50, seed=3) != struck(fault, 50, seed=4)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"do": "explode"}, "use one of error"),
        ({"do": "reset", "at": "poll", "status": 500}, "`reset` takes no `status`"),
        ({"do": "reset"}, "`at: ` is unknown here"),
        ({"do": "truncate", "at": "poll"}, "use one of content"),
        ({"do": "quota", "when": "after"}, "takes no `when`"),
        ({"do": "error", "at": "list", "chance": 2.0}, "from 0 to 1"),
        ({"do": "error", "at": "list", "status": 200}, "from 400 to 599"),
        ({"do": "throttle", "at": "create", "form": "soon"}, "`form: soon`"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Fault(**rule)


def test_every_act_makes_a_rule() -> None:
    for do, act in ACTS.items():
        assert Fault(do=do, at=act.at[0]).operation in act.at


def test_a_script_is_read_from_yaml(tmp_path: Path) -> None:
    path = tmp_path / "night.yaml"
    path.write_text(
        "seed: 7\nfaults:\n- {at: create, do: reset, when: after, chance: 0.25}\n- do: refuse\n"
    )
    rule = Fault(do="reset", at="create", when="after", chance=0.25)
    assert read_script(path) == FaultScript((rule, Fault(do="refuse")), 7)


def test_everything_wrong_in_a_script_is_said_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "night.yaml"
    path.write_text(
        "sede: 7\nfaults:\n- {at: create, do: rest}\n- {do: refuse, times: often}\n- [x]\n"
    )
    with pytest.raises(ProblemsFound) as found:
        read_script(path)
    said = str(found.value)
    assert f"{path}:1:1: unknown key `sede`" in said
    assert "did you mean `seed`?" in said
    assert f"{path}:3:3: `do: rest` is unknown here: did you mean `reset`?" in said
    assert "`times` is a whole number" in said
    assert f"{path}:5:3: a rule says what happens under `do`" in said


def test_a_dropped_connection_is_seen_as_one_before_and_after(tmp_path: Path) -> None:
    async def story() -> None:
        faults = [
            Fault(do="reset", at="create", times=1),
            Fault(do="reset", at="create", when="after", times=1),
        ]
        async with serve(tmp_path, *faults) as client:
            for accepted in (0, 1):
                with pytest.raises(httpx.ReadError):
                    await client.order()
                assert client.simulator.bill().accepted == accepted
            assert (await client.order())["status"] == "completed"
            assert client.simulator.mischief.done == {"create: reset": 2}
            assert client.simulator.mischief.requests == {"create": 3}

    asyncio.run(story())


def test_silence_runs_into_the_clients_patience(tmp_path: Path) -> None:
    async def story() -> None:
        fault = Fault(do="hang", at="create", when="after")
        async with serve(tmp_path, fault) as client:
            client.http.timeout = httpx.Timeout(0.05)
            with pytest.raises(httpx.ReadTimeout):
                await client.order()
            assert client.simulator.bill().accepted == 1

    asyncio.run(story())


def test_a_stalled_clip_arrives_in_part(tmp_path: Path) -> None:
    async def story() -> None:
        fault = Fault(do="stall", at="content", share=0.25)
        async with serve(tmp_path, fault) as client:
            video = await client.order()
            client.http.timeout = httpx.Timeout(0.05)
            came = b""
            with pytest.raises(httpx.ReadTimeout):
                async with client.http.stream("GET", f"/videos/{video['id']}/content") as answer:
                    length = int(answer.headers["content-length"])
                    async for chunk in answer.aiter_bytes():
                        came += chunk
            assert len(came) == length // 4

    asyncio.run(story())


@pytest.mark.parametrize("form", FORMS)
def test_how_long_to_wait_is_said_in_every_form(form: str, tmp_path: Path) -> None:
    async def story() -> httpx.Headers:
        clock = ManualClock()
        fault = Fault(do="throttle", at="create", form=form, seconds=3)
        async with serve(tmp_path, fault, clock=clock) as client:
            answer = await client.post("/videos", {"prompt": "x"})
            assert answer.status_code == 429
            return answer.headers

    headers = asyncio.run(story())
    if form == "date":
        moment = parsedate_to_datetime(headers["retry-after"])
        assert (moment - ManualClock().now()).total_seconds() == 3
    else:
        names = {"seconds": "retry-after", "ms": "retry-after-ms"}
        told = {"seconds": "3", "ms": "3000", "reset": "3000ms"}
        assert headers[names.get(form, "x-ratelimit-reset-requests")] == told[form]


def test_what_a_job_has_in_store_survives_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        faults = [
            Fault(do="stuck", prompt="endless"),
            Fault(do="fail", prompt="unlucky"),
            Fault(do="moderate", prompt="vile"),
        ]
        async with serve(tmp_path, *faults) as client:
            endless = await client.order("endless")
            unlucky = await client.order("unlucky")
            vile = await client.order("vile")
            assert vile["error"]["code"] == "moderation_blocked"
            assert unlucky["status"] == vile["status"] == "failed"
        async with serve(tmp_path, speed="timed") as client:
            assert (await client.video(endless["id"]))["status"] in {"queued", "in_progress"}
            for video in (unlucky, vile):
                assert (await client.video(video["id"]))["error"] == video["error"]
            assert client.simulator.bill().rendered == 0

    asyncio.run(story())


def test_so_many_orders_a_minute_and_no_more(tmp_path: Path) -> None:
    async def story() -> None:
        clock = ManualClock()
        async with serve(tmp_path, clock=clock, requests_per_minute=2) as client:
            await client.order()
            clock.passed_s = 20.0
            await client.order()
            answer = await client.post("/videos", {"prompt": "x"})
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "40")
            clock.passed_s = 60.0
            await client.order()
            assert client.simulator.bill().accepted == 3

    asyncio.run(story())


def test_a_server_that_forgets_says_not_found_and_keeps_its_bill(tmp_path: Path) -> None:
    async def story() -> None:
        fault = Fault(do="forget", at="poll", after=1, times=1)
        async with serve(tmp_path, fault) as client:
            video = await client.order()
            assert (await client.video(video["id"]))["status"] == "completed"
            assert (await client.http.get(f"/videos/{video['id']}")).status_code == 404
            assert (await client.http.get("/videos")).json()["data"] == []
            assert client.simulator.bill().rendered == 1

    asyncio.run(story())


def test_the_page_tells_of_every_act_and_every_dialect() -> None:
    tables = {tuple(row) for section in sections("simulator.md") for row in rows(section)}
    said = {row[0].strip("`"): row for row in tables}
    for do, act in ACTS.items():
        at = "any" if act.at == OPERATIONS else ", ".join(act.at)
        assert said[do][1:] == (at, act.when or "-", act.means)
    assert set(DIALECTS) <= set(said)


def test_the_script_of_the_page_can_be_read(tmp_path: Path) -> None:
    (script,) = [block.text for block in blocks("simulator.md") if block.language == "yaml"]
    (tmp_path / "f.yaml").write_text(script, encoding="utf-8")
    assert len(read_script(tmp_path / "f.yaml").faults) == 4
