"""How long renders take."""

from __future__ import annotations

import statistics

import pytest

from sora_batch.simulator.latency import Latency


def test_the_forms_that_can_be_written() -> None:
    assert Latency.parse("2") == Latency("fixed", 2.0)
    assert Latency.parse("0.5-1.5") == Latency("uniform", 0.5, 1.5)
    assert Latency.parse("lognormal:60,0.4") == Latency("lognormal", 60.0, 0.4)


@pytest.mark.parametrize("text", ["", "-1", "5-1", "lognormal:60", "soon", "1e9", "nan"])
def test_what_is_no_latency_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"latency|shorter"):
        Latency.parse(text)


def test_draws_hang_on_the_seed_and_the_number_alone() -> None:
    latency = Latency("lognormal", 60.0, 0.5)
    drawn = [latency.seconds_of(number, 1) for number in range(400)]
    assert drawn == [latency.seconds_of(number, 1) for number in range(400)]
    assert drawn != [latency.seconds_of(number, 2) for number in range(400)]
    assert 50 < statistics.median(drawn) < 72
    assert max(drawn) <= 1200
    spread = [Latency("uniform", 1.0, 5.0).seconds_of(number, 1) for number in range(400)]
    assert 1 <= min(spread) < 1.2 < 4.8 < max(spread) <= 5
