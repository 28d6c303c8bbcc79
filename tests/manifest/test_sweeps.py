from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_batch.manifest.findings import Findings
from sora_batch.manifest.scope import Way
from sora_batch.manifest.shot_schema import SweepSpec
from sora_batch.manifest.sweeps import Sweep
from sora_batch.problems import Where
from sora_batch.shots import Json
from tests.manifest.expanding import expanded, ids, only

WAY: Way = ("shots", "s", "sweep")


def multiplied(sweep: Mapping[str, object]) -> tuple[list[str], list[str]]:
    findings = Findings()

    def where(way: Way, *, key: bool = False) -> Where:
        return Where(".".join(map(str, way)), 1, 1 if key else 2)

    made = Sweep(SweepSpec.model_validate(sweep), WAY, where, findings)
    parts = [".".join(combination.parts) for combination in made.combinations()]
    return parts, [f"{p.where.file}: {p.message}" for p in findings.problems()]


def test_the_first_axis_changes_slowest():
    made, problems = multiplied({"lens": ["24mm", "85mm"], "seconds": [4, 8]})
    assert made == [
        "lens=24mm.seconds=4",
        "lens=24mm.seconds=8",
        "lens=85mm.seconds=4",
        "lens=85mm.seconds=8",
    ]
    assert problems == []


def test_exclude_leaves_out_whatever_has_all_its_values_and_include_adds_exactly_one():
    made, problems = multiplied(
        {
            "lens": ["24mm", "85mm"],
            "seconds": [4, 8],
            "mood": ["calm", "wild"],
            "exclude": [{"lens": "85mm", "seconds": "8"}, {"mood": "wild", "seconds": 4}],
            "include": [{"lens": "135mm", "seconds": 4, "mood": "wild"}],
        }
    )
    assert made == [
        "lens=24mm.seconds=4.mood=calm",
        "lens=24mm.seconds=8.mood=calm",
        "lens=24mm.seconds=8.mood=wild",
        "lens=85mm.seconds=4.mood=calm",
        "lens=135mm.seconds=4.mood=wild",
    ]
    assert problems == []


def test_an_excluded_combination_may_be_included_again():
    made, _ = multiplied({"a": [1, 2], "exclude": [{"a": 1}], "include": [{"a": 1}]})
    assert made == ["a=2", "a=1"]


@pytest.mark.parametrize(
    ("sweep", "problem"),
    [
        ({"a": [1, 1]}, "shots.s.sweep.a.1: two values of `a` come to the same shot id: `a=1`"),
        ({"a": ["x y", "x-y"]}, "shots.s.sweep.a.1: two values of `a` come to the same shot id"),
        ({"a": ["🎬", "b"]}, "shots.s.sweep.a.0: nothing of this value of `a` can stand in"),
        ({"a": [1], "exclude": [{"b": 1}]}, "shots.s.sweep.exclude.0.b: `b` is no axis of this"),
        ({"a": [1], "exclude": [{"a": 2}]}, "shots.s.sweep.exclude.0: this entry leaves nothing"),
        ({"a": [1], "exclude": [{}]}, "shots.s.sweep.exclude.0: this entry is empty"),
        ({"a": [1], "include": [{"a": 1}]}, "shots.s.sweep.include.0: this combination is there"),
        ({"a": [1], "b": [2], "include": [{"a": 3}]}, "missing: `b`"),
        ({"takes": [1], "a": [1]}, "shots.s.sweep.takes: `takes` cannot be an axis"),
        ({"width": [1], "a": [1]}, "shots.s.sweep.width: `width` cannot be an axis"),
        ({"a": [1], "exclude": [{"a": 1}]}, "shots.s.sweep: this sweep has no combination left"),
    ],
)
def test_says_what_is_wrong_with_a_sweep(sweep: dict[str, Json], problem: str):
    _, problems = multiplied(sweep)
    assert len(problems) == 1
    assert problem in problems[0]


AXES = st.dictionaries(
    st.sampled_from("abcdef"),
    st.lists(st.integers(0, 50), min_size=1, max_size=5, unique=True),
    min_size=1,
    max_size=4,
)


@given(AXES)
def test_there_are_as_many_combinations_as_the_product_of_the_axes(axes: dict[str, list[int]]):
    made, problems = multiplied(axes)
    assert problems == []
    assert len(made) == len(set(made)) == math.prod(map(len, axes.values()))


@given(AXES, st.data())
def test_excluding_one_value_leaves_the_product_of_the_others(
    axes: dict[str, list[int]], data: st.DataObject
):
    axis = data.draw(st.sampled_from(sorted(axes)))
    value = data.draw(st.sampled_from(axes[axis]))
    made, _ = multiplied({**axes, "exclude": [{axis: value}]})
    sizes = {name: len(values) - (name == axis) for name, values in axes.items()}
    assert len(made) == math.prod(sizes.values())


def test_an_axis_named_like_a_field_sets_it(tmp_path: Path):
    made = expanded(
        tmp_path,
        """
shots:
  a:
    prompt: "{{ model }} {{ size }} {{ seconds }} {{ seed }}"
    options: {steps: 10, guidance: 2}
    sweep:
      model: [sora-2, sora-2-pro]
      size: [720x1280]
      seconds: [12]
      seed: [7]
      options: [{steps: 20}]
      tags: [[x]]
""",
    )
    shot = made.shots[1]
    assert shot.id == "a.model=sora-2-pro.size=720x1280.seconds=12.seed=7.options=steps-20.tags=x"
    assert (shot.model, str(shot.size), str(shot.seconds), shot.seed) == (
        "sora-2-pro",
        "720x1280",
        "12",
        7,
    )
    assert shot.options == {"steps": 20, "guidance": 2}
    assert shot.tags == ("x",)
    assert shot.prompt == "sora-2-pro 720x1280 12 7"
    assert shot.place("seconds").line == 11
    assert made.problems == []


def test_prompts_may_be_swept_and_their_ids_stay_short(tmp_path: Path):
    long = "a slow push-in over a foggy harbour with cranes and gulls and more of that"
    made = expanded(
        tmp_path,
        f'vars: {{p: x}}\nshots:\n  a: {{sweep: {{prompt: ["{{{{ p }}}} y", "{long}"]}}}}\n',
    )
    assert [shot.prompt for shot in made.shots] == ["x y", long]
    assert ids(made)[0] == "a.prompt=p-y"
    assert len(ids(made)[1]) == len("a.prompt=") + 60


def test_a_null_takes_a_field_back(tmp_path: Path):
    made = expanded(
        tmp_path,
        "shots:\n  a: {prompt: p, seed: 5, sweep: {seed: [null, 6]}}\n",
    )
    assert [shot.seed for shot in made.shots] == [None, 6]
    assert ids(made) == ["a.seed=none", "a.seed=6"]


def test_a_value_that_fits_no_field_is_told(tmp_path: Path):
    problem = only(expanded(tmp_path, "shots:\n  a: {prompt: p, sweep: {options: [5]}}\n"))
    assert problem.message == "this is no value for `options`"
    assert (problem.where.line, problem.where.column) == (4, 36)
