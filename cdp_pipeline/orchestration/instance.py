"""The Dagster instance of a data folder, and one run of the nightly job on it.

What belongs here: `DATA/.dagster` (made silent on first use), starting a run that the UI can
re-execute, the runs there were, dead runs. What does not: the job itself (definitions.py), what events say (outcome.py).
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.definitions.reconstruct import ReconstructableJob, ReconstructableRepository
from dagster._core.execution.api import execute_run
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from cdp_pipeline.project.days import spelled
from cdp_pipeline.run.whole_file import write_whole

SILENT = """\
# No word about runs leaves this machine.
telemetry: {enabled: false}
nux: {enabled: false}
concurrency: {runs: {max_concurrent_runs: 1}}
event_log_storage: {module: cdp_pipeline.orchestration.event_storage, class: KeptConnections, config: {home: {env: DAGSTER_HOME}}}
run_monitoring: {enabled: true, poll_interval_seconds: 60}
retention:
  schedule: {purge_after_days: 90}
  sensor: {purge_after_days: {skipped: 7, failure: 30, success: 90}}
"""
_STORAGE = "module: cdp_pipeline.orchestration.event_storage"
_EARLIER_STORAGE = "module: cdp_pipeline.event_storage"  # where a data folder of an earlier version looks for it
_EARLIEST = ("", "".join(line for line in SILENT.splitlines(keepends=True) if "event_storage" not in line))
"""No file, and one from before there was a storage of our own that nobody has changed: same history, opened otherwise."""
MODULE = "cdp_pipeline.definitions"
PUBLISHING = ("nightly", "rebuild_and_publish")  # the jobs of schedules.py
LIVE = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING)


@dataclass(frozen=True)
class Started:
    """A run that somebody or something started for a night; `ended` is None while it works."""

    run_id: str
    night: date
    began: datetime
    ended: datetime | None
    succeeded: bool


def open_instance(data: Path) -> dg.DagsterInstance:
    """The instance in `DATA/.dagster`, the same that the UI uses; history survives, for its owner's eyes."""
    os.umask(0o077)
    home = data.resolve() / ".dagster"
    home.mkdir(parents=True, exist_ok=True)
    if home.stat().st_mode & 0o777 != 0o700:
        home.chmod(0o700)
    settings = home / "dagster.yaml"
    before = settings.read_text(encoding="utf-8") if settings.exists() else ""
    text = SILENT if before in _EARLIEST else before.replace(_EARLIER_STORAGE, _STORAGE)
    if text != before:
        write_whole(settings, text, "dagster_yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    return dg.DagsterInstance.from_config(str(home))


def prepare_ui(data: Path, project: Path, port: int) -> list[str]:
    """Set this process up for the UI of a data folder; returns the command that it has to become."""
    open_instance(data).dispose()
    os.environ["CDP_PROJECT"] = str(project.resolve())
    os.environ["CDP_DATA"] = str(data.resolve())
    os.chdir(data)  # a .env in the working directory would lead Dagster to another history
    return [sys.executable, "-m", "dagster", "dev", "-m", MODULE, "-h", "127.0.0.1", "-p", str(port)]


def bury_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs as failed whose process is gone; a run killed by force would block the queue for ever."""
    dead = dead_runs(instance)
    for run in dead:
        instance.report_run_failed(run, message="its process is gone")
    return [run.run_id for run in dead]


def dead_runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Runs of this machine that are said to work, though their process is gone."""
    return [
        run
        for run in instance.get_runs(filters=dg.RunsFilter(statuses=list(LIVE)))
        if (pid := run.tags.get("cdp/pid"))
        and run.tags.get("cdp/host") == os.uname().nodename
        and not Path(f"/proc/{pid}").exists()
    ]


def started_runs(instance: dg.DagsterInstance, since: datetime, zone: str) -> list[tuple[Started, dg.DagsterRun]]:
    """Runs of the jobs that publish, made after `since`, newest first; one that names no day counts for its own day."""
    runs = []
    for record in instance.get_run_records(filters=dg.RunsFilter(created_after=since)):
        run = record.dagster_run
        if run.job_name not in PUBLISHING:
            continue
        began = record.create_timestamp.replace(tzinfo=UTC)
        try:
            night = date.fromisoformat(night_of(run))
        except ValueError:
            night = began.astimezone(ZoneInfo(zone)).date()
        ended = datetime.fromtimestamp(record.end_time, UTC) if record.end_time else began if run.is_finished else None
        runs.append((Started(run.run_id, night, began, ended, run.is_success), run))
    return runs


def night_of(run: Any) -> str:
    """The day a run was for, from its config or its tags, in its one spelling; `unknown` when neither says."""
    config = run.run_config.get("resources", {}).get("run", {}).get("config", {}) if run.run_config else {}
    return spelled(str(config.get("as_of") or run.tags.get("cdp/as_of") or "unknown"))


def schedule_is_on(instance: dg.DagsterInstance) -> bool:
    """Whether somebody has switched the nightly schedule on under "Automation" of the UI."""
    states = instance.all_instigator_state() if instance.schedule_storage else []
    return any(state.name == "nightly_schedule" and state.is_running for state in states)


def start_run(
    instance: dg.DagsterInstance,
    job: str,
    config: Mapping[str, Any],
    listen: Callable[[Any], None],
    tags: Mapping[str, str],
) -> dg.DagsterRun:
    """Run a job of definitions.py in this process, stored as the UI stores its own; returns the finished run.

    `config` is that of the resource `run` (resources.py); `listen` hears every event as it comes.
    """
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
            "resources": {"run": {"config": dict(config)}},
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        },
        tags={**tags, "cdp/pid": str(os.getpid()), "cdp/host": os.uname().nodename},
        remote_job_origin=origin,
        job_code_origin=recon.get_python_origin(),
    )
    instance.add_event_listener(run.run_id, listen)
    with _dagster_silent():
        execute_run(recon, run, instance)
    finished = instance.get_run_by_id(run.run_id)
    assert finished is not None
    return finished


@contextmanager
def _dagster_silent() -> Iterator[None]:
    """What Dagster writes beside its events, such as that it could not write one; the run's end says it in our words."""
    if os.environ.get("CDP_SHOW_ERRORS"):
        yield
        return
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
        yield
