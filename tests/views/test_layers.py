"""Where boxes and lines of a graph stand."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from sora_batch.views.layers import Layout, laid_out

WIDE, HIGH = 100.0, 40.0
NAMES = [f"n{number}" for number in range(12)]
LINES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=30)


def placed(*lines: tuple[str, str], names: str = "") -> Layout:
    every = list(dict.fromkeys([*names, *(name for line in lines for name in line)]))
    return laid_out(every, lines, box_width=WIDE, box_height=HIGH)


def test_nothing_is_an_empty_picture() -> None:
    assert placed() == Layout(0.0, 0.0, {}, {})


def test_a_chain_runs_level_to_the_right() -> None:
    layout = placed(("a", "b"), ("b", "c"))
    assert [x for x, _ in (layout.boxes[name] for name in "abc")] == [0.0, 164.0, 328.0]
    assert {y for _, y in layout.boxes.values()} == {0.0}
    assert layout.lines["a", "b"] == ((100.0, 20.0), (164.0, 20.0))
    assert (layout.width, layout.height) == (428.0, 40.0)


def test_a_long_line_bends_round_the_layers_it_passes() -> None:
    layout = placed(("a", "b"), ("b", "c"), ("a", "c"))
    _, (left, down), (right, same), _ = layout.lines["a", "c"]
    assert (left, right) == (164.0, 264.0)
    top = layout.boxes["b"][1]
    assert down == same and not top <= down <= top + HIGH


def test_order_follows_the_neighbours() -> None:
    layout = placed(("a", "d"), ("b", "c"), names="abcd")
    assert layout.boxes["d"][1] < layout.boxes["c"][1]


def test_what_has_no_line_stands_below_in_rows() -> None:
    layout = placed(("a", "b"), names="abxyz")
    below = [layout.boxes[name] for name in "xyz"]
    assert all(y > layout.boxes["a"][1] + HIGH for _, y in below)
    assert below[0][1] == below[1][1]


def test_a_circle_is_drawn_all_the_same() -> None:
    layout = placed(("a", "b"), ("b", "a"))
    assert set(layout.lines) == {("a", "b"), ("b", "a")}


@given(LINES)
def test_boxes_never_overlap_and_lines_lead_right(lines: list[tuple[str, str]]) -> None:
    forward = [line for line in lines if line[0] < line[1]]
    layout = laid_out(NAMES, forward, box_width=WIDE, box_height=HIGH)
    for (x, y), (ox, oy) in combinations(layout.boxes.values(), 2):
        assert abs(x - ox) >= WIDE or abs(y - oy) >= HIGH - 1e-6
    for start, end in set(forward):
        assert layout.boxes[start][0] + WIDE < layout.boxes[end][0]
    assert all(x >= 0 and y >= -1e-6 for x, y in layout.boxes.values())
    assert all(x + WIDE <= layout.width + 1e-6 for x, _ in layout.boxes.values())
