"""What Jinja says of templates it cannot read, in our words."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import DictLoader, TemplateSyntaxError

from sora_batch.manifest.faults import fault_from
from sora_batch.manifest.jinja_words import plainly
from sora_batch.manifest.sandbox import Sandbox
from tests.manifest.expanding import expanded, only

SAID = {
    "{{ x": ("`{{` is never closed", "close it with `}}`"),
    "{% if x": ("`{%` is never closed", "close it with `%}`"),
    "{# x": ("`{#` is never closed", "close it with `#}`"),
    "{% if x %}y": ("`{% if %}` is never closed", "end it with `{% endif %}`"),
    "{% for a in b %}{% if a %}x{% endfor %}": (
        "`endfor` comes while `if` is open",
        "write `{% endif %}` before it",
    ),
    "{% endif %}": ("`endif` belongs to no `if`", "take it out, or open it: `{% if ... %}`"),
    "{% else %}": ("`else` belongs to no `if`", "take it out, or open it: `{% if ... %}`"),
    "{% if a %}{% product %}{% endif %}": (
        "there is no tag `product`",
        "write `{{ }}` for a value",
    ),
    "{% product %}": ("there is no tag `product`", "write `{{ }}` for a value"),
    "{{ }}": ("it ends too early", "write what is missing before `}}`"),
    "{{ a | }}": ("it ends too early", "write what is missing before `}}`"),
    "{{ a == }}": ("it ends too early", "write what is missing before `}}`"),
    "{% if %}x{% endif %}": ("it ends too early", "write what is missing before `%}`"),
    "{{ a. }}": ("a name is missing behind a dot", "name it"),
    "{{ 'a }}": ("a quote is never closed", "close it with `'`"),
    '{{ "a }}': ("a quote is never closed", 'close it with `"`'),
    "{{ a ? b : c }}": ("`?` has no meaning here", "take it out, or put text in quotes"),
    "{{ (a }}": ("`(` is never closed", "close it with `)`"),
    "{{ x[1 }}": ("`[` is never closed", "close it with `]`"),
    "{{ a b }}": (
        "`b` is not expected here",
        "join values with `~`, put text in quotes, or end it with `}}`",
    ),
    "{% if a = b %}{% endif %}": ("`=` compares nothing", "compare with `==`"),
}


def refused(text: str) -> TemplateSyntaxError:
    """What Jinja raises for a text."""
    with pytest.raises(TemplateSyntaxError) as caught:
        Sandbox(DictLoader({})).from_string(text)
    return caught.value


@pytest.mark.parametrize("text", SAID)
def test_a_template_that_cannot_be_read_is_told_plainly(text: str) -> None:
    assert plainly(str(refused(text))) == SAID[text]


def test_a_fault_has_the_words_and_the_fix() -> None:
    text = "a {{ b"
    fault = fault_from(refused(text), text, None, [], [])
    assert fault.message == "this template cannot be read: `{{` is never closed"
    assert (fault.code, fault.fix) == ("template-syntax", "close it with `}}`")


@pytest.mark.parametrize(
    "text", ["a {{ city in rain.", "{{ a }} {{ b, c", "{{ a ? b", "{% if x %}{{ a b"]
)
def test_braces_that_are_never_closed_are_what_is_wrong(text: str) -> None:
    fault = fault_from(refused(text), text, None, [], [])
    assert (fault.message, fault.fix) == (
        "this template cannot be read: `{{` is never closed",
        "close it with `}}`",
    )


def test_a_shot_without_rows_is_told_where_rows_come_from(tmp_path: Path) -> None:
    problem = only(expanded(tmp_path, 'shots: {a: "{{ row.city }}"}'))
    assert problem.message == "nothing is called `row` here"
    assert problem.fix == "a shot has rows where it says `for_each`"


def test_words_nobody_knows_stay_as_they_are() -> None:
    assert plainly("something new in Jinja 4") is None
