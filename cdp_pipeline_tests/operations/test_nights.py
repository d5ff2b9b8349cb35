"""Which nights did not publish: held against the schedule, from outside, and told of once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from cdp_pipeline.operations.alerts import read_alerts
from cdp_pipeline.operations.nights import State, Watch, alerts_of, commands, judge, look, look_and_tell, tell_of_nights
from cdp_pipeline.orchestration.instance import Started
from cdp_pipeline.orchestration.schedules import starts
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Alerts, Settings
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline_tests.small_run import put, small_run

ZONE = ZoneInfo("Europe/Amsterdam")
SETTINGS = Settings(name="test", alerts=Alerts(owner="night team <night@example.org>"))
PROJECT = Project(Path("project"), SETTINGS)
PIPELINE = Pipeline((), ())


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


# ---- the look from outside -----------------------------------------------------------------------


@pytest.fixture
def history() -> Iterator[dg.DagsterInstance]:
    """A history of its own, in memory."""
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


@dg.op
def breaks() -> None:
    """A step that fails."""
    raise dg.Failure("orders_export.csv: header lacks the column Name")


@dg.job(name="nightly")
def nightly() -> None:
    """A night that fails."""
    breaks()


@dg.job
def something_else() -> None:
    """What somebody tries in the UI; it publishes nothing."""
    breaks()


def fail(history: dg.DagsterInstance, job: dg.JobDefinition, day: str) -> str:
    """Let a run of `job` fail now; returns its id."""
    tags = {"cdp/as_of": day}
    return job.execute_in_process(instance=history, raise_on_error=False, tags=tags).run_id


def publish_on(data: Path, day: str) -> None:
    """Publish a state as of `day`."""
    run = small_run(data)
    put(run, "profiles.customers", "select 'p1' as person_id")
    publish(run, [])
    (manifest,) = (data / "snapshots").glob("*/manifest.json")
    manifest.write_text(manifest.read_text().replace("2026-06-30", day))


def watch(history: dg.DagsterInstance, data: Path, now: datetime) -> Watch:
    """Look at the nights of `data`, and tell."""
    return look_and_tell(history, SETTINGS, lambda: (PROJECT, PIPELINE), data, now)


def test_a_night_that_nobody_started_is_told_once(history: dg.DagsterInstance, tmp_path: Path) -> None:
    """No process of the platform need have lived: the schedule and what is published are enough."""
    publish_on(tmp_path, "2026-06-30")
    for hour in (9, 10):
        nights = watch(history, tmp_path, datetime(2026, 7, 1, hour, tzinfo=UTC)).nights
        assert [(str(night.day), night.state) for night in nights] == [("2026-07-01", "did_not_start")]
    (entry,) = read_alerts(tmp_path)
    assert (entry["event"], entry["kind"]) == ("did_not_start:2026-07-01", "did_not_start")
    assert "owner: night team" in str(entry["text"])
    assert "cdp run --as-of 2026-07-01" in str(entry["text"])


def test_a_look_alone_tells_nobody(history: dg.DagsterInstance, tmp_path: Path) -> None:
    """`cdp doctor` sees what `cdp nights` sees, with and without a history, and writes no alert."""
    publish_on(tmp_path, "2026-06-30")
    now = datetime(2026, 7, 1, 9, tzinfo=UTC)
    for instance in (history, None):
        states = look(instance, SETTINGS, tmp_path, now)
        assert (str(states.published), [night.state for night in states.nights]) == ("2026-06-30", ["did_not_start"])
    assert states.published_at is not None
    assert abs(datetime.now(UTC) - states.published_at) < timedelta(minutes=5)
    assert read_alerts(tmp_path) == []


def test_a_look_goes_back_a_fortnight(tmp_path: Path) -> None:
    """Nights before that cannot be made up usefully."""
    publish_on(tmp_path, "2026-05-01")
    nights = look(None, SETTINGS, tmp_path, datetime(2026, 7, 20, 9, tzinfo=UTC)).nights
    assert [str(night.day) for night in (nights[0], nights[-1])] == ["2026-07-07", "2026-07-20"]
    assert len(nights) == 14


def test_a_run_killed_by_force_is_told_of_by_the_next_look(history: dg.DagsterInstance, tmp_path: Path) -> None:
    """Its process could tell nobody; whoever looks next finds it gone, marks it, and tells."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    tags = {"cdp/pid": str(process.pid), "cdp/host": os.uname().nodename, "cdp/as_of": str(datetime.now(UTC).date())}
    killed = history.create_run_for_job(nightly, status=dg.DagsterRunStatus.STARTED, tags=tags)
    assert watch(history, tmp_path, datetime.now(UTC)).problems == ()
    texts = {str(entry["event"]): str(entry["text"]) for entry in read_alerts(tmp_path)}
    assert "its process is gone" in texts[f"run:{killed.run_id}"]


def test_failures_are_told_oldest_first_and_each_once(history: dg.DagsterInstance, tmp_path: Path) -> None:
    """Two tries of a night are two events; a second look adds none."""
    day = str(datetime.now(UTC).date())
    runs = [fail(history, nightly, day), fail(history, nightly, day)]
    for _ in range(2):
        watch(history, tmp_path, datetime.now(UTC))
    assert [entry["event"] for entry in read_alerts(tmp_path) if entry["kind"] == "failed"] == [
        f"run:{run}" for run in runs
    ]


def test_a_failure_before_the_last_publication_is_no_news(history: dg.DagsterInstance, tmp_path: Path) -> None:
    """A night that failed and was made up since is not told of any more."""
    fail(history, nightly, "2026-06-30")
    publish_on(tmp_path, "2026-06-30")
    watch(history, tmp_path, datetime(2026, 6, 30, 9, tzinfo=UTC))
    assert read_alerts(tmp_path) == []


def test_a_partial_run_of_the_ui_is_nobodys_night(history: dg.DagsterInstance, tmp_path: Path) -> None:
    """Somebody who tries a single table in the UI wakes nobody."""
    fail(history, something_else, "2026-07-01")
    publish_on(tmp_path, "2026-07-01")
    assert watch(history, tmp_path, datetime(2026, 7, 1, 9, tzinfo=UTC)).nights == ()
    assert read_alerts(tmp_path) == []


def test_trouble_with_telling_is_said_once(history: dg.DagsterInstance, tmp_path: Path) -> None:
    """One line for a channel that fails for every alert; the sensor of the UI says it behind the states."""
    settings = SETTINGS.model_copy(update={"alerts": Alerts(webhook_env="CDP_NO_SUCH_VARIABLE")})
    day = str(datetime.now(UTC).date())
    for _ in range(2):
        fail(history, nightly, day)
    lines = tell_of_nights(Project(Path("project"), settings), PIPELINE, history, tmp_path)
    assert lines[1:] == ["the alert could not be sent by webhook (KeyError); it stands in alerts.jsonl"]
    publish_on(tmp_path, day)
    assert tell_of_nights(PROJECT, PIPELINE, history, tmp_path) == ["every night is published"]
