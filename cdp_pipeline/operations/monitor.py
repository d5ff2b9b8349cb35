"""One look at the nights of a data folder, and a word to whoever must know.

What belongs here: putting history, schedule and alerts together, for `cdp nights` and for the sensor
of the UI. What does not: judging nights (nights.py), reading a run (runs.py), sending (alerts.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from cdp_pipeline.operations.alerts import tell
from cdp_pipeline.operations.nights import LOOK_BACK, Night, Started, alerts_of, judge
from cdp_pipeline.operations.runs import tell_of_run
from cdp_pipeline.orchestration.instance import bury_dead_runs, started_runs
from cdp_pipeline.orchestration.schedules import starts
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.run.lake import published_snapshot
from cdp_pipeline.run.manifest import read_manifest

Whole = Callable[[], tuple[Project, Pipeline | None]]
_WHOLE_SECONDS = timedelta(microseconds=999_999)  # a manifest tells the time of publication in whole seconds


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
    found = _look(settings, data, now, [started for started, _ in recent])
    problems: list[str] = []
    news = [run for started, run in reversed(recent) if _is_bad_news(started, found.published_at)]
    if news:
        project, pipeline = whole()
        for run in news:
            problems += tell_of_run(instance, run, data, project, pipeline)
    for alert in alerts_of(found.nights, settings):
        problems += tell(data, settings, alert)
    return Watch(found.published, found.published_at, found.nights, tuple(dict.fromkeys(problems)))


def _is_bad_news(run: Started, published_at: datetime | None) -> bool:
    """A run that failed after what is published: one before has been made up since."""
    return run.ended is not None and not run.succeeded and (published_at is None or run.ended > published_at)


def _look(settings: Settings, data: Path, now: datetime, started: list[Started]) -> Watch:
    snapshot = published_snapshot(data)
    manifest = read_manifest(snapshot) if snapshot else None
    day = date.fromisoformat(manifest.as_of) if manifest else None
    at = datetime.fromisoformat(manifest.published_at) + _WHOLE_SECONDS if manifest else None
    due = starts(settings.schedule, settings.zone, now - LOOK_BACK, now)
    return Watch(day, at, tuple(judge(due, day, started, now, settings)))
