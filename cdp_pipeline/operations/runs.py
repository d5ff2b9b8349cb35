"""What became of a run of Dagster, in the words of an alert: causes, owners, cures.

What belongs here: finding whose each failure is, and telling. What does not: reading events
(orchestration/outcome.py), and sending (alerts.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cdp_pipeline.errors import (
    BusyError,
    CdpError,
    GateError,
    InputError,
    KeyMismatchError,
    MachineError,
    ProjectError,
    place_of,
)
from cdp_pipeline.operations.alerts import Alert, Cause, tell
from cdp_pipeline.operations.validation import readable, settings_of
from cdp_pipeline.orchestration.instance import night_of, open_instance
from cdp_pipeline.orchestration.outcome import RunOutcome, outcome_of
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Settings

_CURES: Mapping[int, str] = {
    ProjectError.exit_code: "correct the files of the project that are named",
    InputError.exit_code: "deliver the file again, or correct its source; `reason` in raw.files says why",
    GateError.exit_code: "see the checks named here; cdp ui shows them on their table",
    BusyError.exit_code: "wait for the other run; cdp doctor says whether it is alive",
    KeyMismatchError.exit_code: "give the run the key the data was made with; cdp key check says which",
    MachineError.exit_code: "do what it says of the machine; cdp doctor looks machine and folder over",
}
_UNKNOWN = "look at the run in cdp ui; cdp doctor looks for a full disk, dead runs and leftovers"
_OPERATOR_FIXES = {BusyError.exit_code, KeyMismatchError.exit_code, MachineError.exit_code}


def alert_of_run(outcome: RunOutcome, run_id: str, night: str, project: Project, pipeline: Pipeline | None) -> Alert:
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
def telling_of_refusal(data: Path, folder: Path, night: str, say: Callable[[str], None]) -> Iterator[None]:
    """Tells of an error that stops a run before Dagster knows of it, and lets it pass; `say` takes trouble with telling.

    Nobody is told when there is no data folder: then a command was mistyped, and no night was missed.
    """
    try:
        yield
    except Exception as error:
        if not data.is_dir():
            raise
        settings = settings_of(folder)
        for problem in tell(data, settings, alert_of_refusal(error, night, settings)):
            say(problem)
        raise


def tell_of_run(instance: Any, run: Any, data: Path, project: Project, pipeline: Pipeline | None) -> list[str]:
    """Tell of a run of Dagster that failed, once; returns what went wrong with the telling."""
    outcome = outcome_of(instance.all_logs(run.run_id))
    return tell(data, project.settings, alert_of_run(outcome, run.run_id, night_of(run), project, pipeline))


def tell_of_runs(run_ids: Iterable[str], data: Path, folder: Path) -> list[str]:
    """The same for runs by their ids, with as much of the project in `folder` as can be read."""
    project, pipeline, _ = readable(folder)
    with open_instance(data) as instance:
        runs = [run for run_id in run_ids if (run := instance.get_run_by_id(run_id))]
        return [problem for run in runs for problem in tell_of_run(instance, run, data, project, pipeline)]


def _check_causes(outcome: RunOutcome, project: Project, pipeline: Pipeline | None) -> list[Cause]:
    checks = {check.name: check for check in (*pipeline.checks, *pipeline.candidate_checks)} if pipeline else {}
    causes = []
    for name, rows in sorted(outcome.checks.items()):
        check = checks.get(name)
        extent = f" on {rows} rows" if rows else ""
        what = f"check {name} failed{extent}" + (f" of {check.asset}" if check else "")
        owner = check.owner if check and check.owner else project.settings.alerts.owner
        causes.append(Cause(what, owner, check.fix if check and check.fix else _CURES[GateError.exit_code]))
    return causes


def _step_causes(outcome: RunOutcome, project: Project, pipeline: Pipeline | None) -> list[Cause]:
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
