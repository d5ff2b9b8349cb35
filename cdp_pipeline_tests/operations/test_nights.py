"""Which nights did not publish: held against the schedule, from outside."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cdp_pipeline.errors import GateError
from cdp_pipeline.operations.nights import Started, State, alerts_of, commands, expect_onward, judge
from cdp_pipeline.orchestration.schedules import starts
from cdp_pipeline.project.shapes import Alerts, Settings
from cdp_pipeline.publishing.snapshots import publish, snapshots
from cdp_pipeline.run.manifest import write_manifest
from cdp_pipeline_tests.small_run import put, small_run

ZONE = ZoneInfo("Europe/Amsterdam")
SETTINGS = Settings(name="test", alerts=Alerts(owner="night team <night@example.org>"))


def at(text: str) -> datetime:
    """A moment in the project's zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def started(night: str, *, ended: str | None = None, succeeded: bool = False, run_id: str = "r") -> Started:
    return Started(run_id, date.fromisoformat(night), at(f"{night} 02:31"), at(ended) if ended else None, succeeded)


def states(now: str, published: str | None, *runs: Started) -> dict[str, State]:
    """How each night stands: day -> state."""
    moment = at(now)
    due = starts(SETTINGS.schedule, SETTINGS.zone, moment - timedelta(days=14), moment)
    day = date.fromisoformat(published) if published else None
    return {str(night.day): night.state for night in judge(due, day, runs, moment, SETTINGS)}


def test_published_nights_are_not_asked_for() -> None:
    """A published state answers for its day and all before it."""
    assert states("2026-07-03 09:00", "2026-07-03") == {}
    assert states("2026-07-03 02:00", "2026-07-02") == {}


@pytest.mark.parametrize(
    ("now", "run", "expected"),
    [
        ("2026-07-03 02:40", None, "due"),
        ("2026-07-03 02:46", None, "did_not_start"),
        ("2026-07-03 04:00", started("2026-07-03"), "running"),
        ("2026-07-03 06:29", started("2026-07-03"), "running"),
        ("2026-07-03 06:31", started("2026-07-03"), "late"),
        ("2026-07-03 06:31", started("2026-07-03", ended="2026-07-03 03:00"), "failed"),
        ("2026-07-03 06:31", started("2026-07-03", ended="2026-07-03 03:00", succeeded=True), "published"),
        ("2026-07-03 06:31", started("2026-07-02"), "did_not_start"),
    ],
)
def test_how_a_night_stands(now: str, run: Started | None, expected: State) -> None:
    """Due, at work, late, failed or not started, by the clock and by what was started for it."""
    assert states(now, "2026-07-02", *([run] if run else [])) == {"2026-07-03": expected}


def test_a_second_try_counts_instead_of_the_first() -> None:
    """A failed night that is being made up is at work, or late, and no longer failed."""
    runs = (started("2026-07-03", ended="2026-07-03 03:00"), started("2026-07-03", run_id="second"))
    assert states("2026-07-03 05:00", "2026-07-02", *runs) == {"2026-07-03": "running"}


def test_every_missed_night_is_named_in_order() -> None:
    """A machine that was down for three nights missed three nights, and they are made up in their order."""
    found = states("2026-07-05 09:00", "2026-07-02")
    assert found == dict.fromkeys(("2026-07-03", "2026-07-04", "2026-07-05"), "did_not_start")


def test_a_platform_that_never_published_waits_for_its_last_night_only() -> None:
    """Nobody waits for the nights before the platform was there."""
    assert states("2026-07-05 09:00", None) == {"2026-07-05": "did_not_start"}


def test_the_hours_of_summer_time_make_no_second_night() -> None:
    """When the clock jumps over half past two, or passes it twice, the day has one night."""
    assert list(states("2026-03-29 09:00", "2026-03-28")) == ["2026-03-29"]
    assert list(states("2026-10-25 09:00", "2026-10-24")) == ["2026-10-25"]
    assert states("2026-03-29 03:05", "2026-03-28") == {"2026-03-29": "due"}


def test_an_alert_names_owner_and_cure() -> None:
    """One message for one outage: the newest night, how many before it, whose nights they are, what to type."""
    moment = at("2026-07-05 09:00")
    due = starts(SETTINGS.schedule, SETTINGS.zone, moment - timedelta(days=14), moment)
    nights = judge(due, date(2026, 7, 3), [], moment, SETTINGS)
    (alert,) = alerts_of(nights, SETTINGS)
    assert (alert.event, alert.kind) == ("did_not_start:2026-07-05", "did_not_start")
    assert alert.causes[0].owner == SETTINGS.alerts.owner
    assert "nor for 1 before it" in alert.causes[0].what
    assert alert.next_step == "cdp run --as-of 2026-07-04 && cdp run --as-of 2026-07-05"
    assert alert.next_step in alert.text


def test_a_late_night_has_an_alert_and_a_failed_one_has_its_own() -> None:
    """A late night is told of here; a run that failed tells what failed, which nobody here knows."""
    moment = at("2026-07-04 09:00")
    due = starts(SETTINGS.schedule, SETTINGS.zone, moment - timedelta(days=14), moment)
    runs = [started("2026-07-03", ended="2026-07-03 03:00"), started("2026-07-04")]
    nights = judge(due, date(2026, 7, 2), runs, moment, SETTINGS)
    assert [night.state for night in nights] == ["failed", "late"]
    assert [alert.event for alert in alerts_of(nights, SETTINGS)] == ["late:2026-07-04"]


def test_many_nights_are_said_in_words() -> None:
    """Nobody reads fourteen commands at two in the morning."""
    moment = at("2026-07-20 09:00")
    due = starts(SETTINGS.schedule, SETTINGS.zone, moment - timedelta(days=14), moment)
    nights = judge(due, date(2026, 7, 2), [], moment, SETTINGS)
    assert len(nights) == 14
    assert commands(nights) == "cdp run --as-of 2026-07-07, then the same for each day up to 2026-07-20"


def test_a_day_before_the_published_one_is_refused(tmp_path: Path) -> None:
    """History is told in the order of the days: the cure names the state to go back to, when one is kept."""
    expect_onward(tmp_path, "2026-06-01")
    for name, day in (("first", date(2026, 6, 28)), ("second", date(2026, 6, 30))):
        run = replace(small_run(tmp_path, name), as_of=day)
        put(run, "profiles.customers", "select 'p1' as person_id")
        write_manifest(run.folder, replace(run.manifest(), as_of=str(day)))
        publish(run, [])
    expect_onward(tmp_path, "2026-06-30")
    expect_onward(tmp_path, "2026-07-01")
    older = next(state.id for state in snapshots(tmp_path) if state.as_of == "2026-06-28")
    with pytest.raises(GateError, match=f"as of 2026-06-30.*cdp rollback {older}"):
        expect_onward(tmp_path, "2026-06-29")
    with pytest.raises(GateError, match="No state as of 2026-06-27 or before is kept"):
        expect_onward(tmp_path, "2026-06-27")
