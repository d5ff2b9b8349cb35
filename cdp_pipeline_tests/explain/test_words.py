"""Weights in words: right at the edges, and never without a number for experts."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as some

from cdp_pipeline.explain import words
from cdp_pipeline.pages.figures import bits


def test_the_examples_hold() -> None:
    """The examples in the docstrings are what the functions say."""
    assert doctest.testmod(words).failed == 0


@given(some.floats(min_value=-39, max_value=39))
def test_a_chance_always_shows_its_weight(weight: float) -> None:
    """Whatever the words are, experts find the weight behind them."""
    assert f"(weight {bits(weight)})" in words.chance(weight)


@pytest.mark.parametrize(
    ("weight", "said"), [(40.0, "certain"), (-40.0, "ruled out"), (43.5, "less than 1 in a million")]
)
def test_only_a_source_or_a_steward_is_certain(weight: float, said: str) -> None:
    """A model weight above 40 is very sure, but it is not a fact."""
    assert words.chance(weight).startswith(said)


@given(some.floats(min_value=1, max_value=999_999))
def test_rounding_keeps_two_digits(number: float) -> None:
    """No rounded number is off by more than a tenth."""
    assert float(words.about(number).replace(",", "")) == pytest.approx(number, rel=0.1)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (1.94, "1.9"),
        (2.0, "2"),
        (2.4, "2"),
        (99.6, "100"),
        (999_999, "1,000,000"),
        (1_000_000, "a million"),
    ],
)
def test_a_number_is_rounded_to_what_matters(number: float, text: str) -> None:
    """Below two a digit behind the point, two digits from there on, and a million is enough."""
    assert words.about(number) == text


@pytest.mark.parametrize(
    ("weight", "text"),
    [
        (0.49, "as likely as not (weight +0.5)"),
        (0.5, "about 1 in 2 that this is chance (weight +0.5)"),
        (-0.5, "about 1 in 2 that they are one person, taken by itself (weight −0.5)"),
        (19.9, "about 1 in 980,000 that this is chance (weight +19.9)"),
        (20.0, "less than 1 in a million that this is chance (weight +20.0)"),
    ],
)
def test_a_chance_is_told_by_its_size(weight: float, text: str) -> None:
    """Half a bit is nothing, and beyond a million no number helps."""
    assert words.chance(weight) == text


@pytest.mark.parametrize(
    ("weight", "text"),
    [
        (0.33, "1.3 times likelier for one person"),
        (0.3, "says next to nothing"),
        (-20.0, "over a million times likelier for two people"),
    ],
)
def test_a_field_is_told_by_how_many_times_likelier(weight: float, text: str) -> None:
    """A quarter more is next to nothing; a million is enough."""
    assert words.times(weight) == text


def test_how_common_a_value_is() -> None:
    """Common above one in 200, rare from one in 5,000, and beyond a million no number helps."""
    assert words.rarity(1 / 199) == "common: 1 in 200 records has it"
    assert words.rarity(1 / 201) == "1 in 200 records has it"
    assert words.rarity(1 / 4990) == "1 in 5,000 records has it"
    assert words.rarity(1 / 5001) == "rare: 1 in 5,000 records has it"
    assert words.rarity(0.0) == "rare: 1 in more than a million records has it"
    assert words.before(1e-7) == "of two records picked blindly, 1 pair in 10 million is one person"
    assert words.before(1e-5) == "of two records picked blindly, 1 pair in 100,000 is one person"
