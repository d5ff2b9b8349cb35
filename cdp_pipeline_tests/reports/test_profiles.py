"""The sections on profiles and revenue: fill rates, and what people bought."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from cdp_pipeline.reports.profiles import profiles, revenue
from cdp_pipeline_tests.reports.few_facts import block, facts, figures, rows, titles

FILLED = rows(
    "field filled people share",
    ("email", 95, 100, 0.95), ("fax", 0, 100, 0.0), ("phone", 60, 100, 0.6), ("company", 10, 100, 0.1),
)  # fmt: skip
BY_SYSTEM = rows(
    "source field records filled share",
    ("crm", "phone", 200, 50, 0.25), ("crm", "email", 200, 0, 0.0), ("shop", "email", 300, 300, 1.0),
)  # fmt: skip
MONTH = (
    "currency month orders buyers gross_amount refunded_amount net_amount net_amount_new net_amount_returning "
    "net_amount_anonymous"
)


def month(at: int, net: float, currency: str = "EUR", anonymous: float = 0.0) -> tuple[Any, ...]:
    """The month so many months after May 2024: half of its net is from known customers."""
    day = date(2024 + (4 + at) // 12, (4 + at) % 12 + 1, 1)
    return currency, day, 3, 5 + at, net + 10, 10, net, net / 2 - anonymous, net / 2, anonymous


def test_fields_are_told_from_the_best_known() -> None:
    """Share and people of each known field, a small group as a bound; empty fields in words."""
    section = profiles(facts(fill_rates=FILLED, fill_rates_by_system=BY_SYSTEM))
    assert section
    assert section.blocks[0].text == "No source delivers fax."
    assert block(section, "Known of how many people") == [
        "E-mail | | 95% 95 people", "Phone | | 60% 60 people", "Company | | < 20% < 20 people",
    ]  # fmt: skip
    assert section.finding == (
        "Of all people we know e-mail for 95% and phone for 60%. Putting records together raised phone numbers from "
        "25% of the records to 60% of the people. Little is known about company."
    )


def test_who_knows_what_has_a_column_for_each_system() -> None:
    """All people first, then systems by their records; a field that a system never fills is left empty."""
    section = profiles(facts(fill_rates=FILLED, fill_rates_by_system=BY_SYSTEM))
    assert block(section, "Who knows what") == [
        "Field | All people | Shop | CRM", "E-mail | 95% | 100% |", "Phone | 60% | | 25%", "Company | 10% | |",
    ]  # fmt: skip


def test_without_people_there_is_no_section() -> None:
    """No rows, or rows of nobody; and without systems no grid."""
    assert profiles(facts()) is None
    assert profiles(facts(fill_rates=rows("field filled people share", ("email", 0, 0, 0.0)))) is None
    bare = profiles(facts(fill_rates=rows("field filled people share", ("city", 25, 100, 0.25))))
    assert bare
    assert titles(bare) == ["Known of how many people"]
    assert bare.finding == "The best known field is city."


def test_a_gain_of_one_percent_is_not_worth_a_sentence() -> None:
    """Only what putting records together really raised is told."""
    same = rows("source field records filled share", ("crm", "phone", 100, 59, 0.59))
    section = profiles(facts(fill_rates=FILLED, fill_rates_by_system=same))
    assert section
    assert "Putting records together" not in section.finding


def test_revenue_is_told_for_the_last_year_and_held_against_the_one_before() -> None:
    """Sum of twelve months, share of returning customers, and the change, with what nobody can be tied to."""
    months = [month(at, 100 if at < 12 else 150, anonymous=0 if at < 12 else 30) for at in range(24)]
    section = revenue(facts(revenue_by_month=rows(MONTH, *months)))
    assert section
    assert section.finding == (
        "€1,800 net came in over the last 12 months; 50% of it from customers who had bought before. That is 50% more "
        "than in the 12 months before. 20% cannot be tied to anybody."
    )
    less = revenue(facts(revenue_by_month=rows(MONTH, *(month(at, 200 if at < 12 else 150) for at in range(24)))))
    assert less
    assert less.finding.endswith("That is 25% less than in the 12 months before.")
    young = revenue(facts(revenue_by_month=rows(MONTH, *(month(at, 100) for at in range(23)))))
    assert young
    assert "in the 12 months before" not in young.finding


def test_months_are_drawn_and_listed_from_the_newest() -> None:
    """24 months at most; the columns carry their year in January and now and then a month."""
    section = revenue(facts(revenue_by_month=rows(MONTH, *(month(at, 100 + at) for at in range(26)))))
    assert section
    drawn = block(section, "Net revenue by month, EUR")
    assert drawn[3:5] == [
        "July 2024: €102 in 3 orders; known customers €51; first-time buyers €51; buyers nobody knows €0 Jul",
        "August 2024: €103 in 3 orders; known customers €52; first-time buyers €52; buyers nobody knows €0",
    ]
    ticks = [line.split("€0")[1].strip() for line in drawn if "nobody knows" in line and "€0" in line]
    year = ["Jul", "", "", "Oct", "", "", "2025", "", "", "Apr", "", ""]
    assert ticks == [*year, *(tick.replace("2025", "2026") for tick in year)]
    assert section.blocks[0].text == "Highest: €125 in June 2026."
    table = block(section, "The months in numbers")
    assert figures(section, "The months in numbers") == ["Orders", "Buyers", "Charged", "Paid back", "Net"]
    assert len(table) == 25
    assert table[1] == "June 2026 | 3 | 30 | €135 | €10 | €125"
    assert table[-1] == "July 2024 | 3 | < 20 | €112 | €10 | €102"


def test_a_first_month_has_its_name_and_an_amount_nobody_knows_a_dash() -> None:
    """The first column is always named; what is not known is no zero."""
    row = {**rows(MONTH, month(1, 100))[0], "refunded_amount": None}
    section = revenue(facts(revenue_by_month=(row,)))
    assert block(section, "Net revenue by month, EUR")[-1].endswith("€0 Jun")
    assert block(section, "The months in numbers")[1] == "June 2024 | 3 | < 20 | €110 | – | €100"


def test_other_currencies_are_told_apart() -> None:
    """They are not added up; with nothing else they are the whole section; without orders there is none."""
    both = rows(MONTH, month(0, 100), month(0, 7, "USD"))
    section = revenue(facts(revenue_by_month=both, headlines=rows("buyers_without_revenue", (30,))))
    assert section
    assert section.finding.endswith(
        "Orders in USD are not counted here. Of 30 buyers the revenue is not known, since they were charged in another "
        "currency or a refund does not say how much: they have no score for money, and no rule about revenue finds them."
    )
    only = revenue(facts(revenue_by_month=both[1:]))
    assert only
    assert (only.finding, only.blocks) == ("All orders are in USD, none in EUR.", ())
    assert revenue(facts()) is None
    assert revenue(replace(facts(revenue_by_month=both[:1]), currency="USD")) is not None


def test_the_three_least_known_fields_are_named() -> None:
    """The weakest first, under a quarter only, none that nobody delivers."""
    fields = [(f"f{at}", at, 100, at / 100) for at in (0, 1, 2, 3, 4, 25, 90)]
    section = profiles(facts(fill_rates=rows("field filled people share", *fields)))
    assert section
    assert section.finding == "The best known field is f90. Little is known about f1, f2 and f3."


def test_a_year_without_revenue_claims_no_shares() -> None:
    """Nothing is no whole of which there are shares."""
    section = revenue(facts(revenue_by_month=rows(MONTH, month(0, 0))))
    assert section
    assert section.finding == "€0 net came in over the last 1 month."
