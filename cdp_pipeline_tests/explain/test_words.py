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
