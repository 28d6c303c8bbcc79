"""Order and circles of needs."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from sora_batch.planning.graph import Graph, cycle_problems, graph_of
from sora_batch.shots import FrameReference, Shot, ShotId, Source
from tests.planning.values import FILE, at, shot


def ids(shots: list[Shot], graph: Graph) -> list[str]:
    return [shots[number].id for number in graph.order]


def test_shots_without_needs_stay_as_they_are_written() -> None:
    shots = [shot("c"), shot("a"), shot("b")]
    assert ids(shots, graph_of(shots)) == ["c", "a", "b"]


def test_a_shot_follows_what_it_needs_and_otherwise_its_place_in_the_manifest() -> None:
    shots = [
        shot("british", remix_of="hero"),
        shot("alone"),
        shot("hero", needs=(ShotId("last"),)),
        shot("descent", reference=FrameReference(ShotId("hero"))),
        shot("last"),
    ]
    graph = graph_of(shots)
    assert ids(shots, graph) == ["alone", "last", "hero", "british", "descent"]
    assert graph.needs == {0: (2,), 2: (4,), 3: (2,)}
    assert graph.needed_by == {2: (0, 3), 4: (2,)}


def test_up_and_down_the_graph() -> None:
    shots = [shot("a"), shot("b", remix_of="a"), shot("c", remix_of="b"), shot("d", remix_of="a")]
    graph = graph_of(shots)
    assert graph.upstream([2]) == {0, 1, 2}
    assert graph.downstream([1]) == {1, 2}
    assert graph.downstream([0]) == {0, 1, 2, 3}


def test_a_need_that_is_no_shot_is_left_out() -> None:
    shots = [shot("a", remix_of="nowhere"), shot("b", remix_of="a")]
    graph = graph_of(shots)
    assert graph.needs == {1: (0,)}
    assert not graph.stuck


def test_a_chain_of_ten_thousand_written_backwards_is_put_in_order() -> None:
    count = 10_000
    shots = [shot(f"s{n}", remix_of=f"s{n + 1}") for n in range(count - 1)] + [
        shot(f"s{count - 1}")
    ]
    graph = graph_of(shots)
    assert list(graph.order) == list(range(count - 1, -1, -1))
    assert graph.upstream([0]) == set(range(count))


def test_a_circle_is_one_problem_that_names_all_of_it_with_lines() -> None:
    shots = [
        shot("free"),
        shot("c", remix_of="b", places={"remix_of": at(30, 16)}, where=at(29)),
        shot("a", remix_of="c", places={"remix_of": at(12, 16)}, where=at(11)),
        shot("b", needs=(ShotId("a"),), places={"needs": at(22, 12)}, where=at(21)),
        shot("after", remix_of="a"),
    ]
    graph = graph_of(shots)
    assert [shots[n].id for n in graph.stuck] == ["c", "a", "b", "after"]
    (problem,) = cycle_problems(shots, graph)
    assert problem.message == (
        "shots need each other in a circle: "
        "`a` (line 12) -> `c` (line 30) -> `b` (line 22) -> `a` (line 12)"
    )
    assert str(problem.where) == f"{FILE}:12:16"
    assert [str(place) for place in problem.also] == [f"{FILE}:30:16", f"{FILE}:22:12"]
    assert problem.code == "cycle"


def test_a_shot_that_needs_itself() -> None:
    shots = [shot("a", remix_of="a", where=at(4))]
    (problem,) = cycle_problems(shots, graph_of(shots))
    assert problem.message == "`a` (line 4) needs itself"


def test_two_circles_are_two_problems_and_what_waits_for_them_is_none() -> None:
    pairs = [("a", "b"), ("b", "a"), ("c", "d"), ("d", "c"), ("e", "a"), ("f", "e")]
    shots = [shot(name, remix_of=needed) for name, needed in pairs]
    assert len(cycle_problems(shots, graph_of(shots))) == 2


def test_a_circle_of_two_hundred_is_shortened_and_counted() -> None:
    shots = [shot(f"s{n}", remix_of=f"s{(n + 1) % 200}", where=at(n + 1)) for n in range(200)]
    (problem,) = cycle_problems(shots, graph_of(shots))
    assert "(200 shots)" in problem.message
    assert "… 192 more …" in problem.message
    assert problem.message.endswith("`s198` (line 199) -> `s199` (line 200) -> `s0` (line 1)")
    assert len(problem.also) == 7


def test_a_circle_of_ten_thousand_does_not_exhaust_the_stack() -> None:
    count = 10_000
    shots = [shot(f"s{n}", remix_of=f"s{(n + 1) % count}") for n in range(count)]
    (problem,) = cycle_problems(shots, graph_of(shots))
    assert f"({count} shots)" in problem.message


@st.composite
def any_needs(draw: st.DrawFn) -> list[Shot]:
    count = draw(st.integers(1, 12))
    numbers = st.integers(0, count - 1)
    edges = draw(st.lists(st.lists(numbers, max_size=3), min_size=count, max_size=count))
    return [
        shot(f"s{n}", needs=tuple(ShotId(f"s{one}") for one in needed))
        for n, needed in enumerate(edges)
    ]


@settings(max_examples=150, deadline=None)
@given(any_needs())
def test_every_shot_follows_what_it_needs_or_is_stuck_behind_a_circle(shots: list[Shot]) -> None:
    graph = graph_of(shots)
    place = {number: n for n, number in enumerate(graph.order)}
    assert sorted([*graph.order, *graph.stuck]) == list(range(len(shots)))
    for number, needed in graph.needs.items():
        if number in place:
            assert all(place[one] < place[number] for one in needed)
    assert bool(graph.stuck) == bool(cycle_problems(shots, graph))
    for stuck in graph.stuck:
        assert any(needed in graph.stuck for needed in graph.needs[stuck])


@settings(max_examples=60, deadline=None)
@given(any_needs())
def test_the_order_is_the_earliest_written_that_is_ready(shots: list[Shot]) -> None:
    graph = graph_of(shots)
    done: set[int] = set()
    for number in graph.order:
        ready = [
            n
            for n in range(len(shots))
            if n not in done and done.issuperset(graph.needs.get(n, ()))
        ]
        assert number == ready[0]
        done.add(number)


def test_the_place_of_a_source_counts_where_it_is_known() -> None:
    hero = shot("hero", source=Source("edit", shot=ShotId("b"), where=at(7, 14)), where=at(6))
    frame = replace(
        shot("b", where=at(9)),
        reference=FrameReference(ShotId("hero"), where=at(10, 20)),
    )
    (problem,) = cycle_problems([hero, frame], graph_of([hero, frame]))
    assert (str(problem.where), str(problem.also[0])) == (f"{FILE}:7:14", f"{FILE}:10:20")
