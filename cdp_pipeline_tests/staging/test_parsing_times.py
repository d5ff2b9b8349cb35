"""Text to days and times: the instant is exact in every zone, and what is none is NULL."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_pipeline_tests.staging.reading import one, read

ZONES = ("Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "UTC", "Australia/Lord_Howe")
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2090, 1, 1))  # noqa: DTZ001  (walls of no zone yet)
quick = settings(max_examples=40, deadline=None)


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
        ("2026-03-29 02:30:00", "None"),  # an hour that was not
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
    assert one(f"{day.day:02}/{day.month:02}/{day.year:04}", "date", dates=("%d-%m-%Y", "%d/%m/%Y", "%m.%Y")) == day


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
    assert [str(value) for value in read(texts, "timestamp", **form)] == ["2026-01-01 04:30:00", "2025-12-31 22:30:00"]
    assert read(texts, "date", **form) == [date(2026, 1, 1)] * 2
