"""What became of a run of Dagster, in the words of an alert: causes, owners, cures.

What belongs here: reading the events of a run, and finding whose each failure is. What does not:
sending (alerts.py). Dagster's objects come in as they are, so that nothing here imports it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cdp_pipeline.errors import BusyError, CdpError, GateError, InputError, KeyMismatchError, ProjectError, place_of
from cdp_pipeline.operations.alerts import Alert, Cause, tell
from cdp_pipeline.pipeline import Pipeline, build_pipeline
from cdp_pipeline.project import Project, read_project
from cdp_pipeline.shapes import Settings
from cdp_pipeline.yaml_file import read_shape

_CURES: Mapping[int, str] = {
    ProjectError.exit_code: "correct the files of the project that are named",
    InputError.exit_code: "deliver the file again, or correct its source; `reason` in raw.files says why",
    GateError.exit_code: "see the checks named here; cdp ui shows them on their table",
    BusyError.exit_code: "wait for the other run; cdp doctor says whether it is alive",
    KeyMismatchError.exit_code: "give the run the key the data was made with; cdp key check says which",
}
_UNKNOWN = "look at the run in cdp ui; cdp doctor looks for a full disk, dead runs and leftovers"
_OPERATOR_FIXES = {BusyError.exit_code, KeyMismatchError.exit_code}


@dataclass(frozen=True)
class Failure:
    """A step that failed: its key in Dagster, the lines kept of its error, and the exit code it asks for."""

    step: str
    lines: tuple[str, ...]
    exit_code: int = 1


@dataclass(frozen=True)
class Outcome:
    """What the events of one run say: blocking checks that failed (name -> failing rows), steps that failed."""

    checks: Mapping[str, int]
    failures: tuple[Failure, ...]

    @property
    def is_blocked(self) -> bool:
        """Whether it was a check, and nothing else, that kept the run from publication."""
        return all(failure.exit_code == GateError.exit_code for failure in self.failures) and bool(
            self.checks or self.failures
        )


def outcome_of(entries: Iterable[Any]) -> Outcome:
    """The outcome of a run from its EventLogEntries."""
    checks: dict[str, int] = {}
    failures: list[Failure] = []
    for entry in entries:
        event = entry.dagster_event
        kind = event.event_type_value if event else ""
        if kind == "ASSET_CHECK_EVALUATION":
            said = event.event_specific_data
            if not said.passed and said.severity.value == "ERROR":
                rows = said.metadata.get("failing_rows")
                checks[said.check_name] = int(rows.value) if rows is not None else 0
        elif kind == "STEP_FAILURE":
            failure = _failure(event)
            failures += [failure] if failure else []
        elif kind in ("RUN_FAILURE", "PIPELINE_FAILURE") and not checks and not failures:
            failures.append(_of_the_run(event))
        elif kind in ("RUN_CANCELED", "PIPELINE_CANCELED"):
            failures.append(Failure("", ("it was stopped",)))
    return Outcome(checks, tuple(failures))


def alert_of_run(outcome: Outcome, run_id: str, night: str, project: Project, pipeline: Pipeline | None) -> Alert:
    """The alert of a run that did not publish; owners and cures are those that the project names."""
    causes = [*_check_causes(outcome, project, pipeline), *_step_causes(outcome, project, pipeline)]
    nobody = Cause("the run ended without a word", project.settings.alerts.owner, _UNKNOWN)
    return Alert(
        event=f"run:{run_id}",
        kind="blocked" if outcome.is_blocked else "failed",
        night=night,
        causes=tuple(causes) or (nobody,),
        next_step=f"cdp run --as-of {night}",
        run_id=run_id,
    )


def alert_of_refusal(error: Exception, night: str, settings: Settings) -> Alert:
    """The alert of a run that was refused before its first step; each attempt is an event of its own."""
    code = error.exit_code if isinstance(error, CdpError) else 1
    words = "; ".join(error.problems) if isinstance(error, CdpError) else place_of(error)
    cause = Cause(words, settings.alerts.owner, _CURES.get(code, _UNKNOWN))
    event = f"refused:{datetime.now(UTC).isoformat()}"
    return Alert(event, "did_not_start", night, (cause,), f"cdp run --as-of {night}")


@contextmanager
def told_when_refused(data: Path, folder: Path, night: str, say: Callable[[str], None]) -> Iterator[None]:
    """Tells of an error that stops a run before Dagster knows of it, and lets it pass; `say` takes trouble with telling."""
    try:
        yield
    except Exception as error:
        settings = settings_of(folder)
        for problem in tell(data, settings, alert_of_refusal(error, night, settings)):
            say(problem)
        raise


def readable(folder: Path) -> tuple[Project, Pipeline | None, tuple[str, ...]]:
    """The project, or as much of it as can be read: whom to tell must be known when the rest is broken."""
    try:
        project = read_project(folder)
        return project, build_pipeline(project), ()
    except CdpError as error:
        return Project(folder, settings_of(folder)), None, error.problems


def settings_of(folder: Path) -> Settings:
    """What project.yml says, whatever the other files of the project say; the defaults when it cannot be read."""
    path = folder / "project.yml"
    return (read_shape(path, Settings, []) if path.exists() else None) or Settings(name="unreadable")


def tell_of_run(instance: Any, run: Any, data: Path, project: Project, pipeline: Pipeline | None) -> list[str]:
    """Tell of a run of Dagster that failed, once; returns what went wrong with the telling."""
    outcome = outcome_of(instance.all_logs(run.run_id))
    return tell(data, project.settings, alert_of_run(outcome, run.run_id, night_of(run), project, pipeline))


def night_of(run: Any) -> str:
    """The day a run was for, from its tags or its config; `unknown` when neither says."""
    config = run.run_config.get("resources", {}).get("run", {}).get("config", {}) if run.run_config else {}
    return str(config.get("as_of") or run.tags.get("cdp/as_of") or "unknown")


def _failure(event: Any) -> Failure | None:
    data = event.event_specific_data
    known = getattr(data, "user_failure_data", None)
    error = getattr(data, "error", None)
    if known:
        code = (known.metadata or {}).get("exit_code")
        lines = tuple(str(known.description).splitlines())
        return Failure(str(event.step_key), lines, int(code.value) if code else 1)
    if error and "AssetCheck" in str(error.cls_name):  # the check itself is told of
        return None
    while error and error.cause:
        error = error.cause
    return Failure(str(event.step_key), (f"{error.cls_name if error else 'an error'} in {event.step_key}",))


def _of_the_run(event: Any) -> Failure:
    data = event.event_specific_data
    known = getattr(getattr(data, "first_step_failure_event", None), "event_specific_data", None)
    if known is None and (error := getattr(data, "error", None)):
        while error.cause:
            error = error.cause
        if str(error.cls_name).endswith("Failure"):  # it went through the boundary, so it may be shown
            return Failure("", tuple(str(error.message).strip().splitlines()))
        return Failure("", (f"{error.cls_name} in the run",))
    said = str(event.message or "")
    return Failure("", ("its process is gone" if "process is gone" in said else "the run failed",))


def _check_causes(outcome: Outcome, project: Project, pipeline: Pipeline | None) -> list[Cause]:
    known = {check.name: check for check in (*pipeline.checks, *pipeline.candidate_checks)} if pipeline else {}
    causes = []
    for name, rows in sorted(outcome.checks.items()):
        check = known.get(name)
        extent = f" on {rows} rows" if rows else ""
        what = f"check {name} failed{extent}" + (f" of {check.asset}" if check else "")
        owner = check.owner if check and check.owner else project.settings.alerts.owner
        causes.append(Cause(what, owner, check.fix if check and check.fix else _CURES[GateError.exit_code]))
    return causes


def _step_causes(outcome: Outcome, project: Project, pipeline: Pipeline | None) -> list[Cause]:
    owners = {name.replace(".", "__"): table.owner for name, table in pipeline.tables.items()} if pipeline else {}
    causes = []
    for failure in outcome.failures:
        if failure.exit_code == GateError.exit_code and outcome.checks:
            continue  # the gate repeats what the checks said
        owner = "" if failure.exit_code in _OPERATOR_FIXES else owners.get(re.sub("^check_", "", failure.step), "")
        where = f"{failure.step.replace('__', '.')}: " if failure.step else ""
        what = where + "; ".join(dict.fromkeys(failure.lines))
        fix = _CURES.get(failure.exit_code, _UNKNOWN)
        causes.append(Cause(what, owner or project.settings.alerts.owner, fix))
    return causes
