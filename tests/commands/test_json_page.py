"""Holds docs/json.md to what is printed: no key too many, none too few, each of the type it says.

The page is read as a schema. What the real program prints in a few situations is held against it,
and what does not occur there (a job nobody stands for, a model without a price) is made by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_type_hints

import click
import pytest
from filelock import FileLock

import sora_batch
from sora_batch import errors, events
from sora_batch.api.cancelling import Cancelled
from sora_batch.api.resolving import Resolved
from sora_batch.cli import COMMANDS, group
from sora_batch.manifest.settings import Manifest
from sora_batch.planning.plan import Action, ListPrice, ModelTotal
from sora_batch.providers.provider import JobReport, JobStatus
from sora_batch.records import (
    Attempt,
    AttemptId,
    AttemptState,
    Failure,
    FailureKind,
    Ledger,
    Money,
    RunId,
)
from sora_batch.shots import Fingerprint, JobId, ShotId
from sora_batch.views.plans import plan_json
from sora_batch.views.progress import event_json
from sora_batch.views.servers import fate_json
from sora_batch.views.status import Standing
from tests.commands.conftest import Call
from tests.documents import page, rows, sections

SHAPES = {
    section.title: {row[0].strip("`"): row[1] for row in rows(section)}
    for section in sections("json.md")
    if rows(section)
}
STOPPED = "When a command cannot do its work"
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
FORMS: dict[str, str] = {
    "money": r"-?\d+\.\d{2,}",
    "exact number": r"-?\d+(\.\d+)?",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00",
    "date": r"\d{4}-\d\d-\d\d",
    "text": r"(?s).*",
}
TYPES: dict[str, tuple[type, ...]] = {
    "whole number": (int,),
    "number": (int, float),
    "true or false": (bool,),
    "mapping": (dict,),
    "anything": (object,),
}


def faults(kind: str, value: Any, at: str) -> Iterator[str]:
    """What is wrong with a value that the page says is of this type."""
    if kind.endswith(" or null"):
        if value is not None:
            yield from faults(kind.removesuffix(" or null"), value, at)
    elif kind.startswith("list of "):
        for number, item in enumerate(value):
            yield from faults(kind.removeprefix("list of "), item, f"{at}[{number}]")
    elif kind.startswith("mapping to "):
        for key, item in value.items():
            yield from faults(kind.removeprefix("mapping to "), item, f"{at}.{key}")
    elif kind in FORMS:
        if not (isinstance(value, str) and re.fullmatch(FORMS[kind], value)):
            yield f"{at}: {value!r} is no {kind}"
    elif kind in TYPES:
        wrong = isinstance(value, bool) and kind in {"whole number", "number"}
        if wrong or not isinstance(value, TYPES[kind]):
            yield f"{at}: {value!r} is no {kind}"
    else:
        yield from shape_faults(kind, value, at)


def shape_faults(kind: str, value: Any, at: str) -> Iterator[str]:
    keys = SHAPES[kind]
    needed = {key for key, what in keys.items() if not what.endswith(", optional")}
    for key in sorted(needed - set(value)):
        yield f"{at}: `{key}` of {kind} is not there"
    for key in value:
        if key in keys:
            yield from faults(keys[key].removesuffix(", optional"), value[key], f"{at}.{key}")
        else:
            yield f"{at}: `{key}` of {kind} is not in the page"


def held(kind: str, value: Any) -> None:
    """Holds a value against the page."""
    assert not list(faults(kind, value, kind))


def test_the_page_uses_no_type_that_it_does_not_explain() -> None:
    used = {
        re.sub(r"(^list of |^mapping to | or null$|, optional$)", "", kind)
        for keys in SHAPES.values()
        for kind in keys.values()
    }
    assert used <= {*FORMS, *TYPES, *SHAPES}


@pytest.fixture
def changed(finished: Path) -> Path:
    """A finished folder, another prompt, and a shot that fails."""
    manifest = finished / "harbour.yaml"
    text = manifest.read_text("utf-8").replace("A harbour at dawn.", "A harbour at dusk.")
    text = text.replace("name: harbour", "name: harbour\nvars: {a: c}")
    text += "  lost:\n    edit_of: {job: video_0}\n    prompt: x\n    tags: [old]\n"
    manifest.write_text(text, encoding="utf-8")
    return finished


@pytest.mark.usefixtures("changed")
def test_what_the_commands_print(call: Call) -> None:
    def told(*words: str) -> Any:
        return json.loads(call(*words, "--json").stdout)

    held("check", told("check", "harbour.yaml"))
    held("plan", told("plan", "harbour.yaml", "--budget", "3"))
    held("plan", told("plan", "harbour.yaml", "--provider", "box", "--select", "hero"))
    run = call("run", "harbour.yaml", "--json").stdout.splitlines()
    for line in map(json.loads, run):
        held(line["event"], line)
    held("status", told("status", "harbour.yaml"))
    held("run --detach", told("run", "harbour.yaml", "--detach", "--select", "hero"))
    FileLock("outputs/harbour/state.lock").acquire(timeout=60).lock.release()
    for shot in ("hero", "storm", "lost"):
        held("explain", told("explain", "harbour.yaml", shot))
    held("models", told("models"))
    held("init", told("init", "elsewhere"))
    held("sidecar", json.loads(Path("outputs/harbour/hero.json").read_bytes()))
    call("plan", "harbour.yaml", "--var", "a=b", "-o", "plan.json")
    held("saved plan", json.loads(Path("plan.json").read_bytes()))


def test_what_is_told_of_servers_and_cuts(call: Call, finished: Path) -> None:
    manifest = finished / "harbour.yaml"
    cuts = "cuts:\n  whole: {shots: [hero, storm]}\n  less: {shots: [hero, lost]}\n"
    lost = "  lost: Nothing.\n"
    manifest.write_text(manifest.read_text("utf-8") + lost + cuts, encoding="utf-8")

    def told(*words: str) -> Any:
        return json.loads(call(*words, "--json").stdout)

    jobs = told("jobs", "list", "harbour.yaml")
    held("jobs list", jobs)
    first = jobs["jobs"][0]["job"]
    held("jobs download", told("jobs", "download", "harbour.yaml", first, "-o", "one.mp4"))
    held("jobs delete", told("jobs", "delete", "harbour.yaml", first))
    held("resolve", told("resolve", "harbour.yaml"))
    held("cancel", told("cancel", "harbour.yaml"))
    held("doctor", told("doctor", "local"))
    held("cut", told("cut", "harbour.yaml"))
    held("cut", told("cut", "harbour.yaml", "less", "--leave-out-missing"))


def test_what_becomes_of_jobs_is_in_the_page() -> None:
    job = JobReport(id=JobId("video_0"), status=JobStatus.RENDERING, raw_status="in_progress")
    fate = Resolved(attempt=attempt(), became="on hold", words="it may be this", candidates=(job,))
    held("fate", json.loads(json.dumps(fate_json(fate, fate.candidates))))
    stopped = Cancelled(attempt=attempt(), became="goes on", words="it renders on")
    held("fate", json.loads(json.dumps(fate_json(stopped))))
    words = {
        *get_args(get_type_hints(Resolved)["became"]),
        *get_args(get_type_hints(Cancelled)["became"]),
    }
    assert [word for word in words if f"`{word.replace(' ', '_')}`" not in page("json.md")] == []


@pytest.mark.usefixtures("changed")
def test_what_accept_prints(call: Call) -> None:
    accepted = call("accept", "harbour.yaml", "hero", "--json")
    held("accept", json.loads(accepted.stdout))


@pytest.mark.usefixtures("folder")
def test_what_is_printed_when_it_cannot_be_done(call: Call) -> None:
    for words, kind in (
        (("plan", "nowhere.yaml"), "problems-found"),
        (("plan", "harbour.yaml", "--select", "x"), "usage-error"),
        (("run", "harbour.yaml", "--provider", "paid"), "consent-needed"),
    ):
        done = call(*words, "--json")
        told = json.loads(done.stdout)
        held(STOPPED, told)
        assert (told["error"]["kind"], told["exit_code"]) == (kind, done.returncode)


def test_what_is_rare_in_a_plan(folder: Path) -> None:
    plan = sora_batch.plan(sora_batch.load(folder / "harbour.yaml"))
    total = ModelTotal(
        model="m", server_model="s", shots=1, seconds=Decimal("4.5"), estimate_usd=Decimal(1)
    )
    price = ListPrice(
        model="m", service="s", shots=1, usd=Decimal("0.1"), since=NOW.date(), closed=date.max
    )
    told = plan_json(
        replace(
            plan,
            manifest=with_money(plan.manifest),
            totals=(total,),
            list_prices=(price,),
            list_price_usd=Decimal("0.1"),
            salvage=(attempt(),),
            unpriced=(ShotId("hero"),),
        )
    )
    held("plan", json.loads(json.dumps(told)))


def with_money(manifest: Manifest) -> Manifest:
    return replace(manifest, budget=Decimal(3), profile="draft")


def attempt() -> Attempt:
    return Attempt(
        id=AttemptId("a"),
        run_id=RunId("r"),
        shot_id=ShotId("hero"),
        fingerprint=Fingerprint("f1:0"),
        number=1,
        state=AttemptState.SUBMITTED,
        provider="local",
        model="sketch",
        money=Money.RESERVED,
        price_usd=Decimal("0.4"),
        job_id=JobId("video_0"),
        created_at=NOW,
    )


def test_every_event_is_in_the_page() -> None:
    failure = Failure(FailureKind.TRANSIENT, "the server stumbled")
    values: dict[str, Any] = {
        "run_id": "r",
        "shot_id": "hero",
        "job_id": "video_0",
        "failure": failure,
        "stopped_by": failure,
        "ledger": Ledger(),
        "wait_s": 1.5,
        "wall_s": 2.0,
        "attempt": 1,
    }
    kinds = [kind for kind in get_args(events.Event) if kind is not events.ShotDone]
    for kind in kinds:
        made = {}
        for field in fields(kind):
            text = str(field.type)
            guess: Any = Decimal("0.4") if "Decimal" in text else 1 if "int" in text else "x"
            made[field.name] = values.get(field.name, "bool" in text or guess)
        told = event_json(kind(**made), NOW)
        held(str(told["event"]), json.loads(json.dumps(told)))
    known = {re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower() for kind in kinds}
    assert {title for title in SHAPES if "event" in SHAPES[title]} == known | {"shot_done"}


def test_every_word_that_is_promised_is_there() -> None:
    text = page("json.md")
    kinds = {
        re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, errors.SoraBatchError)
    } - {"sora-batch-error"}
    states = {standing.replace(" ", "_") for standing in Standing}
    for word in {*kinds, *states, *AttemptState, *FailureKind, *Action}:
        assert f"`{word}`" in text, word


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_that_prints_json_has_a_section(name: str) -> None:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    titles = {section.title for section in sections("json.md")}
    inside = command.commands if isinstance(command, click.Group) else {}
    for words, one in {
        name: command,
        **{f"{name} {word}": c for word, c in inside.items()},
    }.items():
        options = {option for parameter in one.params for option in parameter.opts}
        known = titles | {word for title in titles for word in title.split(" and ")}
        assert "--json" not in options or words in known, f"docs/json.md lacks `{words} --json`"


def test_attempts_are_in_the_page_with_all_their_fields() -> None:
    assert is_dataclass(Attempt)
    assert {field.name for field in fields(Attempt)} == set(SHAPES["attempt"])
