"""Everything `cdp doctor` looks at: the folder, the nights, Dagster's history, the key.

What belongs here: what needs Dagster's history or the key. What does not: what can be told from the
folder alone (doctor.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cdp_pipeline.operations.doctor import examine_folder
from cdp_pipeline.operations.finding import Finding, looked_at, not_looked_at
from cdp_pipeline.operations.monitor import look
from cdp_pipeline.operations.nights import MISSED, commands
from cdp_pipeline.operations.published import published_findings
from cdp_pipeline.orchestration.instance import dead_runs, open_instance, schedule_is_on
from cdp_pipeline.orchestration.schedules import starts
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.privacy.rotation import held_and_needed
from cdp_pipeline.project.project import Project

_NEW_HISTORY = "move the folder .dagster away: the next cdp run makes a new one, and no data is in it"


@contextmanager
def history(data: Path) -> Iterator[tuple[Any, list[Finding]]]:
    """Dagster's history, or None and the finding that says why it cannot be opened."""
    try:
        instance = open_instance(data)
    except Exception as error:  # noqa: BLE001  Dagster raises what its database does
        yield None, [not_looked_at("history of runs", error, _NEW_HISTORY)]
        return
    with instance:
        yield instance, []


def examine(
    instance: Any, project: Project, data: Path, exports: Path, now: datetime, pipeline: Pipeline | None = None
) -> list[Finding]:
    """Every finding, in the order in which somebody woken up asks: what is published, what runs, what is in the way.

    Without an `instance`, Dagster's history, nothing is said of runs. Never raises: what cannot be looked at is a finding.
    """
    return [
        *looked_at("nights", lambda: [_nights(instance, project, data, now)]),
        *looked_at("published state", lambda: published_findings(data, project, pipeline)),
        *(looked_at("schedule", lambda: [_schedule(instance, project, now)]) if instance else []),
        *(looked_at("dead runs", lambda: [_dead(instance)]) if instance else []),
        *examine_folder(data, project.settings),
        *looked_at("key", lambda: _keys(project, data, exports)),
    ]


def _nights(instance: Any, project: Project, data: Path, now: datetime) -> Finding:
    found = look(instance, project.settings, data, now)
    if found.published is None:
        return Finding("nights", "bad", "nothing is published yet", "cdp run")
    words = f"published as of {found.published}"
    missed = [night for night in found.nights if night.state in MISSED]
    if not missed:
        return Finding("nights", "ok", words)
    said = ", ".join(f"{night.day} {night.words}" for night in missed[-3:])
    return Finding("nights", "bad", f"{words}; {len(missed)} not published since: {said}", commands(missed))


def _schedule(instance: Any, project: Project, now: datetime) -> Finding:
    settings = project.settings
    coming = starts(settings.schedule, settings.zone, now, now + timedelta(days=400))
    following = f"{coming[0]:%Y-%m-%d %H:%M %Z}" if coming else "never"
    words = f"{settings.schedule} {settings.zone}, next at {following}"
    if schedule_is_on(instance):
        return Finding("schedule", "ok", f"{words}; on, while cdp ui runs")
    cure = "cron has to start cdp run; or switch it on under Automation of cdp ui"
    return Finding("schedule", "note", f"{words}; off in cdp ui", cure)


def _dead(instance: Any) -> Finding:
    dead = [run.run_id[:8] for run in dead_runs(instance)]
    if not dead:
        return Finding("dead runs", "ok", "none")
    words = f"{', '.join(dead)}: said to be at work, but the process is gone"
    return Finding("dead runs", "bad", words, "cdp nights marks them as failed and tells; then cdp run")


def _keys(project: Project, data: Path, exports: Path) -> list[Finding]:
    findings = []
    for state in held_and_needed(project.settings.key_env, data, exports):
        words = f"{state.fingerprint} {state.words}"
        if not state.is_well:
            wanted = state.exchanged_for or state.fingerprint
            cure = f"set {project.settings.key_env} to the key {wanted}; without it nothing can be continued"
            findings.append(Finding("key", "bad", words, cure))
        elif state.is_in_use or state.needed_by:
            findings.append(Finding("key", "ok", words))
        else:
            findings.append(Finding("key", "note", words, "delete it from .keys, or from the environment"))
    return findings or [Finding("key", "note", "none yet", "the first run makes one; back it up apart from the data")]
