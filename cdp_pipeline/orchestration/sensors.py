"""Sensors: new exports start a run; dead runs are marked as failed; nights that went wrong are told of."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import dagster as dg

from cdp_pipeline.orchestration.instance import bury_dead_runs
from cdp_pipeline.orchestration.resources import default_data, default_exports
from cdp_pipeline.orchestration.schedules import NIGHTLY
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Alerts


def new_exports_sensor(project: Project) -> dg.SensorDefinition:
    """Starts the nightly job when a complete export has come (done-marker, or quiet for 60 s).

    Off until switched on in the UI: the schedule is the default.
    """

    @dg.sensor(
        name="new_exports_sensor",
        job_name=NIGHTLY,
        minimum_interval_seconds=60,
        description="Runs the nightly job when exports have arrived",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        from cdp_pipeline.sources.arrivals import ready_files

        before = set(json.loads(context.cursor or "[]"))
        ready = ready_files(default_exports(default_data()), project.sources)
        new = sorted(set(ready) - before)
        if not new:
            return dg.SkipReason("no new export")
        context.update_cursor(json.dumps(sorted(ready)))
        return dg.RunRequest(run_key=f"{len(ready)}:{new[-1]}", tags={"cdp/new_exports": str(len(new))})

    return sensor


def dead_run_sensor() -> dg.SensorDefinition:
    """A run killed by force stays "started" and would block the queue; this frees it."""

    @dg.sensor(
        name="dead_run_sensor",
        job_name=NIGHTLY,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Marks runs as failed whose process is gone",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        dead = bury_dead_runs(context.instance)
        return dg.SkipReason(f"{len(dead)} dead runs marked as failed")

    return sensor


def nights_sensor(alerts: Alerts, tell: Callable[[dg.DagsterInstance, Path], Sequence[str]]) -> dg.SensorDefinition:
    """Tells of runs that failed, were blocked, are late or did not start; each once, whoever started it.

    `tell` looks at the nights of a data folder; it gives back how they stand, and trouble with telling. It sees what
    happens while this UI runs. A machine that is down tells nobody: `cdp nights` is for that.
    """

    @dg.sensor(
        name="nights_sensor",
        job_name=NIGHTLY,
        minimum_interval_seconds=300,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells whoever project.yml names of nights that went wrong",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if not (alerts.command or alerts.webhook_env or alerts.email):
            return dg.SkipReason("project.yml names nobody to tell (alerts)")
        return dg.SkipReason("; ".join(tell(context.instance, default_data())))

    return sensor
