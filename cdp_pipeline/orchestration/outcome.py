"""What the events of one run of Dagster say: blocking checks that failed, steps that failed.

What belongs here: reading events. What does not: whose a failure is, and what to do (runs.py). Only
what went through the exception boundary is read, so nothing here can hold a value of a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cdp_pipeline.errors import GateError

_GONE = "its process is gone: killed by force, for want of memory (dmesg says so), or with the machine"


@dataclass(frozen=True)
class Failure:
    """A step that failed: its key in Dagster, the lines kept of its error, and the exit code it asks for."""

    step: str
    lines: tuple[str, ...]
    exit_code: int = 1


@dataclass(frozen=True)
class RunOutcome:
    """What the events of one run say: blocking checks that failed (name -> failing rows), steps that failed."""

    checks: Mapping[str, int]
    failures: tuple[Failure, ...]

    @property
    def is_blocked(self) -> bool:
        """Whether it was a check, and nothing else, that kept the run from publication."""
        return all(failure.exit_code == GateError.exit_code for failure in self.failures) and bool(
            self.checks or self.failures
        )


def outcome_of(entries: Iterable[Any]) -> RunOutcome:
    """The outcome of a run from its EventLogEntries."""
    checks: dict[str, int] = {}
    failures: list[Failure] = []
    for entry in entries:
        event = entry.dagster_event
        kind = event.event_type_value if event else ""
        if kind == "ASSET_CHECK_EVALUATION":
            evaluation = event.event_specific_data
            if not evaluation.passed and evaluation.severity.value == "ERROR":
                rows = evaluation.metadata.get("failing_rows")
                checks[evaluation.check_name] = int(rows.value) if rows is not None else 0
        elif kind == "STEP_FAILURE":
            failure = _failure(event)
            failures += [failure] if failure else []
        elif kind in ("RUN_FAILURE", "PIPELINE_FAILURE") and not checks and not failures:
            failures.append(_of_the_run(event))
        elif kind in ("RUN_CANCELED", "PIPELINE_CANCELED"):
            failures.append(Failure("", ("it was stopped",)))
    return RunOutcome(checks, tuple(failures))


def innermost(error: Any) -> Any:
    """What an error of Dagster began with."""
    while error.cause:
        error = error.cause
    return error


def lines_of_failure(error: Any) -> list[str]:
    """The lines of a failure that the boundary raised, without the name of its class before them; [] for any other.

    What went through the boundary may be shown; the text of anything else may quote a value.
    """
    if not str(error.cls_name).endswith("Failure"):
        return []
    return re.sub(r"^[\w.]*Failure: ", "", str(error.message).strip()).splitlines()


def _failure(event: Any) -> Failure | None:
    data = event.event_specific_data
    boundary = getattr(data, "user_failure_data", None)
    error = getattr(data, "error", None)
    if boundary:
        code = (boundary.metadata or {}).get("exit_code")
        lines = tuple(str(boundary.description).splitlines())
        return Failure(str(event.step_key), lines, int(code.value) if code else 1)
    if error and "AssetCheck" in str(error.cls_name):  # the check itself is told of
        return None
    name = innermost(error).cls_name if error else "an error"
    return Failure(str(event.step_key), (f"{name} in {event.step_key}",))


def _of_the_run(event: Any) -> Failure:
    data = event.event_specific_data
    step_data = getattr(getattr(data, "first_step_failure_event", None), "event_specific_data", None)
    if step_data is None and (error := getattr(data, "error", None)):
        error = innermost(error)
        return Failure("", tuple(lines_of_failure(error)) or (f"{error.cls_name} in the run",))
    return Failure("", (_GONE if "process is gone" in str(event.message or "") else "the run failed",))
