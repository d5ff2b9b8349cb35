"""The Dagster instance of a data folder, and one run of the nightly job on it.

What belongs here: `DATA/.dagster` (made silent on first use), starting a run that the UI can
re-execute, dead runs. What does not: the job itself (definitions.py).
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.definitions.reconstruct import ReconstructableJob, ReconstructableRepository
from dagster._core.execution.api import execute_run
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

SILENT = """\
# No word about runs leaves this machine.
telemetry: {enabled: false}
nux: {enabled: false}
concurrency: {runs: {max_concurrent_runs: 1}}
run_monitoring: {enabled: true, poll_interval_seconds: 60}
retention:
  schedule: {purge_after_days: 90}
  sensor: {purge_after_days: {skipped: 7, failure: 30, success: 90}}
"""
MODULE = "cdp_pipeline.definitions"
LIVE = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING)


def open_instance(data: Path) -> dg.DagsterInstance:
    """The instance in `DATA/.dagster`, the same that the UI uses; history survives."""
    home = data.resolve() / ".dagster"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (home / "dagster.yaml").exists():
        (home / "dagster.yaml").write_text(SILENT)
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    return dg.DagsterInstance.from_config(str(home))


def bury_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs as failed whose process is gone; a run killed by force would block the queue for ever."""
    dead = []
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=list(LIVE))):
        pid = run.tags.get("cdp/pid")
        if pid and run.tags.get("cdp/host") == os.uname().nodename and not Path(f"/proc/{pid}").exists():
            instance.report_run_failed(run, message="its process is gone")
            dead.append(run.run_id)
    return dead


def start_run(
    instance: dg.DagsterInstance,
    job: str,
    resources: Mapping[str, Any],
    listen: Callable[[Any], None],
    tags: Mapping[str, str],
) -> dg.DagsterRun:
    """Run a job of definitions.py in this process, stored as the UI stores its own; returns the finished run."""
    repository = ReconstructableRepository(ModuleCodePointer(MODULE, "defs"))
    recon = ReconstructableJob(repository, job)
    definition = recon.get_definition()
    origin = RemoteJobOrigin(
        RemoteRepositoryOrigin(
            ManagedGrpcPythonEnvCodeLocationOrigin(
                LoadableTargetOrigin(module_name=MODULE, working_directory=str(Path.cwd())), MODULE
            ),
            "__repository__",
        ),
        job,
    )
    run = instance.create_run_for_job(
        job_def=definition,
        run_config={
            "resources": {"run": {"config": dict(resources)}},
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        },
        tags={**tags, "cdp/pid": str(os.getpid()), "cdp/host": os.uname().nodename},
        remote_job_origin=origin,
        job_code_origin=recon.get_python_origin(),
    )
    instance.add_event_listener(run.run_id, listen)
    execute_run(recon, run, instance)
    finished = instance.get_run_by_id(run.run_id)
    assert finished is not None
    return finished
