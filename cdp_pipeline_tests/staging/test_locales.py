"""Numbers and times by the locale that a source declares: read exactly, or told as unreadable."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cdp_pipeline.project.shapes import FileFormat
from cdp_pipeline.staging.split import split_table
from cdp_pipeline_tests.staging.deliveries import SOURCE, order, shop
from cdp_pipeline_tests.staging.reading import con, one

CENTS = st.decimals(Decimal("-9999999.99"), Decimal("9999999.99"), places=2)
MARKS = {" ": " \u00a0\u202f\u2009", "'": "'’", ".": ".", ",": ","}
ARABIC = str.maketrans("0123456789.,", "٠١٢٣٤٥٦٧٨٩٫٬")
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
quick = settings(max_examples=40, deadline=None)


@quick
@given(amount=CENTS, decimal=st.sampled_from(".,"), thousands=st.sampled_from(" '.,"), data=st.data())
def test_marks_between_thousands(amount: Decimal, decimal: str, thousands: str, data: st.DataObject) -> None:
    """Spaces of every kind, apostrophes, points and commas, as declared; another mark is no amount."""
    if thousands == decimal:
        return
    mark = data.draw(st.sampled_from(MARKS[thousands]))
    text = f"{amount:,.2f}".replace(",", "§").replace(".", decimal).replace("§", mark)
    assert one(text, "money", decimal=decimal, thousands=thousands) == amount
    for other in set(" '.,") - {thousands, decimal}:
        if abs(amount) >= 1000:
            assert one(text, "money", decimal=decimal, thousands=other) is None


@quick
@given(amount=CENTS, currency=st.sampled_from(["", "€", " EUR"]))
def test_negative_amounts_as_declared(amount: Decimal, currency: str) -> None:
    """A minus behind, or brackets, are read where they are declared, and nowhere else."""
    size = f"{abs(amount):.2f}"
    behind, brackets = f"{size}-{currency}", f"({size}{currency})"
    assert one(behind, "money", negative="12-") == -abs(amount)
    assert one(brackets, "money", negative="(12)") == -abs(amount)
    assert one(f"{size}{currency}", "money", negative="(12)") == abs(amount)
    assert one(behind, "money") is one(brackets, "money") is one(brackets, "money", negative="12-") is None


@quick
@given(amount=CENTS)
def test_digits_of_other_scripts(amount: Decimal) -> None:
    """Arabic and Persian digits with their own marks are read where declared; else they are no amount."""
    for text in (f"{amount:,.2f}".translate(ARABIC), f"{amount:.2f}".translate(PERSIAN)):
        assert one(text, "money", digits="arabic") == amount
        assert one(text, "money", digits="arabic", decimal=",", thousands=".") in {amount, None}
        assert one(text, "money") is None


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        ("1.234,56", {"decimal": ","}, Decimal("1234.56")),
        ("1 234,56 €", {"decimal": ",", "thousands": " "}, Decimal("1234.56")),
        ("CHF 1'234.50", {"thousands": "'"}, Decimal("1234.5")),
        ("−12,5", {"decimal": ","}, Decimal("-12.5")),
        ("12.5-", {"negative": "12-"}, Decimal("-12.5")),
        ("-12.5-", {"negative": "12-"}, None),
        ("(12.5)", {"negative": "(12)"}, Decimal("-12.5")),
        ("(-12.5)", {"negative": "(12)"}, None),
        ("()", {"negative": "(12)"}, None),
        ("12 34", {"thousands": " "}, None),
        ("1 2345", {"thousands": " "}, None),
        ("1,23,456", {"thousands": ","}, None),
    ],
)
def test_amounts_by_example(text: str, form: dict[str, Any], value: Decimal | None) -> None:
    """One of each kind, and what only looks like one."""
    assert one(text, "money", **form) == value


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        ("1.000", {"decimal": ","}, 1000),  # a thousand, never one
        ("1,0", {"decimal": ","}, 1),
        ("1,5", {"decimal": ","}, None),
        ("1 000", {"thousands": " "}, 1000),
        ("12-", {"negative": "12-"}, -12),
        ("١٢", {"digits": "arabic"}, 12),
    ],
)
def test_whole_numbers_by_example(text: str, form: dict[str, Any], value: int | None) -> None:
    """A whole number follows the same locale as an amount."""
    assert one(text, "integer", **form) == value


@quick
@given(
    moment=st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)).map(lambda m: m.replace(microsecond=0)),  # noqa: DTZ001
    zone=st.sampled_from(["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"]),
    hour=st.integers(0, 3),
)
def test_an_hour_that_the_clock_skipped_is_none(moment: datetime, zone: str, hour: int) -> None:
    """On the night that summer time begins a skipped wall-clock time has no value; every other one has."""
    for night in (moment, _skipped(moment.year, zone)):
        if night is None:
            continue
        wall = night.replace(hour=hour) if night is moment else night
        back = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC")).astimezone(ZoneInfo(zone))
        exists = back.replace(tzinfo=None) == wall
        is_midnight = (wall.hour, wall.minute, wall.second) == (0, 0, 0)
        for text, dates in ((wall.isoformat(), ()), (f"{wall:%d/%m/%Y %H:%M:%S}", ("%d/%m/%Y %H:%M:%S",))):
            assert (one(text, "timestamp", zone=zone, dates=dates) is not None) == (exists or is_midnight)


def _skipped(year: int, zone: str) -> datetime | None:
    """A time of that year that the clock skipped, on a half hour."""
    wall = datetime(year, 1, 1, 0, 30)  # noqa: DTZ001
    while wall.year == year:
        back = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC")).astimezone(ZoneInfo(zone))
        if back.replace(tzinfo=None) != wall:
            return wall
        wall += timedelta(hours=1)
    return None


def test_day_and_month_follow_the_declared_order() -> None:
    """03/04 is April where days come first and March where months do; both at once is a mistake of the YAML."""
    assert one("03/04/2026", "date", dates=("%d/%m/%Y",)) == date(2026, 4, 3)
    assert one("03/04/2026", "date", dates=("%m/%d/%Y",)) == date(2026, 3, 4)
    with pytest.raises(ValidationError, match="two different days"):
        FileFormat(dates=("%d/%m/%Y", "%m/%d/%Y"))
    with pytest.raises(ValidationError, match="both"):
        FileFormat(decimal=",", thousands=",")
    assert FileFormat(dates=("%Y-%m-%d", "%d/%m/%Y %H:%M", "%d-%m-%Y"))


@pytest.mark.parametrize(
    ("text", "currency", "fits"),
    [
        ("12.50", "EUR", True),
        ("€ 12.50", "EUR", True),
        ("€ 12.50", "USD", False),
        ("USD 12", "EUR", False),
        ("12 usd", "EUR", True),  # no amount anyway
        ("$12", "CAD", True),
        ("$12", "EUR", False),
        ("US$12", "CAD", False),
        ("£5", "EUR", False),
        ("5 kr", "SEK", True),
        ("5 kr.", "EUR", False),
        ("zł 5", "PLN", True),
        ("5 Kč", "PLN", False),
        ("5", None, True),
        (None, "EUR", True),
    ],
)
def test_an_amount_in_another_currency_is_told(text: str | None, currency: str | None, fits: bool) -> None:
    """A code or sign beside an amount must be one of the currency of its row."""
    assert con().execute("select is_in_currency($1::varchar, $2::varchar)", [text, currency]).fetchall() == [(fits,)]


def test_nothing_becomes_null_silently(tmp_path: Path) -> None:
    """Whatever stands in a cell is read or the row is in quarantine, with column and reason."""
    made = shop(tmp_path, shop=SOURCE | {"format": {"zone": "Europe/Amsterdam"}})
    cells = ["1.234,56", "12-", "٣", "(5)", "1e3", "5 pieces", "$5"]
    made.deliver("a.csv", [order(str(i), text, currency="eur") for i, text in enumerate(cells)])
    made.deliver("b.csv", [order("late", "5", updated="2026-03-29 02:30:00")])
    made.deliver("c.csv", [order("1.23457E+15", "5"), order("#REF!", "5"), order("7E10", "5")])
    split_table(made.run, "orders")
    assert made.rows("staging.orders", "order_id") == []
    reasons = dict(made.rows("quarantine.orders", "order_id, reasons"))
    assert all(reasons[str(i)].endswith("total: not an amount") for i in range(6))
    assert reasons["6"] == "total: in another currency than the row says"
    assert reasons["7E10"] == reasons["#REF!"]
    assert reasons["late"] == "updated_at: not a time, or one that the clock skipped"
    assert (
        reasons["#REF!"] == reasons["1.23457E+15"] == "order_id: a number or an error that a spreadsheet made of an id"
    )
