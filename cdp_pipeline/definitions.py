"""The table of contents: every asset, check, job, schedule and sensor of the project.

What belongs here: putting them together for Dagster. `STAGES` in pipeline.py gives the order.
The project folder is `dbt_like_sql`, or what CDP_PROJECT names.
"""

import os
from functools import partial
from pathlib import Path

import dagster as dg

from cdp_pipeline.operations.nights import tell_of_nights
from cdp_pipeline.operations.validation import validate
from cdp_pipeline.orchestration.assets import candidate_check_asset, check_asset, publishing_assets, step_asset
from cdp_pipeline.orchestration.resources import run_resource
from cdp_pipeline.orchestration.schedules import nightly_job, nightly_schedule, publish_job
from cdp_pipeline.orchestration.sensors import dead_run_sensor, new_exports_sensor, nights_sensor


def build_definitions(folder: Path) -> dg.Definitions:
    """All of `folder` as Dagster definitions; raises ProjectError with every mistake at once."""
    project, pipeline = validate(folder)
    assets = [step_asset(step, pipeline) for step in pipeline.steps]
    asset_checks = [check_asset(asset, checks) for asset, checks in pipeline.checks_across().items()]
    asset_checks.append(candidate_check_asset(pipeline))
    return dg.Definitions(
        assets=[*assets, *publishing_assets(pipeline)],
        asset_checks=asset_checks,
        jobs=[nightly_job(), publish_job(project)],
        schedules=[nightly_schedule(project)],
        sensors=[
            new_exports_sensor(project),
            dead_run_sensor(),
            nights_sensor(project.settings.alerts, partial(tell_of_nights, project, pipeline)),
        ],
        resources={"run": run_resource(project)},
        # The default starts a process per step, and pays every import again in each.
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads."""
    return build_definitions(Path(os.environ.get("CDP_PROJECT", "dbt_like_sql")))
