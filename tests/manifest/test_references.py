from __future__ import annotations

import time
from pathlib import Path

import pytest

from sora_batch.manifest.expand import Expansion
from sora_batch.shots import FrameReference
from tests.manifest.expanding import expanded, ids, only, shot

CITIES = {"c.csv": "city\nLisbon\nPorto\n", "d.csv": "town\nOslo\nBergen\n"}


def parents(made: Expansion, spec: str) -> dict[str, str]:
    """What each shot of a spec is made from."""
    ids(made)
    return {
        shot.id: str(shot.source.shot)
        for shot in made.shots
        if shot.spec == spec and shot.source is not None
    }


def test_a_single_parent_is_named_by_its_name(tmp_path: Path):
    made = expanded(
        tmp_path,
        """
shots:
  hero: at dawn
  british: {prompt: b, remix_of: hero}
  again: {prompt: c, edit_of: {shot: british}}
  longer: {prompt: d, extend_of: "{{ 'he' }}ro"}
  after: {prompt: e, reference: {frame_of: hero, at: 1.50, fit: blur, focus: [0.1, "0.9"]}}
  elsewhere: {prompt: f, remix_of: {job: video_123}}
""",
    )
    assert parents(made, "british") == {"british": "hero"}
    assert parents(made, "again") == {"again": "british"}
    assert parents(made, "longer") == {"longer": "hero"}
    reference = shot(made, "after").reference
    assert isinstance(reference, FrameReference)
    assert (reference.shot, str(reference.at)) == ("hero", "1.5")
    assert (reference.fit, reference.focus) == ("blur", (0.1, 0.9))
    source = shot(made, "elsewhere").source
    assert source is not None
    assert (source.kind, source.shot, source.job) == ("remix", None, "video_123")
    assert shot(made, "british").source == shot(made, "british").source
    assert source.where.line == 10


def test_a_child_with_the_same_axes_follows_the_parent_that_has_its_values(tmp_path: Path):
    made = expanded(
        tmp_path,
        """
shots:
  hero: {prompt: h, sweep: {lens: [24mm, 85mm], mood: [calm]}}
  descent: {prompt: d, sweep: {lens: [85mm, 24mm]}, remix_of: hero}
""",
    )
    assert parents(made, "descent") == {
        "descent.lens=85mm": "hero.lens=85mm.mood=calm",
        "descent.lens=24mm": "hero.lens=24mm.mood=calm",
    }


def test_rows_variants_and_takes_are_matched_as_axes_are(tmp_path: Path):
    made = expanded(
        tmp_path,
        """
shots:
  hero: {for_each: c.csv, variants: {a: x, b: y}, takes: 2}
  follow: {for_each: c.csv, variants: {b: x, a: y}, takes: 2, remix_of: hero}
""",
        CITIES,
    )
    follow = parents(made, "follow")
    assert len(follow) == 8
    assert follow == {child: child.replace("follow", "hero") for child in follow}


def test_rows_with_keys_match_by_key_even_from_other_files(tmp_path: Path):
    made = expanded(
        tmp_path,
        """
shots:
  hero: {for_each: c.csv, key: "{{ row.city }}", prompt: h}
  follow: {for_each: [{name: porto}], key: "{{ row.name }}", prompt: f, remix_of: hero}
""",
        CITIES,
    )
    assert parents(made, "follow") == {"follow.porto": "hero.porto"}


def test_row_numbers_of_different_files_mean_nothing_to_each_other(tmp_path: Path):
    problem = only(
        expanded(
            tmp_path,
            "shots:\n  hero: {for_each: c.csv, prompt: h}\n"
            "  follow: {for_each: d.csv, prompt: f, remix_of: hero}\n",
            CITIES,
        )
    )
    assert problem.code == "many-parents"
    assert "`hero` is 2 shots, and one is needed here: `hero.1`, `hero.2`" in problem.message


def test_an_id_or_a_pattern_names_exactly(tmp_path: Path):
    made = expanded(
        tmp_path,
        """
shots:
  opener: {variants: {calm: c, bold: b}, sweep: {lens: [24mm, 85mm]}}
  one: {prompt: o, remix_of: opener.calm.lens=24mm}
  lone: {prompt: l, remix_of: "opener.*.lens=2*", variants: {calm: x}}
  all: {prompt: a, needs: ["opener.calm.*", one]}
""".replace("opener.*.lens=2*", "opener.c*.lens=2*"),
    )
    assert parents(made, "one") == {"one": "opener.calm.lens=24mm"}
    assert parents(made, "lone") == {"lone.calm": "opener.calm.lens=24mm"}
    assert shot(made, "all").needs == ("opener.calm.lens=24mm", "opener.calm.lens=85mm", "one")


def test_a_row_may_name_its_parent(tmp_path: Path):
    made = expanded(
        tmp_path,
        """
shots:
  city: {for_each: c.csv, key: "{{ row.city }}", prompt: c}
  trip: {for_each: [{to: Porto}], prompt: t, remix_of: "city.{{ row.to | slug }}"}
""",
        CITIES,
    )
    assert parents(made, "trip") == {"trip.1": "city.porto"}


def test_each_makes_the_child_once_for_each_parent_and_takes_on_its_parts(tmp_path: Path):
    made = expanded(
        tmp_path,
        """
shots:
  uk:
    prompt: "{{ shot.id }} {{ lens }}"
    remix_of: {shot: opener, each: true}
    sweep: {accent: [british, irish]}
  opener: {variants: {calm: c, bold: b}, sweep: {lens: [24mm]}, takes: 1}
  sound: {prompt: s, needs: [{shot: uk, each: true}]}
""",
    )
    assert ids(made)[:4] == [
        "uk.calm.lens=24mm.take1.accent=british",
        "uk.calm.lens=24mm.take1.accent=irish",
        "uk.bold.lens=24mm.take1.accent=british",
        "uk.bold.lens=24mm.take1.accent=irish",
    ]
    child = shot(made, "uk.bold.lens=24mm.take1.accent=irish")
    assert child.source is not None
    assert child.source.shot == "opener.bold.lens=24mm.take1"
    assert child.prompt == "uk.bold.lens=24mm.take1.accent=irish 24mm"
    assert (child.variant, child.take) == ("bold", None)
    assert child.axes == (("lens", "24mm"), ("accent", "irish"))
    assert shot(made, "sound.calm.lens=24mm.take1.accent=irish").needs == (
        "uk.calm.lens=24mm.take1.accent=irish",
    )


def test_each_agrees_with_the_axes_the_child_has_itself(tmp_path: Path):
    made = expanded(
        tmp_path,
        """
shots:
  a: {prompt: a, sweep: {lens: [24mm, 85mm], mood: [calm, wild]}}
  b: {prompt: b, sweep: {lens: [85mm]}, remix_of: {shot: a, each: true}}
""",
    )
    assert parents(made, "b") == {
        "b.mood=calm.lens=85mm": "a.lens=85mm.mood=calm",
        "b.mood=wild.lens=85mm": "a.lens=85mm.mood=wild",
    }


def test_each_of_a_row_knows_the_row(tmp_path: Path):
    made = expanded(
        tmp_path,
        """
shots:
  city: {for_each: c.csv, key: "{{ row.city }}", prompt: c}
  night: {prompt: "{{ row.city }} at night", remix_of: {shot: city, each: true}}
  rain: {prompt: r, extend_of: {shot: "night.*", each: true}, reference: {frame_of: city}}
""",
        CITIES,
    )
    assert [s.prompt for s in made.shots if s.spec == "night"] == [
        "Lisbon at night",
        "Porto at night",
    ]
    assert parents(made, "rain") == {"rain.lisbon": "night.lisbon", "rain.porto": "night.porto"}
    assert shot(made, "rain.porto").row == "porto"
    reference = shot(made, "rain.porto").reference
    assert isinstance(reference, FrameReference)
    assert reference.shot == "city.porto"


@pytest.mark.parametrize(
    ("shots", "code", "said", "fix"),
    [
        ("a: x\n  b: {prompt: p, remix_of: aa}", "unknown-shot", "there is no shot `aa`", "`a`"),
        ("hero: x\n  b: {prompt: p, remix_of: heroo}", "unknown-shot", "", "did you mean `hero`?"),
        (
            "hero: {prompt: x, sweep: {lens: [24mm]}}\n  b: {prompt: p, remix_of: hero.lens=25mm}",
            "unknown-shot",
            "",
            "did you mean `hero.lens=24mm`?",
        ),
        ('a: x\n  b: {prompt: p, needs: ["c.*"]}', "unknown-shot", "no shot matches `c.*`", ""),
        (
            "a: {prompt: x, enabled: false}\n  b: {prompt: p, remix_of: a}",
            "disabled-shot",
            "`a` is switched off",
            "switch it on",
        ),
        ("a: {prompt: x, remix_of: a}", "self-reference", "`a` refers to itself", ""),
        (
            "a: {prompt: x, needs: [a.take1], takes: 1}",
            "self-reference",
            "`a.take1` refers to itself",
            "",
        ),
        ('a: {prompt: x, needs: ["a*"]}', "self-reference", "`a` refers to itself", ""),
        (
            "a: {prompt: x, remix_of: {shot: a, each: true}}",
            "self-reference",
            "`a` refers to itself",
            "",
        ),
        (
            "a: {prompt: x, takes: 9}\n  b: {prompt: p, remix_of: a}",
            "many-parents",
            "`a` is 9 shots, and one is needed here: `a.take1`, `a.take2`, `a.take3` and 6 more",
            "`{shot: a, each: true}`",
        ),
        (
            "a: {prompt: x, sweep: {l: [1, 2]}}\n  b: {prompt: p, sweep: {l: [3]}, remix_of: a}",
            "no-parent",
            "`a` has no shot with l `3`",
            "its l is `1`, `2`",
        ),
        (
            "a: {prompt: x, sweep: {l: [1, 2], m: [1, 2], exclude: [{l: 1, m: 2}]}}\n"
            "  b: {prompt: p, sweep: {l: [1], m: [2]}, remix_of: a}",
            "no-parent",
            "`a` has no shot with l `1` and m `2`",
            "",
        ),
        (
            "a: {prompt: x, variants: {v: {remix_of: {shot: b, each: true}}}}\n  b: y",
            "each",
            "`each` belongs to the shot itself",
            "",
        ),
        (
            "a: x\n  b: y\n  c: {prompt: p, remix_of: {shot: a, each: true}, "
            "needs: [{shot: b, each: true}]}",
            "each",
            "for each of one other only",
            "",
        ),
        (
            "a: {prompt: x, remix_of: {shot: b, each: true}}\n"
            "  b: {prompt: y, remix_of: {shot: a, each: true}}",
            "cycle",
            "made for each of the other",
            "",
        ),
        (
            "a: x\n  b: {prompt: p, remix_of: a, edit_of: a}",
            "clash",
            "a shot is made from one other at most",
            "keep one",
        ),
    ],
)
def test_says_what_is_wrong_with_a_reference(
    tmp_path: Path, shots: str, code: str, said: str, fix: str
):
    problem = only(expanded(tmp_path, f"shots:\n  {shots}\n"))
    assert problem.code == code
    assert said in problem.message
    assert fix in problem.fix


def test_a_reference_to_what_has_problems_itself_is_no_further_problem(tmp_path: Path):
    made = expanded(
        tmp_path, "shots:\n  a: {prompt: x, for_each: no.csv}\n  b: {prompt: p, remix_of: a}\n"
    )
    assert [problem.code for problem in made.problems] == ["rows"]
    assert [shot.source for shot in made.shots] == [None]


def test_a_variant_may_be_made_from_another_of_its_kind(tmp_path: Path):
    made = expanded(
        tmp_path, "shots:\n  a: {variants: {first: x, second: {prompt: y, remix_of: a.first}}}\n"
    )
    assert parents(made, "a") == {"a.second": "a.first"}


def test_a_variant_takes_back_the_source_of_its_shot(tmp_path: Path):
    made = expanded(
        tmp_path,
        "shots:\n  h: x\n  a: {prompt: y, remix_of: h, variants: {w: {remix_of: null}, "
        "e: {edit_of: h}, r: {}}}\n",
    )
    kinds = [s.source.kind if s.source else None for s in made.shots if s.spec == "a"]
    assert kinds == [None, "edit", "remix"]


def test_ten_thousand_children_find_ten_thousand_parents_at_once(tmp_path: Path):
    axis = list(range(100))
    text = f"""
shots:
  a: {{prompt: a, sweep: {{x: {axis}, z: {axis}}}}}
  b: {{prompt: b, sweep: {{z: {axis}, x: {axis}}}, remix_of: a}}
"""
    before = time.process_time()
    made = expanded(tmp_path, text)
    took = time.process_time() - before
    found = parents(made, "b")
    assert len(found) == 10_000
    assert found["b.z=3.x=98"] == "a.x=98.z=3"
    assert took < 10


def test_hundreds_of_children_without_one_parent_are_one_problem(tmp_path: Path):
    axis = list(range(30))
    text = f"""
shots:
  a: {{prompt: a, sweep: {{x: {axis}, z: {axis}}}}}
  b: {{prompt: b, sweep: {{u: {axis}, v: {axis}}}, remix_of: a}}
"""
    problem = only(expanded(tmp_path, text))
    assert "`a` is 900 shots" in problem.message
    assert problem.message.endswith("(in `b.u=0.v=0`, `b.u=0.v=1`, `b.u=0.v=2` and 897 more)")


def test_a_web_of_millions_of_needs_is_refused(tmp_path: Path):
    text = "shots:\n  a: {prompt: p, takes: 2000}\n  b: {prompt: p, sweep: {k: [%s]}, needs: [a]}\n"
    numbers = ", ".join(map(str, range(2000)))
    problem = only(expanded(tmp_path, text % numbers))
    assert problem.code == "too-many-needs"
    assert problem.message.endswith("and 997 more)")


def test_cuts_are_names_ids_and_patterns_in_order(tmp_path: Path):
    (tmp_path / "theme.mp3").write_bytes(b"ID3")
    made = expanded(
        tmp_path,
        """
shots:
  city: {for_each: c.csv, key: "{{ row.city }}", prompt: c}
  hero: x
cuts:
  teaser:
    shots: [hero, city.porto, "*", hero]
    transition: {crossfade: 0.5}
    captions: "{{ shot.id }}{{ row.city if row is defined }}"
    music: theme.mp3
  plain: {shots: [city], captions: same}
""",
        CITIES,
    )
    ids(made)
    teaser, plain = made.cuts
    assert teaser.shots == ("hero", "city.porto", "city.lisbon", "hero")
    assert teaser.caption_texts == ("hero", "city.portoPorto", "city.lisbonLisbon", "hero")
    assert (str(teaser.crossfade_s), teaser.music) == ("0.5", tmp_path / "theme.mp3")
    assert plain.shots == ("city.lisbon", "city.porto")
    assert plain.caption_texts == ("same", "same")


@pytest.mark.parametrize(
    ("cuts", "code"),
    [
        ("a: {shots: [nope]}", "unknown-shot"),
        ("a: {shots: [idle]}", "disabled-shot"),
        ("a: {shots: [hero], music: none.mp3}", "music"),
        ("nul: {shots: [hero]}", "shot-id"),
        ("a: {shots: [hero]}\n  A: {shots: [hero]}", "same-id"),
        ('a: {shots: [hero], captions: "{{ nope }}"}', "unknown-name"),
    ],
)
def test_says_what_is_wrong_with_a_cut(tmp_path: Path, cuts: str, code: str):
    made = expanded(
        tmp_path, f"shots:\n  hero: x\n  idle: {{prompt: p, enabled: false}}\ncuts:\n  {cuts}\n"
    )
    assert only(made).code == code
