"""Everything `cdp doctor` looks at: the nights, what is published, Dagster's history, the folder, the key; `cdp check`.

What belongs here: what needs the project, Dagster's history or the key. What does not: what can be told from the
folder's files alone (findings.py), and digests (publishing/damage.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cdp_pipeline.errors import InputError
from cdp_pipeline.operations.findings import Finding, examine_folder, finding_of_error, try_to_look
from cdp_pipeline.operations.nights import MISSED, commands, look
from cdp_pipeline.orchestration.instance import dead_runs, open_instance, schedule_is_on
from cdp_pipeline.orchestration.schedules import starts
from cdp_pipeline.pipeline import Pipeline, build_pipeline
from cdp_pipeline.privacy.rotation import held_and_needed
from cdp_pipeline.project.project import Project, read_project
from cdp_pipeline.publishing.damage import damaged_files, damaged_tables
from cdp_pipeline.publishing.snapshots import snapshots
from cdp_pipeline.quality.candidate import evaluate_candidate
from cdp_pipeline.quality.checks import evaluate
from cdp_pipeline.run.lake import open_published, published_snapshot
from cdp_pipeline.run.manifest import Verdict

_NEW_HISTORY = "move the folder .dagster away: the next cdp run makes a new one, and no data is in it"
_SHOWN = 5
_MODEL = "identity/"
"""The match model: the one file beside the tables that a night takes over from the night before."""


@contextmanager
def history(data: Path) -> Iterator[tuple[Any, list[Finding]]]:
    """Dagster's history, or None and the finding that says why it cannot be opened."""
    try:
        instance = open_instance(data)
    except Exception as error:  # noqa: BLE001  Dagster raises what its database does
        yield None, [finding_of_error("history of runs", error, _NEW_HISTORY)]
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
        *try_to_look("nights", lambda: [_nights(instance, project, data, now)]),
        *try_to_look("published state", lambda: _published(data, project, pipeline)),
        *(try_to_look("schedule", lambda: [_schedule(instance, project, now)]) if instance else []),
        *(try_to_look("dead runs", lambda: [_dead(instance)]) if instance else []),
        *examine_folder(data, project.settings),
        *try_to_look("key", lambda: _keys(project, data, exports)),
    ]


def check_published(folder: Path, data: Path) -> dict[str, Verdict]:
    """What every check of the project in `folder` says about what is published in `data`, by its name.

    Raises InputError when nothing is published, or before tables came to the project that the checks read.
    """
    project = read_project(folder)
    pipeline, published = build_pipeline(project), open_published(project, data)
    reads = sorted({read for check in pipeline.checks for read in check.reads if read in pipeline.tables})
    missing = [read for read in reads if not published.path(read).exists()]
    if missing:
        raise InputError(f"published before {', '.join(missing)} came to {folder}; run cdp run")
    return evaluate(published, pipeline.checks) | evaluate_candidate(published, pipeline.candidate_checks)


def _nights(instance: Any, project: Project, data: Path, now: datetime) -> Finding:
    watch = look(instance, project.settings, data, now)
    if watch.published is None:
        return Finding("nights", "bad", "nothing is published yet", "cdp run")
    words = f"published as of {watch.published}"
    missed = [night for night in watch.nights if night.state in MISSED]
    if not missed:
        return Finding("nights", "ok", words)
    last = ", ".join(f"{night.day} {night.words}" for night in missed[-3:])
    return Finding("nights", "bad", f"{words}; {len(missed)} not published since: {last}", commands(missed))


def _published(data: Path, project: Project, pipeline: Pipeline | None) -> Iterator[Finding]:
    """One finding on the published state, none when nothing is published; reads every byte of it."""
    try:
        snapshot = published_snapshot(data)
        tables = damaged_tables(snapshot, project) if snapshot else []
    except InputError as error:
        words = str(error).partition(": ")[0]
        yield Finding("published state", "bad", words, _going_back(data, project))
        return
    if snapshot is None:
        return
    files = damaged_files(snapshot)
    damaged = [*tables, *files]
    if not damaged:
        yield Finding("published state", "ok", "every file is what was published")
        return
    more = f" and {len(damaged) - _SHOWN} more" if len(damaged) > _SHOWN else ""
    words = f"damaged, not what was published: {', '.join(damaged[:_SHOWN])}{more}"
    yield Finding("published state", "bad", words, _cure(data, project, pipeline, tables, files))


def _cure(data: Path, project: Project, pipeline: Pipeline | None, tables: Sequence[str], files: Sequence[str]) -> str:
    if set(tables) & _taken_over(tables, pipeline):
        return _going_back(data, project)
    if any(name.startswith(_MODEL) for name in files):
        return "cdp identity train, then cdp run: the match model is trained anew"
    audience = "; do not deliver the audience file" if any(name.startswith("activation/") for name in files) else ""
    return f"cdp run makes it anew from what is whole{audience}"


def _taken_over(tables: Sequence[str], pipeline: Pipeline | None) -> set[str]:
    """Those of `tables` that a run goes on from: what it makes from the others is not among them."""
    if pipeline is None:
        return set(tables)
    before = {read.removeprefix("previous.") for step in pipeline.steps for read in step.reads if "previous." in read}
    return {name for name in tables if name.startswith("raw.") or name in before or name not in pipeline.tables}


def _going_back(data: Path, project: Project) -> str:
    """The newest of the other states that is whole, by name; unchanged tables are one file in many states."""
    for state in snapshots(data):
        if not state.is_current and state.as_of and not damaged_tables(data / "snapshots" / state.id, project):
            return f"cdp rollback {state.id}, which is whole (as of {state.as_of}); then cdp run"
    return "no other state that is kept is whole: cdp restore COPY, a backup of the data folder; then cdp run"


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
            needed = state.exchanged_for or state.fingerprint
            cure = f"set {project.settings.key_env} to the key {needed}; without it nothing can be continued"
            findings.append(Finding("key", "bad", words, cure))
        elif state.is_in_use or state.needed_by:
            findings.append(Finding("key", "ok", words))
        else:
            findings.append(Finding("key", "note", words, "delete it from .keys, or from the environment"))
    return findings or [Finding("key", "note", "none yet", "the first run makes one; back it up apart from the data")]
