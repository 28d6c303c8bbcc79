from __future__ import annotations

import hashlib
import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sora_batch.manifest.expand import expand
from sora_batch.manifest.load import load_draft
from sora_batch.manifest.slugs import MAX_ID_BYTES, folded
from sora_batch.problems import render
from sora_batch.shots import ImageReference, Size
from tests.manifest.expanding import expanded, ids, only, shot

CITIES = {"c.csv": "city,spot\nLisbon,Belém\nSão Paulo,Ipiranga\n"}


def test_row_then_variant_then_axes_then_take(tmp_path: Path):
    made = expanded(
        tmp_path,
        """
shots:
  hero: at dawn
  opener:
    for_each: c.csv
    key: "{{ row.city }}"
    variants: {calm: "{{ lens }} {{ row.spot }} {{ shot.id }} {{ shot.take }}", bold: b}
    sweep: {lens: [24mm, 85mm], seconds: [4]}
    takes: 2
""",
        CITIES,
    )
    assert ids(made)[:6] == [
        "hero",
        "opener.lisbon.calm.lens=24mm.seconds=4.take1",
        "opener.lisbon.calm.lens=24mm.seconds=4.take2",
        "opener.lisbon.calm.lens=85mm.seconds=4.take1",
        "opener.lisbon.calm.lens=85mm.seconds=4.take2",
        "opener.lisbon.bold.lens=24mm.seconds=4.take1",
    ]
    assert len(made.shots) == 1 + 2 * 2 * 2 * 2
    one = shot(made, "opener.são-paulo.calm.lens=85mm.seconds=4.take2")
    assert one.prompt == f"85mm Ipiranga {one.id} 2"
    assert one.template == "{{ lens }} {{ row.spot }} {{ shot.id }} {{ shot.take }}"
    assert (one.row, one.variant, one.take) == ("são-paulo", "calm", 2)
    assert one.axes == (("lens", "85mm"), ("seconds", 4))
    assert one.variables == {
        "lens": "85mm",
        "seconds": 4,
        "row": {"city": "São Paulo", "spot": "Ipiranga"},
    }


def test_parts_of_absent_fields_are_left_out_and_written_ones_are_not(tmp_path: Path):
    made = expanded(
        tmp_path,
        "shots:\n  a: x\n  b: {prompt: x, takes: 1}\n  c: {prompt: x, variants: {v: {}}}\n"
        "  d: {prompt: x, sweep: {k: [1]}}\n  e: {prompt: x, for_each: [p, q]}\n",
    )
    assert ids(made) == ["a", "b.take1", "c.v", "d.k=1", "e.1", "e.2"]
    assert made.shots[0].take is None


def test_later_wins(tmp_path: Path):
    made = expanded(
        tmp_path,
        """version: 1
vars: {a: manifest, b: manifest, c: manifest, d: manifest, e: manifest, f: manifest}
defaults: {model: sora-2}
profiles: {p: {vars: {b: profile, c: profile, d: profile, e: profile, f: profile}}}
shots:
  s:
    prompt: "{{ a }} {{ b }} {{ c }} {{ d }} {{ e }} {{ f }}"
    vars: {c: shot, d: shot, e: shot, f: shot}
    variants: {v: {vars: {d: variant, e: variant, f: variant}}}
    sweep: {e: [axis], f: [axis]}
""",
        profile="p",
        variables={"f": "line"},
    )
    assert [s.prompt for s in made.shots] == ["manifest profile shot variant axis line"]


def test_defaults_then_shot_then_variant_then_axes(tmp_path: Path):
    made = expanded(
        tmp_path,
        """version: 1
defaults: {model: m, seconds: 4, seed: 1, options: {a: 1, b: 1}, tags: [x]}
shots:
  s:
    prompt: p
    seconds: 8
    options: {b: 2, c: 2}
    tags: [z, x]
    variants: {plain: {}, v: {seconds: 12, options: {c: 3}, tags: [w], seed: null}}
    sweep: {seconds: [16]}
  t: p
""",
    )
    plain, variant, bare = made.shots
    assert (str(plain.seconds), plain.seed, plain.tags) == ("16", 1, ("x", "z"))
    assert plain.options == {"a": 1, "b": 2, "c": 2}
    assert (variant.seed, variant.tags) == (None, ("x", "z", "w"))
    assert variant.options == {"a": 1, "b": 2, "c": 3}
    assert (bare.seconds, bare.size, bare.options) == (
        Decimal(4),
        Size(720, 1280),
        {"a": 1, "b": 1},
    )


def test_templates_are_rendered_in_every_string_of_a_shot(tmp_path: Path):
    made = expanded(
        tmp_path,
        """version: 1
vars: {tier: -pro, length: 8, wide: 1920, picture: hero, steps: 30}
snippets: {light: "light at {{ seconds }} s, {{ width }}x{{ height }}"}
defaults: {model: "sora-2{{ tier }}"}
shots:
  s:
    prompt: "{{ model }} {{ size }} {{ snippets.light }} {{ line }}"
    size: "{{ wide }}x{{ 1080 }}"
    seconds: "{{ length if model == 'sora-2-pro' else 4 }}.0"
    seed: "{{ length * 2 }}"
    options: {steps: "{{ steps }}", note: "{{ steps }} steps", deep: ["{{ width }}"]}
    reference: {image: "pictures/{{ picture }}.png", fit: contain, focus: ["{{ 1 / 4 }}", 1]}
    tags: ["{{ picture }}", "{{ '' }}"]
    vars: {line: "of {{ picture }}"}
""",
    )
    only_one = shot(made, "s")
    assert only_one.prompt == "sora-2-pro 1920x1080 light at 8 s, 1920x1080 of hero"
    assert (only_one.size, str(only_one.seconds), only_one.seed) == (Size(1920, 1080), "8", 16)
    assert only_one.options == {"steps": 30, "note": "30 steps", "deep": [1920]}
    assert only_one.tags == ("hero",)
    assert only_one.reference == ImageReference(
        str(tmp_path / "pictures" / "hero.png"), "contain", (0.25, 1.0)
    )
    assert only_one.variables == {"line": "of hero"}


def test_rows_are_data_and_never_templates(tmp_path: Path):
    made = expanded(
        tmp_path,
        'shots:\n  s: {for_each: c.csv, prompt: "{{ row.city }} {{ row.copy }}"}\n',
        {"c.csv": "city,copy\n{{ product }},{% if %}\n"},
    )
    assert [s.prompt for s in made.shots] == ["{{ product }} {% if %}"]


def test_row_files_and_inline_rows_may_be_named_by_templates(tmp_path: Path):
    text = """
vars: {market: pt}
shots:
  s: {for_each: "rows/{{ market }}.jsonl", key: "{{ row }}", prompt: p}
  t: {for_each: ["{{ market }}", {k: 2}], prompt: "{{ row }}"}
"""
    made = expanded(tmp_path, text, {"rows/pt.jsonl": '"Porto"\n"Faro"\n'})
    assert ids(made) == ["s.porto", "s.faro", "t.1", "t.2"]
    assert [s.prompt for s in made.shots[2:]] == ["pt", "{'k': 2}"]
    assert made.files == {
        tmp_path / "rows" / "pt.jsonl": hashlib.sha256(b'"Porto"\n"Faro"\n').hexdigest()
    }


def test_a_picture_may_be_a_url_or_stand_beside_the_manifest(tmp_path: Path):
    made = expanded(
        tmp_path,
        "shots:\n  a: {prompt: p, reference: https://x.test/a.png}\n"
        "  b: {prompt: p, reference: ../a.png}\n",
    )
    assert [s.reference.image for s in made.shots if isinstance(s.reference, ImageReference)] == [
        "https://x.test/a.png",
        str(tmp_path.parent / "a.png"),
    ]


def test_what_is_switched_off_is_not_made(tmp_path: Path):
    made = expanded(
        tmp_path, "shots:\n  a: x\n  b: {prompt: '{{ nope }}', for_each: no.csv, enabled: false}\n"
    )
    assert ids(made) == ["a"]


def test_places_are_those_of_the_layer_that_won(tmp_path: Path):
    made = expanded(
        tmp_path,
        "shots:\n  a:\n    prompt: p\n    variants:\n      v: {seconds: 4}\n      w: other\n",
    )
    v, w = made.shots
    assert (v.where.line, v.where.column) == (4, 3)
    assert (v.place("prompt").line, v.place("seconds").line) == (5, 7)
    assert (w.place("prompt").line, w.place("seconds").line) == (8, 2)
    assert v.place("seed") == v.where
    assert sorted(v.places) == ["model", "prompt", "seconds", "size"]


@pytest.mark.parametrize(
    ("shots", "code", "line", "column", "said"),
    [
        ("a: {seconds: 4}", "no-prompt", 4, 3, "`a` has no prompt"),
        ("a: {variants: {v: x, w: {seconds: 4}}}", "no-prompt", 4, 3, "(in `a.w`)"),
        ("a: {prompt: ' '}", "prompt", 4, 15, "this prompt is empty"),
        (f"a: {'x' * 32_001}", "prompt", 4, 6, "this prompt has 32,001 characters"),
        ("a: {prompt: p, model: null}", "no-model", 4, 3, "`a` has no model"),
        ("a: {prompt: p, model: '{{ \"\" }}'}", "model", 4, 25, "this model has no name"),
        ("a: {prompt: p, size: 720p}", "size", 4, 24, "`720p` is no size"),
        ("a: {prompt: p, seconds: 0}", "seconds", 4, 27, "`0` is no length"),
        ("a: {prompt: p, seconds: '{{ model }}'}", "seconds", 4, 27, "`sora-2` is no length"),
        ("a: {prompt: p, seed: '{{ 1.5 }}'}", "seed", 4, 24, "`1.5` is no seed"),
        ("a: {prompt: p, reference: ''}", "reference", 4, 29, "names no picture"),
        ("a: {prompt: p, reference: {fit: cover}}", "reference", 4, 29, "one of the two"),
        ("a: {prompt: p, reference: {image: x, at: 4}}", "reference", 4, 44, "`at` is for a frame"),
        ("a: {prompt: p, remix_of: {job: ' '}}", "job", 4, 34, "this job has no id"),
        ("a: {prompt: '{{ nope }}'}", "unknown-name", 4, 19, "nothing is called `nope` here"),
        ("a: {prompt: p, tags: [x, '{{ nope }}']}", "unknown-name", 4, 32, "`nope`"),
        ("a: {prompt: p, options: {k: ['{{ nope }}']}}", "unknown-name", 4, 36, "`nope`"),
        ("a: {prompt: p, vars: {size: big}}", "reserved-name", 4, 25, "`size` is the shot's own"),
        ("a: {prompt: p, key: x}", "key", 4, 18, "there is no `for_each`"),
        ("con: x", "shot-id", 4, 3, "Windows"),
        ("'🎬': x", "shot-id", 4, 3, "nothing of `🎬` can stand in a file name"),
        ("a: x\n  A: z", "same-id", 5, 3, "`a` and `A` both come to the shot id `a`"),
        ("a: {prompt: p, variants: {}}", "variants", 4, 18, "has no variants"),
        ("a: {variants: {v w: x, v-w: z}}", "same-id", 4, 26, "both come to `v-w`"),
        ("a: {prompt: p, for_each: []}", "rows", 4, 28, "this list is empty"),
        ("a: {prompt: p, for_each: x.csv}", "rows", 4, 28, "there is no file `x.csv`"),
        ("a: {prompt: p, for_each: [x], key: '{{ row.z }}'}", "unknown-name", 4, 46, "has no `z`"),
        ("a: {prompt: p, for_each: [x, X], key: '{{ row }}'}", "same-id", 4, 41, "`a.x`"),
        ("a: {prompt: p, for_each: ['🎬'], key: '{{ row }}'}", "shot-id", 4, 40, "`a.1`"),
        (
            f"{'é' * 90}: {{prompt: p, variants: {{{'v' * 90}: x}}, "
            f"sweep: {{{'b' * 90}: [{'c' * 90}]}}}}",
            "shot-id",
            4,
            3,
            "more than the 200 bytes",
        ),
    ],
)
def test_says_what_is_wrong(
    tmp_path: Path, shots: str, code: str, line: int, column: int, said: str
):
    text = f"version: 1\ndefaults: {{model: sora-2}}\nshots:\n  {shots}\n"
    problem = only(expanded(tmp_path, text))
    assert (problem.code, problem.where.line, problem.where.column) == (code, line, column)
    assert said in problem.message


def test_two_rows_of_one_key_are_both_named(tmp_path: Path):
    problem = only(
        expanded(
            tmp_path,
            'shots:\n  s: {for_each: c.csv, key: "{{ row.city }}", prompt: p}\n',
            {"c.csv": "city\nSão Paulo\nRio\nsão-paulo\n"},
        )
    )
    assert problem.code == "same-id"
    assert [(place.line, place.text) for place in problem.also] == [
        (2, "São Paulo"),
        (4, "são-paulo"),
    ]


def test_ids_that_only_meet_across_shots_are_told(tmp_path: Path):
    problem = only(
        expanded(
            tmp_path,
            "shots:\n  a: {variants: {take1: x}}\n  v1.2: x\n  v1: {prompt: p, for_each: [p, q]}\n",
        )
    )
    assert problem.code == "same-id"
    assert "`v1` and `v1.2` come to the same shot id (in `v1.2`)" in problem.message
    assert problem.also[0].line == 5


def test_names_that_some_disks_take_for_one_are_told(tmp_path: Path):
    assert only(expanded(tmp_path, "shots:\n  straße: x\n  strasse: x\n")).code == "same-id"


def test_a_problem_in_a_block_points_at_its_line(tmp_path: Path):
    made = expanded(
        tmp_path,
        "vars: {product: shoe}\nshots:\n  a:\n    prompt: |\n      one\n      of {{ prodct }}\n",
    )
    assert render(only(made)).splitlines() == [
        f"{tmp_path}/m.yaml:8:13: nothing is called `prodct` here [unknown-name]",
        "       8 |       of {{ prodct }}",
        "         |             ^^^^^^",
        "  fix: did you mean `product`?",
    ]


def test_a_template_that_fails_for_every_row_is_one_problem(tmp_path: Path):
    rows = "city\n" + "x\n" * 2000
    made = expanded(
        tmp_path, 'shots:\n  s: {for_each: c.csv, prompt: "in {{ row.ctiy }}"}\n', {"c.csv": rows}
    )
    problem = only(made)
    assert problem.message == "`row` has no `ctiy` (in `s.1`, `s.2`, `s.3` and 1,997 more)"
    assert problem.fix == "did you mean `city`?"
    assert [place.line for place in problem.also] == [2, 3, 4]


def test_too_many_shots_are_refused_before_any_is_made(tmp_path: Path):
    axis = list(range(100))
    sweep = f"{{k: {axis}, l: {axis}, m: {axis}}}"
    text = f"shots:\n  a: x\n  b: {{prompt: p, sweep: {sweep}, takes: 2}}\n"
    before = time.process_time()
    problem = only(expanded(tmp_path, text))
    assert problem.code == "too-many-shots"
    assert "2,000,001 shots, and 1,000,000 are the most" in problem.message
    assert time.process_time() - before < 5
    problem = only(expanded(tmp_path, "shots:\n  b: {prompt: p, takes: 1000000000000}\n"))
    assert problem.code == "too-many-shots"


def test_all_problems_come_at_once_and_other_shots_are_still_made(tmp_path: Path):
    made = expanded(
        tmp_path,
        """
shots:
  good: x
  bad: {prompt: "{{ nope }}", size: huge, seed: x}
  worse: {prompt: p, seconds: never}
  child: {prompt: p, remix_of: bad, needs: [worse, good]}
""",
    )
    assert [problem.code for problem in made.problems] == ["size", "unknown-name", "seconds"]
    assert [s.id for s in made.shots] == ["good", "child"]
    assert made.shots[1].needs == ("good",)
    assert made.shots[1].source is None


def test_undecodable_bytes_of_a_command_line_are_told(tmp_path: Path):
    made = expanded(tmp_path, 'shots:\n  a: "{{ v | default(1) }}"\n', variables={"v": "\udcff"})
    assert only(made).where.file == "--var"


NAMES = st.text(st.sampled_from("abAB çß. -_1/"), min_size=1, max_size=4)
VALUES = st.one_of(st.integers(-3, 30), NAMES, st.booleans(), st.none())
SHOTS = st.dictionaries(
    NAMES,
    st.fixed_dictionaries(
        {"prompt": st.just("p {{ shot.id }}")},
        optional={
            "variants": st.dictionaries(NAMES, st.just("v"), min_size=1, max_size=3),
            "takes": st.integers(1, 3),
            "for_each": st.lists(VALUES.filter(lambda v: v is not None), min_size=1, max_size=4),
            "key": st.just("{{ row }}"),
            "sweep": st.dictionaries(
                NAMES, st.lists(VALUES, min_size=1, max_size=3), min_size=1, max_size=2
            ),
        },
    ),
    min_size=1,
    max_size=4,
)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(SHOTS)
def test_expansion_is_deterministic_and_ids_are_unique_and_safe(
    tmp_path: Path, shots: dict[str, Any]
):
    manifest = tmp_path / "m.yaml"
    written = {"version": 1, "defaults": {"model": "m"}, "shots": shots}
    manifest.write_text(json.dumps(written, ensure_ascii=False), encoding="utf-8")
    draft, _ = load_draft(manifest, environment={})
    assert draft is not None
    made, _, problems = expand(draft)
    again, _, problems_again = expand(draft)
    assert (made, problems) == (again, problems_again)
    names = [folded(one.id) for one in made]
    assert len(names) == len(set(names))
    assert all(one.prompt == f"p {one.id}" or one.prompt == "v" for one in made)
    for one in made:
        assert not set(one.id) & set('/\\:*?"<>| ')
        assert one.id == one.id.strip(". ")
        assert len(one.id.encode()) <= MAX_ID_BYTES


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.integers(1, 5),
    variants=st.integers(1, 4),
    axes=st.lists(st.integers(1, 4), max_size=3),
    takes=st.integers(1, 3),
)
def test_there_are_as_many_shots_as_the_product_says(
    tmp_path: Path, rows: int, variants: int, axes: list[int], takes: int
):
    spec: dict[str, Any] = {
        "for_each": list(range(rows)),
        "variants": {f"v{i}": "p" for i in range(variants)},
        "takes": takes,
    }
    product = rows * variants * takes
    if axes:
        spec["sweep"] = {f"x{i}": list(range(size)) for i, size in enumerate(axes)}
    for size in axes:
        product *= size
    written = {"version": 1, "defaults": {"model": "m"}, "shots": {"s": spec}}
    text = yaml.safe_dump(written, sort_keys=False)
    assert len(ids(expanded(tmp_path, text))) == product


def test_templates_know_the_variant_of_their_shot(tmp_path: Path):
    made = expanded(
        tmp_path,
        """
shots:
  a:
    prompt: "as {{ shot.variant }}"
    variants: {Calm: {}, bold: {seconds: 4}}
  b:
    remix_of: {shot: a, each: true}
    prompt: "again {{ shot.variant }}"
  c: "alone{% if shot.variant %} as {{ shot.variant }}{% endif %}"
""",
    )
    assert made.problems == []
    assert [s.prompt for s in made.shots] == [
        "as Calm",
        "as bold",
        "again Calm",
        "again bold",
        "alone",
    ]


def test_a_variant_where_there_is_none_is_said_to_be_empty(tmp_path: Path):
    problem = only(expanded(tmp_path, 'shots:\n  a: "as {{ shot.variant }}"\n'))
    assert problem.message == "`shot.variant` is empty (null)"
    assert "{{ shot.variant or '' }}" in problem.fix
