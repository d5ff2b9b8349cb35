"""The jobs of the project, the nightly schedule, and the moments it names."""

from datetime import datetime

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._utils.schedules import cron_string_iterator

from cdp_pipeline.project.project import Project

NIGHTLY = "nightly"
_DESCRIPTION = "Exports in, published profiles, segments, audiences and report out"


def nightly_job() -> UnresolvedAssetJobDefinition:
    """Everything, from the export files to publication; `cdp run` runs this same job."""
    return dg.define_asset_job(
        NIGHTLY,
        selection=dg.AssetSelection.all(),
        description=_DESCRIPTION,
        executor_def=dg.in_process_executor,
        tags={"dagster/max_runtime": str(6 * 3600)},
    )


def publish_job(project: Project) -> UnresolvedAssetJobDefinition:
    """From identity on: rebuild what a partial run left stale, and publish it."""
    return dg.define_asset_job(
        "rebuild_and_publish",
        selection=dg.AssetSelection.groups(*project.layers_from("identity"), "publish"),
        description="Rebuild every table from identity on, from what is staged, and publish",
        executor_def=dg.in_process_executor,
    )


def nightly_schedule(project: Project) -> dg.ScheduleDefinition:
    """Every night at the time and in the zone of project.yml; skipped while a run is at work."""

    @dg.schedule(
        name="nightly_schedule",
        job_name=NIGHTLY,
        cron_schedule=project.settings.schedule,
        execution_timezone=project.settings.zone,
        description=f"{_DESCRIPTION}, at {project.settings.schedule} {project.settings.zone}",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        busy = context.instance.get_runs(
            filters=dg.RunsFilter(job_name=NIGHTLY, statuses=[dg.DagsterRunStatus.STARTED]), limit=1
        )
        if busy:
            return dg.SkipReason("a run is at work")
        day = f"{context.scheduled_execution_time:%Y-%m-%d}"
        return dg.RunRequest(
            run_key=day, tags={"cdp/as_of": day}, run_config={"resources": {"run": {"config": {"as_of": day}}}}
        )

    return schedule


def starts(schedule: str, zone: str, since: datetime, until: datetime) -> list[datetime]:
    """The moments a cron line names after `since`, up to `until`, in `zone`: those at which Dagster starts a run."""
    moments = []
    for moment in cron_string_iterator(since.timestamp(), schedule, zone):
        if moment > until:
            break
        if moment > since:
            moments.append(moment)
    return moments
