"""Text to values: what is one is read exactly, what is none is NULL and never a wrong value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_pipeline.lake import open_duckdb
from cdp_pipeline.shapes import FileFormat
from cdp_pipeline.staging.currencies import ISO_4217
from cdp_pipeline.staging.parsing import MACROS, TYPES, typed

ZONES = ("Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "UTC", "Australia/Lord_Howe")
AMOUNTS = st.decimals(-(10**13), 10**13, places=4, allow_nan=False, allow_infinity=False)
CENTS = st.decimals(-(10**9), 10**9, places=2, allow_nan=False, allow_infinity=False)
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2090, 1, 1))  # noqa: DTZ001  (walls of no zone yet)
quick = settings(max_examples=40, deadline=None)


@cache
def con() -> duckdb.DuckDBPyConnection:
    made = open_duckdb()
    for macro in MACROS:
        made.execute(macro)
    return made


def read(texts: Sequence[str | None], kind: str, **form: Any) -> list[Any]:
    """The values that texts have as `kind` in a file of this format."""
    sql = typed("text", kind, FileFormat(**form))
    rows = con().execute(
        f"select {sql} as value from (select unnest($1::varchar[]) as text, unnest(range(len($1))) as place) "
        "order by place",
        [list(texts)],
    )
    return [row[0] for row in rows.fetchall()]


def one(text: str | None, kind: str, **form: Any) -> Any:
    return read([text], kind, **form)[0]


def written(amount: Decimal, decimal: str, is_grouped: bool) -> str:
    """An amount as a shop writes it, with or without marks between thousands."""
    text = f"{amount:,f}" if is_grouped else f"{amount:f}"
    return text if decimal == "." else text.translate(str.maketrans(",.", ".,"))


# ---- amounts and numbers ---------------------------------------------------------------------


@quick
@given(
    amounts=st.lists(AMOUNTS | CENTS, min_size=1),
    decimal=st.sampled_from([".", ","]),
    is_grouped=st.booleans(),
)
def test_an_amount_comes_back_to_the_last_digit(
    amounts: list[Decimal], decimal: str, is_grouped: bool
) -> None:
    """Both decimal conventions, with and without thousands marks, exactly."""
    texts = [written(amount, decimal, is_grouped) for amount in amounts]
    assert read(texts, "money", decimal=decimal) == amounts


@quick
@given(
    amount=CENTS,
    currency=st.sampled_from([*ISO_4217, "€", "$", "£", "US$", "kr", "zł", "Kč"]),
    decimal=st.sampled_from([".", ","]),
    blank=st.sampled_from(["", " ", "\t"]),
    is_before=st.booleans(),
)
def test_a_currency_beside_an_amount_changes_nothing(
    amount: Decimal, currency: str, decimal: str, blank: str, is_before: bool
) -> None:
    """A code, a sign or a country's word, before or after: the amount is the same."""
    text = written(amount, decimal, is_grouped=False)
    assert (
        one(f"{currency}{blank}{text}" if is_before else f"{text}{blank}{currency}", "money", decimal=decimal)
        == amount
    )


@quick
@given(amount=st.decimals(Decimal("0.01"), Decimal("999999.99"), places=2))
def test_the_other_convention_is_never_a_wrong_amount(amount: Decimal) -> None:
    """12,50 in a file of points and 12.50 in a file of commas are NULL: never 1250."""
    assert one(written(amount, ",", is_grouped=False), "money", decimal=".") is None
    assert one(written(amount, ".", is_grouped=False), "money", decimal=",") is None


NO_AMOUNTS = (
    "12- --12 +-1 - + . , 1. 1, 1.2.3 1,2,3 1,23,456 1e3 nan inf infinity 0x10 1_000 (12.50) (12,50) 12% a1 1a "
    "5k 1k n/a EUR € ５ ٣ 12/5 12:30 =1+1 1'000 999999999999999999 0.00001 0,00001"
).split()


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("text", [*NO_AMOUNTS, "", "1 000", "12 34", "N/A 5", "12 pieces", "1 2", "5 EUR x"])
def test_what_is_no_amount_is_null(text: str, decimal: str) -> None:
    """Accountants' brackets, exponents, percents, words, other scripts, too many digits: no value."""
    assert one(text, "money", decimal=decimal) is None


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1.234,56", ".", None),
        ("1,234.56", ",", None),
        ("12.5", ",", None),
        ("12,5", ".", None),
        ("1.234", ",", Decimal(1234)),
        ("1,234", ".", Decimal(1234)),
        ("1.234", ".", Decimal("1.234")),
        ("-€12.50", ".", Decimal("-12.5")),
        ("€ -12.50", ".", Decimal("-12.5")),
        ("+5", ".", Decimal(5)),
        (".5", ".", Decimal("0.5")),
        (",5", ",", Decimal("0.5")),
        ("0.123400000", ".", Decimal("0.1234")),
        ("99999999999999.9999", ".", Decimal("99999999999999.9999")),
    ],
)
def test_amounts_by_example(text: str, decimal: str, value: Decimal | None) -> None:
    """What each convention makes of a text that both may meet."""
    assert one(text, "money", decimal=decimal) == value


@quick
@given(st.lists(st.decimals(-(10**11), 10**11, places=6), min_size=1))
def test_a_decimal_has_six_places(numbers: list[Decimal]) -> None:
    """A decimal column holds six decimals exactly, two more than money."""
    assert read([f"{number:f}" for number in numbers], "decimal") == numbers


@quick
@given(st.lists(st.integers(-(10**18) + 1, 10**18 - 1), min_size=1))
def test_a_whole_number_comes_back(numbers: list[int]) -> None:
    """Up to eighteen digits, also as a spreadsheet writes them, with `.0`."""
    assert read([str(number) for number in numbers], "integer") == numbers
    assert read([f"{number}.00" for number in numbers], "integer") == numbers


@pytest.mark.parametrize("text", ["1.5", "1e3", "1,000", "0x10", "1_000", "9" * 19, "٣", "1.", "-", "", "one"])
def test_what_is_no_whole_number_is_null(text: str) -> None:
    """A fraction is not rounded, and nothing is guessed."""
    assert one(text, "integer") is None


def test_yes_and_no() -> None:
    """The ways of exports to say yes and no, in any case; every other word is neither."""
    yes, no = "true T Yes y 1 1.0".split(), "FALSE f no N 0 0.0".split()
    assert read(yes, "boolean") == [True] * len(yes)
    assert read(no, "boolean") == [False] * len(no)
    assert read(["2", "-1", "on", "off", "yes!", "null", "", "١", "ja"], "boolean") == [None] * 9


@quick
@given(st.text(max_size=12))
def test_any_text_is_read_or_null(text: str) -> None:
    """No text whatever stops a run, and whitespace or letters alone are never a value."""
    text = text.replace("\x00", "")
    for kind in TYPES:
        if kind not in {"text", "attributes"}:
            value = one(text, kind, dates=("%d/%m/%Y", "%Y-%m-%d %H:%M %z"))
            if kind != "boolean" and not any(sign.isascii() and sign.isdigit() for sign in text):
                assert value is None


# ---- days and times --------------------------------------------------------------------------


@quick
@given(moment=TIMES, minutes=st.integers(-14 * 60, 14 * 60), style=st.integers(0, 3))
def test_a_time_with_an_offset_is_that_instant(moment: datetime, minutes: int, style: int) -> None:
    """+02:00, +0200, Z and UTC: the instant is exact, whatever zone the file is in."""
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    text = aware.isoformat(sep=" T"[style % 2])
    if style >= 2:
        text = text[:-3] + text[-2:]
    assert one(text, "timestamp", zone="Asia/Kolkata") == aware.astimezone(UTC).replace(tzinfo=None)
    for mark in ("Z", " UTC", "+00"):
        assert one(f"{moment.isoformat()}{mark}", "timestamp", zone="Asia/Kolkata") == moment


@quick
@given(moment=TIMES, zone=st.sampled_from(ZONES))
def test_a_time_without_an_offset_is_of_the_zone_of_the_file(moment: datetime, zone: str) -> None:
    """Wall-clock time in the file's zone, summer time and all, comes out in UTC."""
    aware = moment.replace(tzinfo=ZoneInfo(zone))
    expected = aware.astimezone(UTC)
    is_ordinary = aware.replace(fold=0).utcoffset() == aware.replace(fold=1).utcoffset()
    if is_ordinary:
        assert one(moment.isoformat(), "timestamp", zone=zone) == expected.replace(tzinfo=None)
    if is_ordinary and moment.microsecond == 0 and moment.second == 0:
        text = f"{moment:%d/%m/%Y %H:%M}"
        assert one(text, "timestamp", zone=zone, dates=("%d/%m/%Y %H:%M",)) == expected.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        ("2026-03-29 01:59:59", "2026-03-29 00:59:59"),
        ("2026-03-29 02:30:00", "2026-03-29 01:30:00"),  # an hour that was not: taken as summer time begins
        ("2026-03-29 03:00:00", "2026-03-29 01:00:00"),
        ("2026-10-25 01:59:59", "2026-10-24 23:59:59"),
        ("2026-10-25 02:30:00", "2026-10-25 01:30:00"),  # an hour that came twice: the second of them
        ("2026-10-25 03:00:00", "2026-10-25 02:00:00"),
        ("2026-10-25T02:30:00+02:00", "2026-10-25 00:30:00"),  # an offset leaves no doubt
        ("2026-07-01", "2026-06-30 22:00:00"),
        ("2026-01-01 24:00:00", "2026-01-01 23:00:00"),
    ],
)
def test_the_nights_when_the_clock_changes(wall: str, utc: str) -> None:
    """Amsterdam's two odd nights, and the plain ones, by example."""
    assert str(one(wall, "timestamp", zone="Europe/Amsterdam")) == utc


@quick
@given(st.datetimes(datetime(2001, 9, 10), datetime(2286, 1, 1)))  # noqa: DTZ001
def test_seconds_since_1970_are_read_by_their_length(moment: datetime) -> None:
    """Ten, thirteen or sixteen digits: seconds, milli- or microseconds."""
    micro = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)  # noqa: DTZ001
    found = read([str(micro // 10**6), str(micro // 1000), str(micro)], "timestamp", zone="Asia/Kolkata")
    milli = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert found == [moment.replace(microsecond=0), milli, moment]


@quick
@given(day=st.dates(date(1000, 1, 2), date(9999, 12, 30)))
def test_a_day_comes_back(day: date) -> None:
    """As ISO writes it, as the day of a time, and in a format of the file."""
    assert one(day.isoformat(), "date") == day
    assert one(f"{day.isoformat()}T23:59:59+02:00", "date", zone="America/Lima") == day
    assert (
        one(f"{day.day:02}/{day.month:02}/{day.year:04}", "date", dates=("%d-%m-%Y", "%d/%m/%Y", "%m.%Y"))
        == day
    )


NO_TIMES = (
    "epoch|infinity|-infinity|now|today|tomorrow|2026-02-30|2026-13-01|2026-00-10|2026-01-01 25:00:00|"
    "2026-01-01 10:60|2026-01-01 10:00:61|2026-1-1|20260101|2026|01/02/2026|2026-01-01 (BC)|0000-00-00|"
    "0000-00-00 00:00:00|2026-01-01 10:00:00+25:00|2026-01-01 10:00:00+16:00|2026-01-01 10:00:00+02:75|"
    "2026-01-01 10:00:00 Europe/Paris|2026-01-01 10:00 AM|0|17000000000|12:30|epoch 1|+2026-01-01"
)


@pytest.mark.parametrize("dates", [(), ("%d-%m-%Y", "%Y-%m-%d %H:%M:%S %z")])
@pytest.mark.parametrize("text", NO_TIMES.split("|"))
def test_what_is_no_time_is_null(text: str, dates: tuple[str, ...]) -> None:
    """Words, days that are not in the calendar, hours that are not on the clock, offsets of no place."""
    assert one(text, "timestamp", zone="Europe/Amsterdam", dates=dates) is None
    if not text.startswith("2026-01-01 10:00:00 E"):
        assert one(text, "date", zone="Europe/Amsterdam", dates=dates) is None


def test_a_year_of_two_digits_is_not_the_time_of_the_romans() -> None:
    """%Y takes 26 as the year 26; that is no birthday and no order."""
    assert one("31/12/26", "date", dates=("%d/%m/%Y",)) is None
    assert one("31/12/26", "timestamp", dates=("%d/%m/%Y",)) is None
    assert one("31/12/26", "date", dates=("%d/%m/%y",)) == date(2026, 12, 31)


def test_day_and_month_are_never_swapped() -> None:
    """A day that does not fit the format is NULL, not read the other way round."""
    assert one("12/31/2026", "date", dates=("%d/%m/%Y",)) is None
    assert one("31/12/2026", "date", dates=("%m/%d/%Y",)) is None


def test_a_format_with_an_offset_is_exact() -> None:
    """%z in a format: the instant counts, and the day is the one that was written."""
    form = {"dates": ("%Y-%m-%d %H:%M:%S %z",), "zone": "Europe/Amsterdam"}
    texts = ["2026-01-01 10:00:00 +0530", "2026-01-01 00:30:00 +0200"]
    assert [str(value) for value in read(texts, "timestamp", **form)] == [
        "2026-01-01 04:30:00",
        "2025-12-31 22:30:00",
    ]
    assert read(texts, "date", **form) == [date(2026, 1, 1)] * 2


# ---- all kinds -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != "attributes"])
def test_a_value_has_the_type_of_its_column(kind: str) -> None:
    """What comes out has exactly the published type, with or without formats; nothing stays nothing."""
    for dates in ((), ("%d/%m/%Y",), ("%d/%m/%Y", "%Y-%m-%d %z")):
        sql = typed("text", kind, FileFormat(dates=dates))
        relation = con().sql(f"select {sql} as value from (select null::varchar as text)")
        assert str(relation.types[0]) == TYPES[kind].replace(" ", "")
        assert relation.fetchall() == [(None,)]


def test_an_unknown_kind_is_a_mistake_of_ours() -> None:
    """A type that no contract may have is an error, not NULL."""
    with pytest.raises(ValueError, match="colour"):
        typed("text", "colour", FileFormat())


def test_a_guard_against_spreadsheets_is_taken_off() -> None:
    """Shopify writes an apostrophe before ids and postcodes; inside a name it stays."""
    rows = con().execute("select unquote('''0612'), unquote('O''Neil')").fetchall()
    assert rows == [("0612", "O'Neil")]
