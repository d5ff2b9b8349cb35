"""Which nights ran, and which did not: a look from outside, for the night that nobody started.

What belongs here: holding the schedule against what was published and started. What does not: the
schedule's arithmetic and Dagster's history (both come in), and sending alerts (alerts.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

from cdp_pipeline.errors import GateError
from cdp_pipeline.operations.alerts import Alert, Cause
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.publishing.snapshots import snapshots
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
class Started:
    """A run that somebody or something started for a night; `ended` is None while it works."""

    run_id: str
    night: date
    began: datetime
    ended: datetime | None
    succeeded: bool


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
    asked = {day: moment for day, moment in nights.items() if published is None or day > published}
    if published is None:
        asked = dict(sorted(asked.items())[-1:])
    return [_judge(day, moment, started, now, settings) for day, moment in sorted(asked.items())]


def alerts_of(nights: Sequence[Night], settings: Settings) -> list[Alert]:
    """The alerts of nights that are late or did not start, oldest first.

    Of several that did not start the newest speaks for those before it: one outage is one message.
    """
    absent = [night for night in nights if night.state == "did_not_start"]
    found = [_alert_of_late(night, settings) for night in nights if night.state == "late"]
    return found + ([_alert_of_absent(absent, nights, settings)] if absent else [])


def commands(nights: Sequence[Night]) -> str:
    """What to type to make nights up, in their order."""
    days = [night.day for night in nights if night.state in MISSED]
    if not days:
        return "cdp nights"
    if len(days) <= SHOWN:
        return " && ".join(f"cdp run --as-of {day}" for day in days)
    return f"cdp run --as-of {days[0]}, then the same for each day up to {days[-1]}"


def expect_onward(data: Path, night: str) -> None:
    """Raises GateError when a day after `night` is published: history is told in the order of the days.

    A run of an earlier day would leave out the withdrawals of the days in between, and write the account of
    identity and segments behind what stands there. InputError when the published state is damaged.
    """
    snapshot = published_snapshot(data)
    published = read_manifest(snapshot).as_of if snapshot else ""
    if published <= night:
        return
    earlier = next((s.id for s in snapshots(data) if s.as_of and s.as_of <= night), "")
    cure = (
        f"To make it up all the same, go back first: cdp rollback {earlier}, then cdp run --as-of each day from {night} on"
        if earlier
        else f"No state as of {night} or before is kept, so it can only be made up in another data folder (--data)"
    )
    raise GateError(
        f"{night} is not run: what is published is as of {published}, and history is not told backwards; the later "
        f"night has read the files of the earlier one. {cure}"
    )


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
