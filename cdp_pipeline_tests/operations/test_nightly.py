"""A night as one function: what refuses it before its first step, in which order, and how it ended.

What belongs here: the frame around a run; in place of the nightly job a job of two steps runs on the real history.
What does not: what a night publishes (acceptance/), and the words of the command (cli/test_run.py).
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from datetime import date
from io import StringIO
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console

from cdp_pipeline.errors import BusyError, CdpError, GateError, InputError, KeyMismatchError, MachineError, ProjectError
from cdp_pipeline.operations import validation
from cdp_pipeline.operations.nightly import NightOutcome, publication_since, published_name, run_night
from cdp_pipeline.orchestration import instance as orchestration
from cdp_pipeline.orchestration.boundary import boundary
from cdp_pipeline.orchestration.instance import open_instance
from cdp_pipeline.orchestration.progress import Progress
from cdp_pipeline.pipeline import Pipeline
from cdp_pipeline.project.project import Project
from cdp_pipeline.project.shapes import Settings
from cdp_pipeline.publishing.snapshots import publish
from cdp_pipeline.run.lock import hold
from cdp_pipeline_tests.small_run import KEY, put, small_run

DAY = date(2026, 7, 1)
SETTINGS = Settings(name="test", key_env="CDP_KEY_OF_THESE_TESTS")


@dg.asset(key=["publish", "published"])
def published() -> dg.MaterializeResult:  # type: ignore[type-arg]
    """A night that publishes."""
    return dg.MaterializeResult(metadata={"snapshot": "20260701T023000-abcdefgh"})


@dg.asset(key=["publish", "published"])
def nothing() -> None:
    """A job that succeeds and publishes nothing."""


@dg.asset(key=["publish", "published"])
def refused() -> None:
    """A night that a gate stops."""
    with boundary("publish.published"):
        raise GateError("not published")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder as of 2026-06-30 and an empty drop zone; the project is said to be right."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("CDP_PROJECT", "")
    monkeypatch.setenv(SETTINGS.key_env, KEY.decode())
    monkeypatch.setattr(validation, "validate", lambda folder: (Project(folder, SETTINGS), Pipeline((), ())))
    run = small_run(tmp_path / "data")
    put(run, "profiles.customers", "select 'p1' as person_id")
    publish(run, [])
    (tmp_path / "exports").mkdir()
    return tmp_path


@pytest.fixture
def progress() -> Progress:
    """A listener whose lines nobody reads."""
    return Progress(Console(file=StringIO()))


def stands_in(monkeypatch: pytest.MonkeyPatch, asset: dg.AssetsDefinition) -> list[dict[str, str]]:
    """Let the run of a night be a job of this one asset; collects the config it is given."""
    configs: list[dict[str, str]] = []

    def start(instance, job, config, listen, tags):  # type: ignore[no-untyped-def]
        configs.append({**config, **tags, "job": job, "project": os.environ["CDP_PROJECT"]})
        definitions = dg.Definitions(
            assets=[asset], jobs=[dg.define_asset_job(job, executor_def=dg.in_process_executor)]
        )
        result = definitions.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=False)
        for entry in instance.all_logs(result.run_id):
            listen(entry)
        return instance.get_run_by_id(result.run_id)

    monkeypatch.setattr(orchestration, "start_run", start)
    return configs


def night(folder: Path, progress: Progress, day: date = DAY) -> NightOutcome:
    return run_night(folder / "exports", folder / "data", folder / "project", day, progress)


def test_a_published_night_says_what_it_published(
    folder: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job runs on these folders for this day; nobody has to be told of it."""
    configs = stands_in(monkeypatch, published)
    assert night(folder, progress) == NightOutcome("20260701T023000-abcdefgh", (), 0, ())
    (config,) = configs
    assert config["job"] == "nightly"
    assert (config["exports"], config["data"]) == (str(folder / "exports"), str(folder / "data"))
    assert (config["as_of"], config["cdp/as_of"], config["project"]) == (
        "2026-07-01",
        "2026-07-01",
        str(folder / "project"),
    )


def test_a_night_that_a_gate_stops_is_an_outcome(
    folder: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its lines, the exit code of what stopped it, and the run to tell of."""
    stands_in(monkeypatch, refused)
    outcome = night(folder, progress)
    assert (outcome.snapshot, outcome.failures, outcome.exit_code) == ("", ("not published",), GateError.exit_code)
    with open_instance(folder / "data") as instance:
        runs = {run.run_id: run.status for run in instance.get_runs()}
    (run_id,) = outcome.failed_runs
    assert runs[run_id] == dg.DagsterRunStatus.FAILURE


def test_a_run_that_publishes_nothing_is_no_success(
    folder: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever Dagster says of it: without a snapshot it ends with 1, and is told of."""
    stands_in(monkeypatch, nothing)
    outcome = night(folder, progress)
    assert (outcome.snapshot, outcome.exit_code, len(outcome.failed_runs)) == ("", CdpError.exit_code, 1)


def test_a_run_that_died_before_is_told_of_too(
    folder: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process is gone; a night that publishes does not make it unsaid."""

    @dg.job(name="nightly")
    def nightly() -> None:
        """A night of which only the history counts."""

    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    tags = {"cdp/pid": str(process.pid), "cdp/host": os.uname().nodename}
    with open_instance(folder / "data") as instance:
        dead = instance.create_run_for_job(nightly, status=dg.DagsterRunStatus.STARTED, tags=tags).run_id
    stands_in(monkeypatch, published)
    assert night(folder, progress).failed_runs == (dead,)
    stands_in(monkeypatch, published)
    assert night(folder, progress).failed_runs == ()


def test_what_refuses_a_night_leaves_no_run(folder: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch) -> None:
    """No drop zone, a mistake in the project, another run at work, a day gone by, a wrong key: in this order."""
    lock = hold(folder / "data")

    def mistaken(path: Path) -> None:
        raise ProjectError(f"{path}: a mistake")

    with monkeypatch.context() as patch:
        patch.setattr(validation, "validate", mistaken)
        (folder / "exports").rmdir()
        with pytest.raises(InputError, match=f"cdp demo --out {folder / 'exports'}"):
            night(folder, progress, date(2026, 6, 1))
        (folder / "exports").mkdir()
        with pytest.raises(ProjectError, match="project: a mistake"):
            night(folder, progress, date(2026, 6, 1))
    with pytest.raises(BusyError):
        night(folder, progress, date(2026, 6, 1))
    lock.release()
    with pytest.raises(GateError, match="history is not told backwards"):
        night(folder, progress, date(2026, 6, 1))
    monkeypatch.setenv(SETTINGS.key_env, "another key")
    with pytest.raises(KeyMismatchError):
        night(folder, progress)
    assert not (folder / "data" / ".dagster").exists()


@pytest.mark.parametrize("shows", [False, True])
def test_what_the_machine_says_is_said_with_what_is_published(
    folder: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch, shows: bool
) -> None:
    """The cure, and that the published state is as it was; in full where errors are shown."""
    monkeypatch.setenv("CDP_SHOW_ERRORS", "1" if shows else "")

    def full(instance, job, config, listen, tags):  # type: ignore[no-untyped-def]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(orchestration, "start_run", full)
    with pytest.raises(OSError if shows else MachineError) as error:
        night(folder, progress)
    if isinstance(error.value, MachineError):
        assert error.value.problems == (
            f"no space left on the disk ({folder / 'data'}): free some, and run again; cdp doctor says how much a run needs",
            "nothing was published; what was published before is as it was",
        )


def test_an_error_of_ours_is_not_taken_for_the_machines(
    folder: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody expected goes on as it is."""

    def broken(instance, job, config, listen, tags):  # type: ignore[no-untyped-def]
        raise ValueError("a mistake of ours")

    monkeypatch.setattr(orchestration, "start_run", broken)
    with pytest.raises(ValueError, match="a mistake of ours"):
        night(folder, progress)


def test_what_is_published_is_told_by_the_pointer_alone(folder: Path) -> None:
    """Its name before and after; a night that broke behind the swap has published all the same."""
    before = published_name(folder / "data")
    assert before.startswith("snapshots/")
    assert published_name(folder) == ""
    assert publication_since(folder / "data", before) == "nothing was published; what was published before is as it was"
    assert publication_since(folder / "data", "snapshots/earlier") == (
        f"published {before.removeprefix('snapshots/')}, whole; the rest is done by the next cdp run"
    )
