"""Numbers and names as text."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_pipeline.pages import figures


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0%"), (0.0004, "< 0.1%"), (0.031, "3.1%"), (0.03, "3%"), (0.431, "43%"), (0.9999, "99%"), (1, "100%")],
)
def test_only_nothing_is_0_and_only_all_is_100_percent(share: float, text: str) -> None:
    """Rounding never claims that nobody or everybody is meant."""
    assert figures.percent(share) == text


@given(st.integers(0, 10_000), st.integers(1, 50))
def test_a_small_group_is_never_told(value: int, floor: int) -> None:
    """A number of people between nobody and the floor appears nowhere, neither as text nor as a length."""
    if 0 < value < floor:
        assert figures.people(value, floor) == f"< {floor}"
        assert figures.drawn(value, floor) == floor
        assert figures.part(value, 10_000, floor) == figures.part(1, 10_000, floor)
    else:
        assert figures.people(value, floor) == f"{value:,}"
        assert figures.drawn(value, floor) == value


@pytest.mark.parametrize(
    ("amount", "short", "text"),
    [
        (Decimal("1234567.5"), False, "€1,234,568"),
        (Decimal(-12), False, "−€12"),
        (1_250_000, True, "€1.2M"),
        (96_753, True, "€97k"),
        (7_500, True, "€7,500"),
    ],
)
def test_money_is_short_where_it_may_be(amount: Decimal, short: bool, text: str) -> None:
    """Thousands and millions are shortened on demand only."""
    assert figures.money(amount, "EUR", short) == text


def test_names_become_words() -> None:
    """Names of tables and tools read as people write them, also inside a sentence."""
    assert figures.title("email_marketing") == "E-mail marketing"
    assert figures.words("shopify_orders") == "Shopify orders"
    assert figures.words("asked: advertising through ads for google") == "asked: advertising through ads for Google"


def test_weights_are_told_as_odds() -> None:
    """+10 bits are about a thousand times, −1 is a half turned round."""
    assert figures.times(10) == "1,000"
    assert figures.times(1) == "2"
    assert figures.bits(-1.25) == "−1.2"


def test_small_things() -> None:
    """Plurals, lists, days and seconds."""
    assert figures.things(1, "file") == "1 file"
    assert figures.things(1200, "person", "people") == "1,200 people"
    assert figures.listed(["a", "b", "c"]) == "a, b and c"
    assert figures.day(date(2026, 6, 30)) == "30 June 2026"
    assert figures.seconds(75.2) == "1 min 15 s"
