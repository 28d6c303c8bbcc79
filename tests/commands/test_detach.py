"""`run --detach`: real processes against a real server, and what they survive."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from filelock import FileLock

import sora_batch
from benchmarks.serving import serving
from sora_batch import api
from sora_batch.api.detaching import Starter
from sora_batch.api.saved import save_plan
from sora_batch.errors import RunStopped
from sora_batch.store.lock import holder
from tests.commands.conftest import SORA_BATCH, Call, environment
from tests.commands.test_run import on_terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")

KEY = "sk-never-to-be-seen-51c0"
MANIFEST = """\
version: 1
name: m
provider: box
defaults: {{model: sketch, size: 64x64, seconds: 1}}
limits: {{concurrency: 1}}
providers:
  box: {{kind: local, base_url: "{url}", api_key: "${{BOX_KEY}}", price_per_second: 0.40}}
shots: {{one: "{case}: one.", two: "{case}: two."}}
"""
STARTED = """\
m on box: 2 to make, about $0.80
process PID runs it, and goes on when this terminal is closed

log    outputs/m/run.log
watch  sora-batch status m.yaml --watch
stop   kill PID
         orders nothing new; what is rendering stays on the server, and `run`
         picks it up
"""
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  "


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that takes a second for a clip."""
    with serving(tmp_path_factory.mktemp("server"), speed="timed", render_s=1.0) as address:
        yield address


@pytest.fixture
def here(folder: Path, url: str) -> Iterator[Path]:
    """The working directory with `m.yaml`, whose prompts are its own, and the key in `.env`.

    Nothing runs there any more when the test is over, however it ends.
    """
    (folder / "m.yaml").write_text(MANIFEST.format(url=url, case=folder.name), encoding="utf-8")
    (folder / ".env").write_text(f"BOX_KEY={KEY}\n", encoding="utf-8")
    yield folder
    left = holder(folder / "outputs/m")
    if left is not None and left.pid is not None:
        os.kill(left.pid, signal.SIGKILL)


def typed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What is typed into a terminal, as far as the program can see."""
    return subprocess.run(
        [*SORA_BATCH, *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(folder),
        check=False,
        stdin=subprocess.DEVNULL,
    )


def until(holds: Callable[[], bool]) -> None:
    """Waits for what another process does."""
    for _ in range(3000):
        if holds():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen")


def started(folder: Path) -> int:
    """A detached run that has ordered its first clip; its process."""
    done = typed(folder, "run", "m.yaml", "--detach", "--yes", "--json")
    assert done.returncode == 0, done.stdout
    log = folder / "outputs/m/run.log"
    until(lambda: '"shot_submitted"' in log.read_text("utf-8"))
    return int(json.loads(done.stdout)["pid"])


def ended(folder: Path) -> None:
    """Waits for the end of the run: it holds the lock until then."""
    FileLock(folder / "outputs/m/state.lock").acquire(timeout=60).lock.release()


def ordered(call: Call, folder: Path) -> list[str]:
    """The prompts of all orders that the server ever took from this folder, and nothing else."""
    jobs = json.loads(call("jobs", "list", "m.yaml", "--json").stdout)["jobs"]
    return sorted(job["prompt"] for job in jobs if job["prompt"].startswith(folder.name))


def is_whole(call: Call, folder: Path) -> bool:
    """Whether every clip is there, was ordered once, and the ledger says so."""
    status = json.loads(call("status", "m.yaml", "--json").stdout)
    assert status["counts"]["done"] == 2
    assert status["ledger"] == {
        "reserved": "0.00",
        "spent": "0.80",
        "released": "0.00",
        "held": "0.00",
        "uncertain": "0.00",
    }
    return ordered(call, folder) == [f"{folder.name}: one.", f"{folder.name}: two."]


def test_a_detached_run_goes_on_and_everybody_knows_it(call: Call, here: Path) -> None:
    done = typed(here, "run", "m.yaml", "--detach", "--yes")
    pid = int(re.findall(r"^process (\d+) ", done.stdout, re.M)[0])
    os.kill(pid, signal.SIGSTOP)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.replace(str(pid), "PID") == STARTED
    status = call("status", "m.yaml")
    assert f"m on box, run by process {pid} on " in status.stdout
    assert f"\nits log is outputs/m/run.log; `kill {pid}` stops it\n" in status.stdout
    facts = json.loads(call("status", "m.yaml", "--json").stdout)
    assert (facts["holder"]["pid"], facts["log"]) == (pid, "outputs/m/run.log")
    for words in (("run", "--detach", "--yes"), ("run", "--yes"), ("cancel",)):
        busy = call(words[0], "m.yaml", *words[1:])
        assert busy.returncode == 2
        assert f"is in use by process {pid} on " in busy.stderr
        assert f"`kill {pid}`" in busy.stderr
    os.kill(pid, signal.SIGCONT)
    status = call("status", "m.yaml", "--watch")
    assert status.returncode == 0
    assert re.search(
        r"^the last run finished .* UTC; its log is outputs/m/run.log$", status.stdout, re.M
    )
    log = (here / "outputs/m/run.log").read_text("utf-8")
    assert re.match(rf"{TIME}run {facts['last_run']['run_id']} begins\n{TIME}one: submitted", log)
    assert "\nm: 2 made in " in log
    assert is_whole(call, here)


def test_a_second_terminal_does_not_start_it_twice(here: Path) -> None:
    words = [*SORA_BATCH, "run", "m.yaml", "--detach", "--yes", "--json"]
    both = [
        subprocess.Popen(words, cwd=here, env=environment(here), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [json.loads(one.communicate()[0]) for one in both]
    assert sorted(one.returncode for one in both) == [0, 2]
    (refused,) = [facts for facts in said if "error" in facts]
    assert refused["error"]["kind"] in {"store-busy", "usage-error"}
    ended(here)


def test_the_key_is_nowhere_and_nothing_is_left_lying_about(here: Path) -> None:
    done = typed(here, "run", "m.yaml", "--detach", "--yes", "--json")
    facts = json.loads(done.stdout)
    os.kill(facts["pid"], signal.SIGSTOP)
    process = Path(f"/proc/{facts['pid']}")
    shown = process.joinpath("cmdline").read_bytes() if process.exists() else b""
    assert not list((here / "outputs/m").glob(".*.tmp"))
    os.kill(facts["pid"], signal.SIGCONT)
    ended(here)
    left = [p for p in here.rglob("*") if p.is_file() and p.name != ".env"]
    assert here / facts["log"] in left
    everything = b"".join(path.read_bytes() for path in left) + done.stdout.encode() + shown
    assert KEY.encode() not in everything
    events = [json.loads(line) for line in (here / facts["log"]).read_text().splitlines()]
    assert events[0]["event"] == "run_started"
    assert events[0]["run_id"] == facts["run_id"]
    assert (events[-1]["event"], events[-1]["done"]) == ("run_finished", 2)


def test_a_killed_one_is_picked_up_and_nothing_is_paid_twice(call: Call, here: Path) -> None:
    pid = started(here)
    os.kill(pid, signal.SIGKILL)
    ended(here)
    seen = call("status", "m.yaml", "--watch")
    assert seen.returncode == 1
    status = seen.stdout
    assert "m on box, no run going on\n" in status
    assert re.search(r"^the last run began .* UTC and was cut off; `sora-batch run", status, re.M)
    assert "its log is outputs/m/run.log\n" in status
    again = call("run", "m.yaml", "--yes")
    assert again.returncode == 0
    assert "1 to make, 1 to pick up" in again.stdout
    assert is_whole(call, here)
    assert "the last run finished" in call("status", "m.yaml").stdout
    assert "run.log" not in call("status", "m.yaml").stdout


def test_kill_ends_it_gently(call: Call, here: Path) -> None:
    pid = started(here)
    os.kill(pid, signal.SIGTERM)
    ended(here)
    log = (here / "outputs/m/run.log").read_text("utf-8")
    last = json.loads(log.splitlines()[-1])
    assert (last["event"], last["interrupted"], last["in_flight"]) == ("run_finished", True, 1)
    seen = call("status", "m.yaml", "--watch")
    assert seen.returncode == 130
    assert "the last run was interrupted 20" in seen.stdout
    again = call("run", "m.yaml", "--detach", "--yes")
    assert again.returncode == 0
    ended(here)
    assert is_whole(call, here)
    assert (here / "outputs/m/run.earlier.log").read_text("utf-8") == log


def test_neither_ctrl_c_nor_the_end_of_its_terminal_ends_it(call: Call, here: Path) -> None:
    ours, theirs = pty.openpty()
    # A session without a terminal gets the first one that it opens.
    script = f'exec <{os.ttyname(theirs)} >{os.ttyname(theirs)} 2>&1; "$@"; echo "code $?"; cat'
    words = [*SORA_BATCH, "run", "m.yaml", "--detach", "--yes"]
    with subprocess.Popen(
        ["/bin/sh", "-c", script, "sh", *words],
        cwd=here,
        env=environment(here),
        start_new_session=True,
    ) as shell:
        said = b""
        while b"code " not in said:
            said += os.read(ours, 4096)
        assert b"code 0" in said
        os.write(ours, b"\x03")
        os.close(theirs)
        os.close(ours)
    assert shell.returncode != 0
    code, seen = on_terminal(here, ["status", "m.yaml", "--watch"])
    assert code == 0
    assert "the last run finished" in seen.rpartition("\x1b[2J")[2]
    assert is_whole(call, here)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "this costs about $0.80, and nobody has agreed to it"),
        (("--yes", "--budget", "0.50"), "the budget of $0.50 has $0.50 left"),
        (("--yes", "--select", "three"), "three"),
    ],
)
def test_what_run_refuses_is_refused_before_anything_is_started(
    call: Call, here: Path, more: tuple[str, ...], said: str
) -> None:
    done = call("run", "m.yaml", "--detach", *more)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (here / "outputs").exists()


def program(folder: Path, script: str) -> str:
    """Something that stands where Python was."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_only_what_was_agreed_to_is_run(
    call: Call, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = f"""sed -i.bak 's/seconds: 1/seconds: 2/' m.yaml; exec "{sys.executable}" "$@" """
    monkeypatch.setattr(sys, "executable", program(here, changed))
    done = call("run", "m.yaml", "--detach", "--yes")
    assert done.returncode == 2
    assert "have changed since the plan was agreed to; nothing was run" in done.stderr
    assert [path.name for path in (here / "outputs/m").glob(".*.tmp")] == []
    assert not (here / "outputs/m/run.log").exists()
    assert ordered(call, here) == []


def test_a_process_that_dies_early_is_heard(
    call: Call, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", program(here, "echo no such interpreter; exit 9"))
    done = call("run", "m.yaml", "--detach", "--yes")
    assert done.returncode == 3
    assert done.stderr == "the run ended before it began: no such interpreter\n"
    assert [path.name for path in (here / "outputs/m").glob(".*.tmp")] == []


def test_a_run_of_which_nobody_hears_that_it_begins_orders_nothing(call: Call, here: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    (here / "outputs/m").mkdir(parents=True)
    saved = here / "outputs/m/.run.json.0123456789abcdef.tmp"
    save_plan(api.plan(api.load("m.yaml")), saved)
    saved.with_name(".run.log.0123456789abcdef.tmp").touch()
    starter = Starter(saved, theirs)
    with pytest.raises(RunStopped, match="whoever started this run is gone; nothing was ordered"):
        sora_batch.run_sync(starter.plan(), observers=[starter], accept_price=Decimal("0.80"))
    assert not saved.exists()
    assert ordered(call, here) == []
    assert "the last run began" in call("status", "m.yaml").stdout


def test_where_there_is_no_fork_it_says_so(
    call: Call, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "fork")
    done = call("run", "m.yaml", "--detach", "--yes")
    assert done.returncode == 2
    assert "this system has no processes that outlive their terminal" in done.stderr
    assert not (here / "outputs").exists()
