"""Includes, profiles, servers, limits, names: what a draft is made of, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sora_batch.manifest.draft import Draft
from sora_batch.manifest.limits import LONGEST, duration
from sora_batch.manifest.load import load_draft
from sora_batch.problems import Problem, render

SHOTS = "shots:\n  hero: dawn\n"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def _write(text: str, **files: str) -> Path:
        for name, content in files.items():
            (tmp_path / f"{name}.yaml").write_text(content)
        path = tmp_path / "harbour.yaml"
        path.write_text(f"version: 1\n{text}" + ("" if "shots:" in text else SHOTS))
        return path

    return _write


def draft_of(path: Path, environment: Mapping[str, str] | None = None, **asked: Any) -> Draft:
    draft, problems = load_draft(path, environment=environment or {}, **asked)
    assert problems == []
    assert draft is not None
    return draft


def problems_of(
    path: Path, environment: Mapping[str, str] | None = None, **asked: Any
) -> list[Problem]:
    return load_draft(path, environment=environment or {}, **asked)[1]


def test_what_nobody_says_has_its_default(write: Any) -> None:
    draft = draft_of(write(""))
    assert (draft.name, draft.output) == ("harbour", Path("outputs/harbour"))
    assert (draft.provider.name, draft.provider.kind) == ("local", "local")
    assert draft.budget is None
    assert draft.limits.attempts == 3
    assert draft.limits.render_timeout == timedelta(minutes=30)
    assert draft.vars == {}
    assert draft.defaults.model is None


def test_keys_left_empty_are_as_if_they_were_not_there(write: Any) -> None:
    keys = "vars: |snippets: |profiles: |providers: |include: |cuts: |limits: |defaults: |budget: "
    draft = draft_of(write(keys.replace("|", "\n") + "\nname:\noutput:\nprovider:\n"))
    assert draft == draft
    assert (draft.vars, draft.snippets, draft.name) == ({}, {}, "harbour")


def test_the_manifest_wins_over_what_it_includes_and_later_includes_over_earlier(
    write: Any,
) -> None:
    first = "vars: {a: 1, b: 1, c: 1}\nsnippets: {look: warm}\ndefaults: {model: x, seconds: 4}\n"
    second = "vars: {b: 2, c: 2}\nproviders: {box: {kind: sglang, base_url: 'http://box'}}\n"
    draft = draft_of(
        write(
            "include: [first.yaml, second.yaml]\nvars: {c: 3}\ndefaults: {model: y}\n"
            "provider: box\nproviders: {box: {kind: sglang, models: {m: n}}}\n",
            first=first,
            second=second,
        )
    )
    assert draft.vars == {"a": 1, "b": 2, "c": 3}
    assert draft.snippets == {"look": "warm"}
    assert (draft.defaults.model, draft.defaults.seconds) == ("y", 4)
    assert (draft.provider.base_url, draft.provider.models) == ("http://box", {"m": "n"})
    assert Path(draft.where(("vars", "a")).file).name == "first.yaml"
    assert Path(draft.where(("vars", "b"), key=True).file).name == "second.yaml"
    assert draft.where(("vars", "c")).line == 3
    assert Path(draft.where(("defaults", "seconds")).file).name == "first.yaml"


def test_a_mapping_left_empty_takes_nothing_from_an_include(write: Any) -> None:
    assert draft_of(write("include: [a.yaml]\nvars:\n", a="vars: {x: 1}\n")).vars == {"x": 1}


def test_a_profile_lies_over_everything_and_points_home(write: Any) -> None:
    path = write(
        "budget: 5\nvars: {a: 1, b: 1}\ndefaults: {seconds: 8, options: {fps: 1, steps: 1}}\n"
        "limits: {concurrency: 8, models: {m: {concurrency: 2}}}\nprofiles:\n  draft:\n"
        "    provider: openrouter\n    budget: 1.10\n    vars: {b: 2}\n"
        "    defaults: {seconds: 4, options: {steps: 2}}\n"
        "    limits: {models: {m: {requests_per_minute: 6}}}\n"
    )
    plain, draft = draft_of(path), draft_of(path, profile="draft")
    assert plain.vars == {"a": 1, "b": 1}
    assert (str(plain.budget), plain.provider.kind) == ("5", "local")
    assert draft.vars == {"a": 1, "b": 2}
    assert draft.budget == Decimal("1.10")
    assert draft.provider.kind == "openrouter"
    assert draft.defaults.seconds == 4
    assert draft.defaults.options == {"fps": 1, "steps": 2}
    assert draft.limits.concurrency == 8
    limit = draft.limits.models["m"]
    assert (limit.concurrency, limit.requests_per_minute) == (2, 6)
    assert draft.where(("defaults", "seconds")).line == 11
    assert draft.profile == "draft"


def test_the_command_line_wins(write: Any) -> None:
    path = write("budget: 5\nprovider: openai\nlimits: {concurrency: 8}\n")
    asked: dict[str, Any] = {
        "provider": "local",
        "budget": Decimal(2),
        "concurrency": 3,
        "variables": {"a": "1"},
    }
    draft = draft_of(path, **asked)
    assert (draft.provider.kind, str(draft.budget)) == ("local", "2")
    assert draft.limits.concurrency == 3
    assert draft.variables == {"a": "1"}
    digests = {draft_of(path, **{name: value}).sha256 for name, value in asked.items()}
    assert len(digests | {draft_of(path).sha256, draft.sha256}) == 6


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ({"profile": "x"}, "--profile"),
        ({"provider": "x"}, "--provider"),
        ({"budget": Decimal(-1)}, "--budget"),
        ({"budget": Decimal("nan")}, "--budget"),
        ({"concurrency": 0}, "--concurrency"),
    ],
)
def test_what_is_wrong_on_the_command_line_is_said_of_it(
    write: Any, asked: dict[str, Any], place: str
) -> None:
    assert [str(p.where) for p in problems_of(write(""), **asked)] == [place]


BOX = "provider: box\nproviders: {box: {kind: vllm-omni, base_url: '%s'}}\n"


def test_addresses_are_put_together_from_the_environment(write: Any) -> None:
    path = write(BOX % "http://${HOST}:${PORT}/v1/")
    draft = draft_of(path, {"HOST": "gpu", "PORT": "8091"})
    assert draft.provider.base_url == "http://gpu:8091/v1"


@pytest.mark.parametrize(
    ("address", "environment"),
    [
        ("http://${HOST}/v1", {}),
        ("http://${HOST}/v1", {"HOST": ""}),
        ("http://${HOST/v1", {"HOST": "x"}),
        ("http://${}/v1", {}),
        ("gpu-box:8091", {}),
        ("ftp://gpu-box", {}),
        ("http://", {}),
        ("http://host:99999", {}),
        ("http://[::1", {}),
        ("http://host/v1?key=hunter2", {}),
        ("http://user:hunter2@host/v1", {}),
        ("${URL}", {"URL": "http://user:hunter2@host"}),
        ("${URL}", {"URL": "hunter2"}),
        ("http://a b", {}),
    ],
)
def test_an_address_that_is_none_is_a_problem_in_its_place(
    write: Any, address: str, environment: dict[str, str]
) -> None:
    (problem,) = problems_of(write(BOX % address), environment)
    assert problem.where.line == 3
    assert "hunter2" not in problem.message + problem.fix
    if "?" not in address:
        assert "hunter2" not in render(problem)


def test_addresses_of_servers_not_used_need_no_environment(write: Any) -> None:
    path = write("providers: {box: {kind: sglang, base_url: '${NOWHERE}'}}\n")
    assert problems_of(path) == []
    path = write("providers: {box: {kind: sglang, base_url: 'nowhere'}}\n")
    assert [p.code for p in problems_of(path)] == ["base-url"]


@pytest.mark.parametrize(
    "key", ["sk-hunter2", "hunter2 ${X}", "${}", "[hunter2]", "1234567", "|\n      hunter2"]
)
def test_a_key_in_a_manifest_is_refused_and_told_to_nobody(write: Any, key: str) -> None:
    path = write(f"providers:\n  box:\n    kind: openai\n    api_key: {key}\n")
    (problem,) = problems_of(path)
    assert problem.code == "literal-key"
    assert "hunter2" not in render(problem)
    assert "1234567" not in render(problem)


def test_a_key_is_only_the_name_of_a_variable(write: Any) -> None:
    path = write("provider: box\nproviders: {box: {kind: openai, api_key: '${BOX_KEY}'}}\n")
    assert draft_of(path).provider.api_key_variable == "BOX_KEY"
    assert "hunter2" not in repr(draft_of(path, {"BOX_KEY": "hunter2"}))


def test_prices_are_exact(write: Any) -> None:
    prices = "{kind: sglang, price_per_second: {a: 0.1, b: '0.30', c: 2}}"
    path = write(f"budget: 25.10\nprovider: box\nproviders: {{box: {prices}}}\n")
    draft = draft_of(path)
    assert draft.budget == Decimal("25.10")
    assert draft.provider.price_per_second is None
    assert draft.provider.prices_per_second == {
        "a": Decimal("0.1"),
        "b": Decimal("0.30"),
        "c": Decimal(2),
    }
    path = write("provider: box\nproviders: {box: {kind: sglang, price_per_second: 0.02}}\n")
    assert draft_of(path).provider.price_per_second == Decimal("0.02")


@pytest.mark.parametrize(
    "kind", ["local", "openai", "vllm-omni", "sglang", "litellm", "openrouter"]
)
def test_every_kind_is_a_provider_of_its_name(write: Any, kind: str) -> None:
    draft = draft_of(write(f"provider: {kind}\n"))
    assert (draft.provider.name, draft.provider.kind, draft.provider.base_url) == (kind, kind, None)
    assert draft.provider.where.line == 2


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5 h", timedelta(minutes=90)),
        ("1d", timedelta(days=1)),
        ("99999999999999999999d", LONGEST + timedelta(seconds=1)),
    ],
)
def test_durations(text: str, meant: timedelta) -> None:
    assert duration(text) == meant


@pytest.mark.parametrize("text", ["0s", "400d", "soon", "30", "30 minutes", "-1m", "1.h", "''"])
def test_a_timeout_that_is_none_is_a_problem(write: Any, text: str) -> None:
    (problem,) = problems_of(write(f"limits: {{render_timeout: {text}}}\n"))
    assert problem.where.line == 2


@pytest.mark.parametrize(
    ("written", "name"),
    [("Harbour Launch", "harbour-launch"), ("港湾", "港湾"), ("../../etc", "etc"), ("a/b", "a-b")],
)
def test_a_name_is_safe_in_a_path(write: Any, written: str, name: str) -> None:
    draft = draft_of(write(f"name: '{written}'\n"))
    assert (draft.name, draft.output) == (name, Path("outputs") / name)


@pytest.mark.parametrize("written", ["'...'", "con", "'/'"])
def test_a_name_that_is_none_is_a_problem(write: Any, written: str) -> None:
    assert [p.code for p in problems_of(write(f"name: {written}\n"))] == ["name"]


def test_the_output_folder_is_where_it_is_said(write: Any) -> None:
    assert draft_of(write("output: /tmp/out\n")).output == Path("/tmp/out")


def test_a_manifest_may_not_include_itself_or_a_list(write: Any) -> None:
    path = write("include: [harbour.yaml, list.yaml, none.yaml]\n", list="- a\n", none="")
    assert [(p.code, Path(p.where.file).name) for p in problems_of(path)] == [
        ("include", "harbour.yaml"),
        ("root", "list.yaml"),
        ("empty", "none.yaml"),
    ]


def test_problems_of_an_include_are_places_in_it(write: Any) -> None:
    path = write("include: [a.yaml]\n", a="vars: {x: 1}\ndefaults: {modle: x}\n")
    (problem,) = problems_of(path)
    assert (Path(problem.where.file).name, problem.where.line) == ("a.yaml", 2)


def test_what_is_wrong_is_left_out_and_the_rest_stays(write: Any) -> None:
    path = write(
        "defaults: {seconds: [4], model: sora-2}\nbudget: much\nshots:\n"
        "  good: dawn\n  bad: [dawn]\n  half: {prompt: dusk, takes: none, promt: x}\n"
    )
    draft, problems = load_draft(path, environment={})
    assert len(problems) == 5
    assert draft is not None
    assert list(draft.spec.shots) == ["good", "half"]
    assert draft.defaults.model == "sora-2"
    assert draft.budget is None
    assert draft.was_dropped(("shots", "bad"))
    assert draft.was_dropped(("shots", "half", "takes"))
    assert draft.was_dropped(("shots", "half", "prompt"))
    assert draft.was_dropped(("defaults", "seconds"))
    assert not draft.was_dropped(("shots", "good"))


def test_what_a_chosen_profile_got_wrong_was_dropped_where_it_would_lie(write: Any) -> None:
    path = write("profiles: {p: {defaults: {model: [x]}}}\n")
    draft, _ = load_draft(path, environment={}, profile="p")
    assert draft is not None
    assert draft.was_dropped(("defaults", "model"))


def test_one_slip_in_a_union_is_one_problem(write: Any) -> None:
    for spec in ("{promt: x}", "{reference: {imag: x}}", "{remix_of: {shoot: x}}", "{seconds: {}}"):
        assert len(problems_of(write(f"shots:\n  hero: {spec}\n"))) == 1, spec


def test_a_place_in_an_included_template_is_a_place_in_its_file(write: Any) -> None:
    path = write("include: [a.yaml]\n", a="snippets:\n  look: |\n    one\n    two {{ x }}\n")
    where = draft_of(path).where_in(("snippets", "look"), 2, 5, 7)
    assert (Path(where.file).name, where.line, where.column) == ("a.yaml", 4, 9)
    assert where.text[where.column - 1 :] == "{{ x }}"


def test_a_missing_manifest_is_a_problem(tmp_path: Path) -> None:
    assert [p.code for p in problems_of(tmp_path / "none.yaml")] == ["missing-file"]


KEYS = (
    "version name provider budget output vars snippets defaults profiles limits providers shots "
    "cuts on_unknown odd include prompt model seconds reference image frame_of at fit focus shot "
    "each job remix_of variants sweep exclude lens takes for_each key needs kind base_url api_key "
    "models price_per_second concurrency render_timeout transition crossfade tags enabled options"
).split()
PIECE: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([None, True, 0, -1, 1.5, "x", "12", "4s", "${A}", "http://x", "local", ""]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=25,
)


@settings(max_examples=100, deadline=None)
@given(data=st.dictionaries(st.sampled_from(KEYS[:15]), PIECE, max_size=6))
def test_any_mapping_gives_a_draft_or_problems_in_our_words(
    data: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(json.dumps({"version": 1, "shots": {"a": "x"}, **data}, indent=1))
    draft, problems = load_draft(path, environment={}, profile="x")
    assert draft is not None or problems
    for problem in problems:
        text = render(problem)
        assert "Input should" not in text
        assert "something else" not in text
        assert "<" not in problem.message
        assert problem.fix
