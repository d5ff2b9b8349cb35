"""Which files had come by a night that is made up later.

What belongs here: the moment at which a night ended, and whether a file came after it. What does
not: walking the drop zone (arrivals.py), and noticing that a night was missed (operations/nights.py).

A run of today, or of a day to come, takes every file: there is nothing later to keep out. A run of
an earlier day is a night made up, and has to end as if it had run on time. So a file counts only
from its own night on, by the date in its path, else by its last change. The last change says
nothing when nothing is published yet: exports that were copied here today have all changed today.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class PastNight:
    """A night in the past: when it ended, local time of `zone`; `knows_changes` trusts the last change of a file."""

    ended: datetime
    zone: str
    knows_changes: bool


def past_night(as_of: date, now: float, schedule: str, zone: str, published: date | None) -> PastNight | None:
    """The night to make up, or None when `as_of` is today or later; `now` is seconds since the epoch.

    `published` is the day of the published state; None before the first publication.
    """
    today = datetime.fromtimestamp(now, ZoneInfo(zone)).date()
    if as_of >= today:
        return None
    return PastNight(datetime.combine(as_of, last_start(schedule)), zone, published is not None and published < as_of)


def last_start(schedule: str) -> time:
    """The last start in a day of a cron line with plain minutes and hours; else the end of the day.

    >>> last_start("30 2 * * *"), last_start("0,15 2,14 * * 1-5"), last_start("*/5 * * * *")
    (datetime.time(2, 30), datetime.time(14, 15), datetime.time(23, 59, 59))
    """
    plain = re.match(r"(\d+(?:,\d+)*) (\d+(?:,\d+)*) ", " ".join(schedule.split()))
    if plain is None:
        return time(23, 59, 59)
    minute, hour = (max(map(int, field.split(","))) for field in plain.groups())
    return time(hour, minute)


def came_later(night: PastNight | None, delivered_at: datetime, modified: float, has_date: bool) -> bool:
    """Whether a file came after `night`: by the time in its path (`has_date`), else by its last change (epoch)."""
    if night is None or not (has_date or night.knows_changes):
        return False
    changed = datetime.fromtimestamp(modified, UTC).astimezone(ZoneInfo(night.zone)).replace(tzinfo=None)
    return (delivered_at if has_date else changed) > night.ended
