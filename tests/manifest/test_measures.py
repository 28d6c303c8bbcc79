from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sora_batch.manifest.measures import (
    fraction_of,
    moment_of,
    plain_number,
    seconds_of,
    seed_of,
    size_of,
)
from sora_batch.shots import Size


@pytest.mark.parametrize("text", ["1280x720", " 1280 x 720 ", "1280X720", "1280×720"])
def test_sizes(text: str):
    assert size_of(text) == Size(1280, 720)


@pytest.mark.parametrize(
    "text", ["", "720p", "1280", "0x720", "-1x2", "1280x99999", "1x2x3", "١x٢"]
)
def test_no_sizes(text: str):
    with pytest.raises(ValueError, match=r"pixels"):
        size_of(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("4", "4"), ("4.0", "4"), ("10", "10"), ("1e1", "10"), (" 2.50 ", "2.5")]
)
def test_seconds_have_one_way_to_be_written(text: str, seconds: str):
    assert str(seconds_of(text)) == seconds


@pytest.mark.parametrize("text", ["", "x", "0", "-4", "nan", "inf", "1e99", "4s", "86401"])
def test_no_seconds(text: str):
    with pytest.raises(ValueError, match="seconds"):
        seconds_of(text)


@given(st.decimals(min_value="0.001", max_value="86400", places=3))
def test_equal_lengths_are_the_same_text(number: Decimal):
    assert str(seconds_of(str(number))) == str(seconds_of(f"{number}0"))


def test_moments_seeds_and_fractions():
    assert moment_of("last") == "last"
    assert moment_of("1.50") == Decimal("1.5")
    assert seed_of("7.0") == 7
    assert fraction_of("0.25") == 0.25
    assert plain_number(Decimal("4")) == 4
    assert isinstance(plain_number(Decimal("4")), int)
    assert plain_number(Decimal("2.5")) == 2.5


@pytest.mark.parametrize("text", ["-1", "1.5", "x", "1e40"])
def test_no_seeds(text: str):
    with pytest.raises(ValueError, match="whole number"):
        seed_of(text)


@pytest.mark.parametrize("text", ["middle", "-1", ""])
def test_no_moments(text: str):
    with pytest.raises(ValueError, match="seconds into the clip"):
        moment_of(text)


@pytest.mark.parametrize("text", ["-0.1", "1.1", "left"])
def test_no_fractions(text: str):
    with pytest.raises(ValueError, match="from 0 to 1"):
        fraction_of(text)
