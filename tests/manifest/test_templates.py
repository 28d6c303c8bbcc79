from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sora_batch.manifest.faults import TemplateFault
from sora_batch.manifest.holes import holes_of
from sora_batch.manifest.scope import Scope, Way
from sora_batch.manifest.templates import Templates
from sora_batch.problems import Where
from sora_batch.shots import Json

NAMES: dict[str, Any] = {
    "product": "Aurora trail shoe",
    "count": 3,
    "ratio": 2.5,
    "on": True,
    "nothing": None,
    "colours": ["red", "blue"],
    "row": {"city": "Lisbon", "copy": "Go.", "keys": "brass", "deep": {"er": "x"}, "none": None},
}


def where_in(way: Way, line: int, column: int, length: int) -> Where:
    return Where(".".join(map(str, way)), line, column, length)


def templates(folder: Path = Path(), **snippets: str) -> Templates:
    return Templates(folder, snippets, where_in)


def rendered(
    text: str, made: Templates | None = None, late: dict[str, tuple[Json, Way]] | None = None
) -> str:
    made = made or templates()
    return made.text(text, Scope(made, dict(NAMES), late), ("prompt",))


def fault(text: str, made: Templates | None = None, **late: tuple[Json, Way]) -> TemplateFault:
    with pytest.raises(TemplateFault) as caught:
        rendered(text, made, late)
    return caught.value


class Greedy(BaseException):
    """More was done than may be; no handler of exceptions takes it for a template's."""


@contextmanager
def calls_at_most(most: int) -> Iterator[None]:
    """Counts calls instead of the time they take, which is the machine's."""
    left = most

    def count(frame: object, event: str, arg: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Greedy

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("ends\n", "ends\n"),
        ("{{ product }}", "Aurora trail shoe"),
        ("{{product}}s in {{ row.city }}\n", "Aurora trail shoes in Lisbon\n"),
        ("{{ count }} {{ ratio }} {{ on }}", "3 2.5 True"),
        ("{{ row.deep.er }}", "x"),
        ("{{ row.copy }} {{ row.keys }}", "Go. brass"),
        ("{{ row['city'] }}", "Lisbon"),
        ("{{ product | words(2) }}", "Aurora trail"),
        ("{{ 'São Paulo' | slug }}", "são-paulo"),
        ("{{ colours | join(' and ') | upper }}", "RED AND BLUE"),
        ("{% for c in colours %}{{ loop.index }}{{ c }} {% endfor %}", "1red 2blue "),
        ("{% if count > 2 %}many{% else %}few{% endif %}", "many"),
        ("{# not shown #}x", "x"),
        ("{{ missing | default('none given') }}", "none given"),
        ("{{ nothing or 'none' }}", "none"),
        ("{{ '}}' }}", "}}"),
        ("{{- product -}} ", "Aurora trail shoe"),
        ("{% set x = 2 %}{{ x * count }}", "6"),
        ("{{ colours | list | length }}{{ range(3) | sum }}", "23"),
        ("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(1) }}{{ m('b') }}", "<1><b>"),
        ("}} and { and }", "}} and { and }"),
    ],
)
def test_renders(text: str, shown: str):
    assert rendered(text) == shown


@pytest.mark.parametrize(
    ("text", "code", "column", "length", "said"),
    [
        ("{{ prodct }}", "unknown-name", 4, 6, "nothing is called `prodct` here"),
        ("a {{ row.citty }}", "unknown-name", 10, 5, "`row` has no `citty`"),
        ("{{ product|shout }}", "unknown-name", 12, 5, "there is no filter `shout`"),
        ("{{ row.none }}", "template-error", 4, 8, "`row.none` is empty (null)"),
        ("{{ product", "template-syntax", 1, 10, "cannot be read"),
        ("{% if %}x{% endif %}", "template-syntax", 1, 8, "cannot be read"),
        ("{{ 1 / 0 }}", "template-error", 1, 11, "division by zero"),
        ("x {{ row.city.__class__ }}", "template-unsafe", 15, 9, "`__class__` is not for"),
        ("{{ ''.__class__.__mro__ }}", "template-unsafe", 7, 9, "`__class__` is not for"),
        ("{{ row.update({}) }}", "template-unsafe", 8, 6, "`update` is not for"),
        ("{{ row.items }}", "template-error", 1, 15, "not a text"),
        ("{{ colours|map('upper') }}", "template-error", 1, 26, "not a text"),
        ("{{ colours|random }}", "unknown-name", 12, 6, "there is no filter `random`"),
        ("{{ lipsum() }}", "unknown-name", 4, 6, "nothing is called `lipsum`"),
    ],
)
def test_says_what_is_wrong_and_where(text: str, code: str, column: int, length: int, said: str):
    found = fault(text)
    assert said in found.message
    assert found.code == code
    assert found.where is not None
    assert (found.where.line, found.where.column, found.where.length) == (1, column, length)


def test_a_fault_in_a_later_line_is_placed_in_that_line():
    found = fault("one\ntwo {{ product }}\nthree {{ row.ctiy }}\n")
    assert (found.line, found.column) == (3, 14)
    assert found.fix == "did you mean `city`?"


def test_suggests_names_that_are_close_and_lists_them_where_none_is():
    assert fault("{{ prodcut }}").fix == "did you mean `product`?"
    assert "names here: colours, count" in fault("{{ zzzz }}").fix
    assert fault("{{ product|uper }}").fix == "did you mean `upper`?"


def test_snippets_are_templates_of_the_same_scope():
    made = templates(look="for {{ product }}, {{ snippets.light }}", light="at {{ count }}")
    assert rendered("Shot {{ snippets.look }}", made) == "Shot for Aurora trail shoe, at 3"


def test_a_fault_in_a_snippet_points_at_the_snippet():
    found = fault("{{ snippets.look }}", templates(look="a\nfor {{ prduct }}"))
    assert found.where == Where("snippets.look", 2, 8)


def test_an_unknown_snippet_is_told_with_those_there_are():
    assert fault("{{ snippets.lok }}", templates(look="x")).fix == "did you mean `look`?"


def test_snippets_that_are_made_of_each_other_are_refused():
    found = fault("{{ snippets.a }}", templates(a="{{ snippets.b }}", b="{{ snippets.a }}"))
    assert found.code == "template-recursion"
    assert "`snippets.a` → `snippets.b` → `snippets.a`" in found.message


def test_vars_may_be_templates_and_know_the_scope_they_are_asked_in():
    late: dict[str, tuple[Json, Way]] = {
        "line": ("{{ product }}, {{ row.city }}", ("vars", "line"))
    }
    assert rendered("{{ line }}!", late=late) == "Aurora trail shoe, Lisbon!"
    assert rendered("{{ line|upper }}!", late=late) == "AURORA TRAIL SHOE, LISBON!"
    assert fault("{{ a }}", a=("{{ b }}", ("vars", "a")), b=("{{ a }}", ("vars", "b"))).code == (
        "template-recursion"
    )


def test_a_value_keeps_its_type_where_the_text_is_one_expression():
    made = templates()
    scope = Scope(made, dict(NAMES))
    options: Json = {
        "steps": "{{ count }}",
        "half": "{{ count * 10 }}",
        "text": "{{ count }} steps",
        "list": ["{{ on }}", 1],
        "all": "{{ colours }}",
    }
    assert made.fill(options, scope, ("options",)) == {
        "steps": 3,
        "half": 30,
        "text": "3 steps",
        "list": [True, 1],
        "all": ["red", "blue"],
    }


GREEDY = [
    "{% for i in range(10**9) %}x{% endfor %}",
    "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
    "{% for i in range(9999) %}{% for j in range(9999) if j > 9999 %}{% endfor %}{% endfor %}",
    "{{ 'a' * 10**9 }}",
    "{{ [1] * 10**9 }}",
    "{{ 9 ** (9 ** 9) }}",
    "{{ 'a'|center(10**9) }}",
    "{{ 'a'.ljust(10**9) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%1000000000d'|format(1) }}",
    "{{ '%*d'|format(10**9, 1) }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '{:{}}'.format(1, 10**9) }}",
    "{{ (1).to_bytes(10**9, 'big') }}",
    "{{ 'a'|replace('a','b'*999)|replace('b','c'*999)|replace('c','d'*999) }}",
    "{{ ('x'*9999).replace('', 'y'*9999) }}",
    "{{ range(9999)|join('x'*999) }}",
    "{{ ([range(9999)|list]*99)|sum(start=[]) }}",
    "{{ 1.5|round(10**9) }}",
    "{{ 'a\nb'|indent(10**9) }}",
    "{% macro f(x) %}{{ f([x, x]) }}{% endmacro %}{{ f(1) }}",
    "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "{% set a %}{{ 'x'*9999 }}{% endset %}{% for i in range(99) %}{{ a }}{{ a }}{% endfor %}",
    "{{ " + "(" * 500 + ")" * 500 + " }}",
]


@pytest.mark.parametrize("text", GREEDY)
def test_greedy_templates_are_stopped_at_once(text: str):
    with calls_at_most(3_000_000):
        assert fault(text).code == "template-too-much"


@pytest.mark.parametrize("text", [text for text in GREEDY if "macro" not in text])
def test_greedy_templates_are_stopped_before_they_fill_the_memory(text: str):
    tracemalloc.start()
    assert fault(text).code == "template-too-much"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_doubling_in_includes_is_stopped(tmp_path: Path):
    text = "{% set n = n - 1 %}{% if n %}{% include 'a.j2' %}{% include 'a.j2' %}{% endif %}"
    (tmp_path / "a.j2").write_text(text)
    found = fault("{% set n = 60 %}{% include 'a.j2' %}", templates(tmp_path))
    assert found.code == "template-too-much"


def test_what_one_template_spends_is_not_held_against_the_next():
    made = templates()
    for _ in range(30):
        assert rendered("{% for i in range(3000) %}{% endfor %}x", made) == "x"


def test_includes_beside_the_manifest(tmp_path: Path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "look.j2").write_text("look of {{ product }}")
    made = templates(tmp_path)
    assert rendered("{% include 'parts/look.j2' %}", made) == "look of Aurora trail shoe"
    assert list(made.files) == [tmp_path / "parts" / "look.j2"]


def test_a_fault_in_an_included_file_points_into_it(tmp_path: Path):
    (tmp_path / "look.j2").write_text("one\ntwo {{ prodct }}\n")
    found = fault("{% include 'look.j2' %}", templates(tmp_path))
    assert found.where == Where(str(tmp_path / "look.j2"), 2, 8)
    assert found.where.text == "two {{ prodct }}"
    (tmp_path / "bad.j2").write_text("one\n\n{% if %}")
    found = fault("{% include 'bad.j2' %}", templates(tmp_path))
    assert found.where is not None
    assert (found.where.file, found.where.line) == (str(tmp_path / "bad.j2"), 3)


@pytest.mark.parametrize("name", ["../secret.j2", "/etc/passwd", "sub/../../secret.j2", "link.j2"])
def test_nothing_is_included_from_outside(tmp_path: Path, name: str):
    folder = tmp_path / "manifests"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "secret.j2").write_text("secret")
    (folder / "link.j2").symlink_to(tmp_path / "secret.j2")
    found = fault(f"{{% include '{name}' %}}", templates(folder))
    assert "outside the manifest's folder" in found.message
    assert found.code == "template-file"


def test_a_file_that_is_not_there_is_suggested(tmp_path: Path):
    (tmp_path / "look.j2").write_text("x")
    found = fault("{% include 'lok.j2' %}", templates(tmp_path))
    assert found.fix == "did you mean `look.j2`?"
    assert rendered("{% include 'lok.j2' ignore missing %}ok", templates(tmp_path)) == "ok"


def test_equal_texts_are_compiled_once():
    made = templates()
    assert made.template("{{ product|upper }}") is made.template("{{ product|upper }}")
    assert made.expression("product|upper") is made.expression("product|upper")


@pytest.mark.parametrize(
    "text",
    ["{{ a }}{% if a %}{% endif %}", "{{{ a }}", "{{- a }}", "{{ {'a': 1} }}", "{# x #}{{ a }}"],
)
def test_what_only_jinja_can_read_is_left_to_it(text: str):
    assert holes_of(text)[1] is None


PIECES = st.sampled_from(
    [
        "text",
        " ",
        "\n",
        "{",
        "}",
        "}}",
        "%}",
        "#}",
        "'",
        '"',
        "{{ product }}",
        "{{product}}",
        "{{ row.city }}",
        "{{ row.none }}",
        "{{ row.copy }}",
        "{{ row.nope }}",
        "{{ row.items }}",
        "{{ row }}",
        "{{ nope }}",
        "{{ count }}",
        "{{ ratio }}",
        "{{ on }}",
        "{{ nothing }}",
        "{{ colours }}",
        "{{ none }}",
        "{{ true }}",
        "{{ not }}",
        "{{ product|upper }}",
        "{{ row.city|replace('L', 'M') }}",
        "{{ 'a}}b' }}",
        '{{ "x" ~ count }}',
        "{{ snippets.look }}",
        "{{ snippets.nope }}",
        "{{ late }}",
        "{{- product -}}",
        "{{ -count }}",
        "{{}}",
        "{{ row . city }}",
        "{# c #}",
        "{% if on %}",
        "{% endif %}",
        "{{ loop }}",
        "{{ self }}",
        "\r\n",
        "é",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=7).map("".join))
def test_the_quick_way_means_what_jinja_means(text: str):
    def outcome(*, quick: bool) -> str:
        made = templates(look="for {{ product }}")
        scope = Scope(made, dict(NAMES), {"late": ("{{ count }}!", ("vars", "late"))})
        template = made.template(text)
        try:
            shown = template.render(scope) if quick else template.render_by_jinja(scope)
        except TemplateFault:
            return "fault"
        return f"text {shown}"

    assert outcome(quick=True) == outcome(quick=False)


def test_plain_text_with_carriage_returns_is_read_as_jinja_reads_it():
    assert templates().template("a\r\nb\rc").render(Scope(templates(), {})) == "a\nb\nc"
