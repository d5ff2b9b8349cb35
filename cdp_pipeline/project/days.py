"""Days and time zones as people write them.

What belongs here: today in a time zone, reading a day that was typed, and formats of dates that agree. What does
not: the nights of runs (operations/nights.py) and the dates in exports (staging/parsing.py).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import permutations
from zoneinfo import ZoneInfo, available_timezones

from cdp_pipeline.errors import InputError, nearest


def today(zone: str) -> date:
    """The day it is in the time zone `zone`."""
    return datetime.now(ZoneInfo(zone)).date()


def known_zone(name: str) -> str:
    """The name of a time zone itself; ValueError, with the nearest one, when there is none of this name."""
    if name not in available_timezones():
        raise ValueError(f"no time zone has this name{nearest(name, available_timezones())}")
    return name


def read_day(text: str, option: str, zone: str) -> date:
    """The day in `text`, or today when it is empty; InputError names `option` when `text` is no day."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date() if text else today(zone)
    except ValueError:
        raise InputError(f"{option} {text}: expected a day as YYYY-MM-DD") from None


def spelled(text: str) -> str:
    """The day in `text` as YYYY-MM-DD; the text as it is when it is no day."""
    try:
        return str(read_day(text, "", "UTC"))
    except InputError:
        return text


def read_day_gone_by(text: str, option: str, zone: str) -> date:
    """As `read_day`, and InputError for a day that is still to come."""
    day = read_day(text, option, zone)
    if day > today(zone):
        raise InputError(f"{option} {text}: this day is still to come")
    return day


def agreeing(formats: tuple[str, ...]) -> tuple[str, ...]:
    """The formats of dates themselves; ValueError when two of them read the same text as different days."""
    sample = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    for first, second in permutations(formats, 2):
        try:
            other = datetime.strptime(sample.strftime(first), second)  # noqa: DTZ007  (only the day is looked at)
        except ValueError:
            continue
        if other.date() != sample.date():
            raise ValueError(f"{first} and {second} read one text as two different days; keep the one that is true")
    return formats
