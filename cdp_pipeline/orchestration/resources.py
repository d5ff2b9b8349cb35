"""The run as Dagster sees it: paths and day from the run config, one lock, one folder.

What belongs here: turning run config into a `Run` of a day that may be run, and holding the lock while it works. What
does not: the folder's content (lake.py) and the secret's rules (privacy/keys.py).
"""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from cdp_pipeline.errors import GateError
from cdp_pipeline.orchestration.boundary import boundary
from cdp_pipeline.privacy.keys import secret_key
from cdp_pipeline.privacy.replica import keep_copy
from cdp_pipeline.project.days import read_day
from cdp_pipeline.project.project import Project
from cdp_pipeline.publishing.snapshots import snapshots
from cdp_pipeline.publishing.unfinished import tidy
from cdp_pipeline.run.lake import Run, published_snapshot
from cdp_pipeline.run.lock import hold
from cdp_pipeline.run.manifest import read_manifest
from cdp_pipeline.run.run_folder import open_run

CONFIG = {
    "exports": dg.Field(str, default_value="", description="Folder of export files; empty: DATA/exports"),
    "data": dg.Field(
        str, default_value="", description="Folder of runs, snapshots and warehouses; empty: CDP_DATA, else data"
    ),
    "as_of": dg.Field(
        str, default_value="", description="Day of the run, YYYY-MM-DD; empty: today in the project's zone"
    ),
}


def run_resource(project: Project) -> dg.ResourceDefinition:
    """Yields the `Run` of a Dagster run; raises BusyError when another run holds the data folder."""

    @dg.resource(config_schema=CONFIG, description="Where a run reads and writes, and as of which day")
    def resource(context: dg.InitResourceContext) -> Iterator[Run]:
        config = context.resource_config
        data = Path(config["data"] or default_data()).resolve()
        exports = Path(config["exports"]).resolve() if config["exports"] else default_exports(data)
        root = context.run.root_run_id if context.run and context.run.root_run_id else (context.run_id or "unnamed")
        with boundary("run", data):
            lock = hold(data)
        try:
            with boundary("run", data):
                tidy(data)
                day = read_day(config["as_of"], "as_of", project.settings.zone)
                expect_onward(data, str(day))
                run = Run(
                    project=project,
                    exports=exports,
                    data=data,
                    as_of=day,
                    id=root,
                    key=secret_key(project.settings.key_env, data, exports),
                    published=published_snapshot(data),
                )
                open_run(run)
            yield run
        finally:
            lock.release()
            with boundary("register", data):
                keep_copy(data, project.settings.register_copy)

    return resource


def expect_onward(data: Path, night: str) -> None:
    """Raises GateError when a day after `night` is published: history is told in the order of the days.

    A run of an earlier day would leave out the withdrawals of the days in between, and write the account of
    identity and segments behind what stands there. InputError when the published state is damaged.
    """
    snapshot = published_snapshot(data)
    published = read_manifest(snapshot).as_of if snapshot else ""
    if published <= night:
        return
    earlier = next((s.id for s in snapshots(data) if s.as_of and s.as_of <= night), "")
    cure = (
        f"To make it up all the same, go back first: cdp rollback {earlier}, then cdp run --as-of each day from {night} on"
        if earlier
        else f"No state as of {night} or before is kept, so it can only be made up in another data folder (--data)"
    )
    raise GateError(
        f"{night} is not run: what is published is as of {published}, and history is not told backwards; the later "
        f"night has read the files of the earlier one. {cure}"
    )


def default_data() -> Path:
    """The data folder of this Dagster process: CDP_DATA, which `cdp ui` sets, else `data`."""
    return Path(os.environ.get("CDP_DATA", "data")).resolve()


def default_exports(data: Path) -> Path:
    """The drop zone of a data folder: CDP_EXPORTS, else its folder `exports`."""
    return Path(os.environ.get("CDP_EXPORTS", data / "exports")).resolve()
