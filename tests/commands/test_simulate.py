"""`simulate`, as a process: it listens, renders for a manifest, and ends with its bill."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sora_batch.simulator.dialects import DIALECTS
from tests.commands.conftest import SORA_BATCH, Call, environment
from tests.commands.test_json_page import held


@contextmanager
def simulating(folder: Path, *words: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What it says when it listens; the second mapping is filled with its bill at the end."""
    process = subprocess.Popen(
        [*SORA_BATCH, "simulate", "--port", "0", "--json", *words],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        text=True,
    )
    bill: dict[str, Any] = {}
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline()), bill
        process.send_signal(signal.SIGINT)
        bill.update(json.loads(process.stdout.readline()))
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_the_manifest_it_prints_renders_there_and_the_bill_says_so(folder: Path) -> None:
    words = ("--dialect", "vllm-omni", "--speed", "instant", "--price", "0.25")
    with simulating(folder, *words) as (listening, bill):
        held("simulation", listening)
        (folder / "m.yaml").write_text(listening["manifest"], encoding="utf-8")
        run = [*SORA_BATCH, "run", "m.yaml", "--yes"]
        done = subprocess.run(
            run, cwd=folder, env=environment(folder), capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert (folder / "outputs" / "m" / "hero.mp4").exists()
    held("bill", bill)
    assert (bill["accepted"], bill["served"], bill["owed_usd"]) == (1, 1, "1.00")
    assert bill["requests"]["create"] == 1


def test_a_dropped_connection_is_dropped_on_the_wire(folder: Path) -> None:
    (folder / "night.yaml").write_text(
        "faults:\n"
        "- {at: list, do: reset, times: 1}\n"
        "- {at: list, do: hang, seconds: 0.01, times: 1}\n"
        "- {at: list, do: error, status: 502, body: html}\n",
        encoding="utf-8",
    )
    with simulating(folder, "--faults", "night.yaml") as (listening, bill):
        url = urlsplit(listening["base_url"])

        def listed() -> int:
            connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
            try:
                connection.request("GET", f"{url.path}/videos")
                return connection.getresponse().status
            finally:
                connection.close()

        for _ in range(2):
            with pytest.raises(ConnectionResetError):
                listed()
        assert listed() == 502
    assert bill["faults"] == {"list: reset": 1, "list: hang": 1, "list: error": 1}


def test_what_it_cannot_do_is_said_before_it_listens(call: Call, folder: Path) -> None:
    (folder / "night.yaml").write_text("faults: [{do: explode}]\n", encoding="utf-8")
    for words, said in {
        ("--dialect", "vllm"): "the simulator has no dialect `vllm`",
        ("--latency", "soon"): "`soon` is no latency",
        ("--faults", "night.yaml"): "`do: explode` is unknown here",
        ("--faults", "day.yaml"): "there is no such file",
        ("--host", "203.0.113.7"): "cannot listen on 203.0.113.7:8091",
    }.items():
        done = call("simulate", *words)
        assert done.returncode == 2
        assert said in done.stderr


def test_the_help_names_every_dialect(call: Call) -> None:
    said = call("simulate", "--help").stdout
    assert all(name in said for name in DIALECTS)
