"""Which nights ran, and which did not: a look from outside, for the night that nobody started.

What belongs here: holding the schedule against what was published and started, and telling whoever must know, for
`cdp nights` and for the sensor of the UI. What does not: the schedule's arithmetic and Dagster's history
(orchestration/), reading a run (runs.py), sending (alerts.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from cdp_pipeline.operations.alerts import Alert, Cause, tell
from cdp_pipeline.operations.runs import tell_of_run
from cdp_pipeline.orchestration.instance import Started, bury_dead_runs, started_runs
from cdp_pipeline.orchestration.schedules import starts
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.run.lake import published_snapshot
from cdp_pipeline.run.manifest import read_manifest

START_GRACE = timedelta(minutes=15)
"""A night may begin this much after its time before it counts as not started."""
SHOWN = 3
"""So many commands are written out; more are said in words."""
LOOK_BACK = timedelta(days=14)
"""Nights before that are not asked for any more: they cannot be made up usefully."""
State = Literal["published", "due", "running", "late", "failed", "did_not_start"]
MISSED: tuple[State, ...] = ("late", "failed", "did_not_start")


@dataclass(frozen=True)
class Night:
    """One night of the schedule and how it stands; `run_id` is its last run, or empty."""

    day: date
    due: datetime
    state: State
    run_id: str = ""

    @property
    def words(self) -> str:
        """How it stands, for people."""
        return {
            "published": "published",
            "due": "due, about to start",
            "running": "at work",
            "late": "late: still at work, or waiting to begin",
            "failed": "failed, and was not made up",
            "did_not_start": "did not start",
        }[self.state]


def judge(
    due: Sequence[datetime], published: date | None, started: Sequence[Started], now: datetime, settings: Settings
) -> list[Night]:
    """How each scheduled night stands that is not published yet, oldest first.

    `due` are the starts of the schedule up to `now`, with zone; of several in a day the first counts.
    `published` is the day of the published state. Before the first publication only the last night counts:
    earlier ones are none that anybody waits for.
    """
    nights: dict[date, datetime] = {}
    for moment in sorted(due):
        nights.setdefault(moment.date(), moment)
    missing = sorted((day, moment) for day, moment in nights.items() if published is None or day > published)
    if published is None:
        missing = missing[-1:]
    return [_judge(day, moment, started, now, settings) for day, moment in missing]


def alerts_of(nights: Sequence[Night], settings: Settings) -> list[Alert]:
    """The alerts of nights that are late or did not start, oldest first.

    Of several that did not start the newest speaks for those before it: one outage is one message.
    """
    absent = [night for night in nights if night.state == "did_not_start"]
    late = [_alert_of_late(night, settings) for night in nights if night.state == "late"]
    return late + ([_alert_of_absent(absent, nights, settings)] if absent else [])


def commands(nights: Sequence[Night]) -> str:
    """What to type to make nights up, in their order."""
    days = [night.day for night in nights if night.state in MISSED]
    if not days:
        return "cdp nights"
    if len(days) <= SHOWN:
        return " && ".join(f"cdp run --as-of {day}" for day in days)
    return f"cdp run --as-of {days[0]}, then the same for each day up to {days[-1]}"


def _alert_of_late(night: Night, settings: Settings) -> Alert:
    minutes = settings.alerts.late_after_minutes
    what = f"the run due at {night.due:%Y-%m-%d %H:%M %Z} has not published after {minutes} minutes"
    fix = "cdp doctor says whether it is alive and what it waits for; cdp ui shows the step it is at"
    causes = (Cause(what, settings.alerts.owner, fix),)
    return Alert(f"late:{night.day}", "late", str(night.day), causes, "cdp nights", night.run_id)


def _alert_of_absent(absent: Sequence[Night], nights: Sequence[Night], settings: Settings) -> Alert:
    last = absent[-1]
    before = f" (nor for {len(absent) - 1} before it)" if len(absent) > 1 else ""
    what = f"no run was started for the night due at {last.due:%Y-%m-%d %H:%M %Z}{before}"
    fix = "see whether the machine was up, and whether cron, or the schedule of cdp ui, is on: cdp doctor says"
    causes = (Cause(what, settings.alerts.owner, fix),)
    return Alert(f"did_not_start:{last.day}", "did_not_start", str(last.day), causes, commands(nights))


def _judge(day: date, due: datetime, started: Sequence[Started], now: datetime, settings: Settings) -> Night:
    own = sorted((run for run in started if run.night == day), key=lambda run: (run.began, run.run_id))
    is_late = now >= due + timedelta(minutes=settings.alerts.late_after_minutes)
    working = [run for run in own if run.ended is None]
    if working:
        return Night(day, due, "late" if is_late else "running", working[-1].run_id)
    if any(run.succeeded for run in own):  # and rolled back since, on purpose
        return Night(day, due, "published", own[-1].run_id)
    if own:
        return Night(day, due, "failed", own[-1].run_id)
    if now < due + START_GRACE:
        return Night(day, due, "due")
    return Night(day, due, "did_not_start")


Whole = Callable[[], tuple[Project, Pipeline | None]]
_WHOLE_SECOND = timedelta(microseconds=999_999)  # a manifest tells the time of publication in whole seconds


@dataclass(frozen=True)
class Watch:
    """What one look found: the day and time of what is published, nights not published, trouble with telling."""

    published: date | None
    published_at: datetime | None
    nights: tuple[Night, ...]
    problems: tuple[str, ...] = ()


def look(instance: Any, settings: Settings, data: Path, now: datetime) -> Watch:
    """How the nights stand; tells nobody. `now` with zone; without an `instance` no run is known of."""
    recent = started_runs(instance, now - LOOK_BACK, settings.zone) if instance else []
    return _look(settings, data, now, [started for started, _ in recent])


def look_and_tell(instance: Any, settings: Settings, whole: Whole, data: Path, now: datetime) -> Watch:
    """The same, and an alert for each night or run that needs one and has had none. Dead runs are marked as failed.

    `whole` gives the whole project; it is asked only when a failed run has to be explained.
    """
    bury_dead_runs(instance)
    recent = started_runs(instance, now - LOOK_BACK, settings.zone)
    watch = _look(settings, data, now, [started for started, _ in recent])
    problems: list[str] = []
    news = [run for started, run in reversed(recent) if _is_bad_news(started, watch.published_at)]
    if news:
        project, pipeline = whole()
        for run in news:
            problems += tell_of_run(instance, run, data, project, pipeline)
    for alert in alerts_of(watch.nights, settings):
        problems += tell(data, settings, alert)
    return replace(watch, problems=tuple(dict.fromkeys(problems)))


def tell_of_nights(project: Project, pipeline: Pipeline, instance: Any, data: Path) -> list[str]:
    """The same now, for the sensor of the UI; returns how the nights stand, and trouble with telling."""
    watch = look_and_tell(instance, project.settings, lambda: (project, pipeline), data, datetime.now(UTC))
    states = ", ".join(f"{night.day} {night.words}" for night in watch.nights) or "every night is published"
    return [states, *watch.problems]


def _is_bad_news(run: Started, published_at: datetime | None) -> bool:
    """A run that failed after what is published: one before has been made up since."""
    return run.ended is not None and not run.succeeded and (published_at is None or run.ended > published_at)


def _look(settings: Settings, data: Path, now: datetime, started: list[Started]) -> Watch:
    snapshot = published_snapshot(data)
    manifest = read_manifest(snapshot) if snapshot else None
    day = date.fromisoformat(manifest.as_of) if manifest else None
    at = datetime.fromisoformat(manifest.published_at) + _WHOLE_SECOND if manifest else None
    due = starts(settings.schedule, settings.zone, now - LOOK_BACK, now)
    return Watch(day, at, tuple(judge(due, day, started, now, settings)))
