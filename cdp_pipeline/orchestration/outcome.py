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
class Ending:
    """What the events of one run say: blocking checks that failed (name -> failing rows), steps that failed."""

    checks: Mapping[str, int]
    failures: tuple[Failure, ...]

    @property
    def is_blocked(self) -> bool:
        """Whether it was a check, and nothing else, that kept the run from publication."""
        return all(failure.exit_code == GateError.exit_code for failure in self.failures) and bool(
            self.checks or self.failures
        )


def ending_of(entries: Iterable[Any]) -> Ending:
    """The ending of a run from its EventLogEntries."""
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
    return Ending(checks, tuple(failures))


def lines_of_failure(error: Any) -> list[str]:
    """The lines of a failure that the boundary raised, without the name of its class before them."""
    return re.sub(r"^[\w.]*Failure: ", "", str(error.message).strip()).splitlines()


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
            return Failure("", tuple(lines_of_failure(error)))
        return Failure("", (f"{error.cls_name} in the run",))
    said = str(event.message or "")
    return Failure("", (_GONE if "process is gone" in said else "the run failed",))
