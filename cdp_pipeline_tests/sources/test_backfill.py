"""Which files had come by a night that is made up: by their path, else by their last change."""

from __future__ import annotations

import calendar
import os
from datetime import date, datetime, time
from pathlib import Path

import pytest

from cdp_pipeline.sources.arrivals import find_arrivals
from cdp_pipeline.sources.backfill import PastNight, came_later, last_start, past_night

ZONE = "Europe/Amsterdam"
NIGHT = PastNight(datetime(2026, 7, 1, 2, 30), ZONE, knows_changes=True)  # noqa: DTZ001  local time


def epoch(text: str) -> float:
    """A moment in UTC as seconds since 1970."""
    return float(calendar.timegm(datetime.fromisoformat(text).timetuple()))


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("30 2 * * *", time(2, 30)),
        ("0,15 2,14 * * 1-5", time(14, 15)),
        ("  5   0 * * *", time(0, 5)),
        ("*/5 2 * * *", time(23, 59, 59)),
        ("@daily", time(23, 59, 59)),
    ],
)
def test_a_night_ends_when_its_run_would_have_begun(schedule: str, expected: time) -> None:
    """The last start of the day by the cron line; where that is not plain, the end of the day."""
    assert last_start(schedule) == expected


def test_today_and_later_days_are_no_nights_to_make_up() -> None:
    """Only a day before today, in the project's zone, keeps files out."""
    now = epoch("2026-07-01 22:30")  # half past midnight of the second, in Amsterdam
    assert past_night(date(2026, 7, 2), now, "30 2 * * *", ZONE, None) is None
    assert past_night(date(2026, 7, 3), now, "30 2 * * *", ZONE, None) is None
    made_up = past_night(date(2026, 7, 1), now, "30 2 * * *", ZONE, date(2026, 6, 30))
    assert made_up == NIGHT


def test_the_last_change_tells_only_when_a_history_goes_on() -> None:
    """Before the first publication, or when the same day runs again, a file without a date counts whenever it came."""
    now = epoch("2026-07-09 08:00")
    for published in (None, date(2026, 7, 1), date(2026, 7, 5)):
        found = past_night(date(2026, 7, 1), now, "30 2 * * *", ZONE, published)
        assert found is not None
        assert not found.knows_changes


@pytest.mark.parametrize(
    ("delivered", "changed", "has_date", "expected"),
    [
        ("2026-07-01 00:00", "2026-07-05 00:00", True, False),
        ("2026-07-01 02:30", "2026-07-05 00:00", True, False),
        ("2026-07-01 02:31", "2026-06-01 00:00", True, True),
        ("2026-07-02 00:00", "2026-06-01 00:00", True, True),
        ("2026-07-01 00:15", "2026-07-01 00:15", False, False),
        ("2026-07-01 00:45", "2026-07-01 00:45", False, True),
    ],
)
def test_the_path_goes_before_the_last_change(delivered: str, changed: str, has_date: bool, expected: bool) -> None:
    """A date in the path decides; else the last change does, as local time (UTC + 2 hours here)."""
    moment = datetime.fromisoformat(delivered)
    assert came_later(NIGHT, moment, epoch(changed), has_date) is expected
    assert came_later(None, moment, epoch(changed), has_date) is False


def test_what_came_later_is_not_there(tmp_path: Path) -> None:
    """The list of arrivals of a night is the one that a run on time would have made."""
    (tmp_path / "2026-07-01").mkdir()
    (tmp_path / "2026-07-02").mkdir()
    files = {
        "2026-07-01/a.csv": "2026-07-08 00:00",
        "2026-07-02/b.csv": "2026-06-08 00:00",
        "early.csv": "2026-06-08 00:00",
        "late.csv": "2026-07-08 00:00",
    }
    for name, changed in files.items():
        (tmp_path / name).write_text("x\n")
        os.utime(tmp_path / name, (epoch(changed), epoch(changed)))
    now = epoch("2026-07-09 08:00")
    assert [a.file for a in find_arrivals(tmp_path, {}, {}, [], now, NIGHT)] == ["2026-07-01/a.csv", "early.csv"]
    assert len(find_arrivals(tmp_path, {}, {}, [], now)) == 4
