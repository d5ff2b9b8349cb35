"""Days in options: written as YYYY-MM-DD, today when left out, and where it matters not to come."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cdp_pipeline.errors import InputError
from cdp_pipeline.project.days import read_day, read_day_gone_by, spelled, today

EARLY, LATE = "Pacific/Kiritimati", "Etc/GMT+12"  # 26 hours apart: never the same day


def test_today_is_that_of_the_zone() -> None:
    """Two ends of the earth never share a day, and an empty option means the day of its zone."""
    assert today(LATE) < today(EARLY)
    assert read_day("", "--as-of", LATE) < read_day("", "--as-of", EARLY)


def test_a_written_day_is_read() -> None:
    """A day is taken as written, also one to come."""
    assert read_day("2026-07-01", "--as-of", "UTC") == date(2026, 7, 1)
    assert read_day("2999-01-01", "--as-of", "UTC") == date(2999, 1, 1)


@pytest.mark.parametrize("text", ["soon", "30-06-2026", "20260630", "2026-02-30"])
def test_what_is_no_day_is_refused(text: str) -> None:
    """The message names the option, what was written, and how a day is written."""
    with pytest.raises(InputError) as error:
        read_day(text, "--decided-at", "UTC")
    assert error.value.problems == (f"--decided-at {text}: expected a day as YYYY-MM-DD",)


def test_a_day_to_come_is_refused_where_it_must_be_gone_by() -> None:
    """Today and yesterday pass, tomorrow does not."""
    now = today("UTC")
    assert read_day_gone_by(str(now - timedelta(days=1)), "--received", "UTC") == now - timedelta(days=1)
    assert read_day_gone_by("", "--received", "UTC") >= now
    with pytest.raises(InputError, match=r"--received .*: this day is still to come"):
        read_day_gone_by(str(now + timedelta(days=2)), "--received", "UTC")


@pytest.mark.parametrize(("text", "day"), [("2026-7-1", "2026-07-01"), ("2026-07-01", "2026-07-01"), ("soon", "soon")])
def test_a_day_has_one_spelling(text: str, day: str) -> None:
    """Zeros that were left out are put in; what is no day stays as it is."""
    assert spelled(text) == day
