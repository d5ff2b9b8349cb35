"""Sensors: newly arrived exports start a run; runs whose process is gone are marked as failed."""

import json

import dagster as dg

from cdp_pipeline.instance import bury_dead_runs
from cdp_pipeline.project import Project
from cdp_pipeline.resources import default_data, default_exports
from cdp_pipeline.schedules import NIGHTLY


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

        seen = set(json.loads(context.cursor or "[]"))
        ready = ready_files(default_exports(default_data()), project.sources)
        new = sorted(set(ready) - seen)
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
