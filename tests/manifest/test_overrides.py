"""`--var` names that nothing uses are slips of the pen; names that something might use are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.manifest.expanding import expanded, only

CITY = 'vars: {city: Oslo}\nshots:\n  a: "A runner in {{ city }}."\n'


def test_a_misspelt_variable_is_a_problem_that_says_what_was_meant(tmp_path: Path) -> None:
    problem = only(expanded(tmp_path, CITY, variables={"ctiy": "Paris"}))
    assert str(problem) == (
        "--var: `ctiy` would change nothing: no template uses it [unused-var]\n"
        "  fix: did you mean `city`?"
    )


def test_without_a_near_name_the_known_ones_are_listed(tmp_path: Path) -> None:
    problem = only(expanded(tmp_path, CITY, variables={"zzz": "1"}))
    assert problem.fix == "use `city`"
    none = only(expanded(tmp_path, "shots:\n  a: plain\n", variables={"zzz": "1"}))
    assert none.fix == "leave it out"


def test_the_name_that_a_template_asks_for_is_meant_though_nothing_declares_it(
    tmp_path: Path,
) -> None:
    made = expanded(tmp_path, 'shots:\n  a: "In {{ city }}."\n', variables={"ctiy": "Paris"})
    assert {problem.code: problem.fix for problem in made.problems}["unused-var"] == (
        "did you mean `city`?"
    )


@pytest.mark.parametrize(
    "text",
    [
        'shots:\n  a: "{{ x }}"\n',
        "vars: {x: 1}\nshots:\n  a: plain\n",
        "profiles: {p: {vars: {x: 1}}}\nshots:\n  a: plain\n",
        "shots:\n  a: {prompt: plain, vars: {x: 1}}\n",
        "shots:\n  a: {variants: {v: {prompt: plain, vars: {x: 1}}}}\n",
        "shots:\n  a: {prompt: plain, sweep: {x: [1, 2]}}\n",
        'snippets: {look: "{{ x }}"}\nshots:\n  a: plain\n',
        'shots:\n  a: plain\n  b: {prompt: "{{ x }}", enabled: false}\n',
        "shots:\n  a: plain\ncuts:\n  c: {shots: [a], captions: \"{{ x | default('') }}\"}\n",
        "shots:\n  a: \"{% if seconds > 99 %}{% include 'late.j2' %}{% endif %}p\"\n",
        "shots:\n  a: \"{% set f = 'look.j2' %}{% include f %}\"\n",
    ],
)
def test_whatever_might_use_it_is_enough(tmp_path: Path, text: str) -> None:
    files = {"late.j2": "{% include 'later.j2' %}", "later.j2": "{{ x }}", "look.j2": "soft"}
    assert expanded(tmp_path, text, files, variables={"x": "1"}).problems == []


def test_what_is_wrong_already_is_told_alone(tmp_path: Path) -> None:
    made = expanded(tmp_path, 'shots:\n  a: "{{ x"\n', variables={"y": "1"})
    assert [problem.code for problem in made.problems] == ["template-syntax"]


def test_a_reserved_name_is_told_once(tmp_path: Path) -> None:
    made = expanded(tmp_path, CITY, variables={"seconds": "4"})
    assert [problem.code for problem in made.problems] == ["reserved-name"]
